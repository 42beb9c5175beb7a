"""The window is killed in mid-reply: what was stored a second before is there, and says so."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

from app.services.chat_store import open_store

WINDOW = """
    import sys
    from pathlib import Path
    from PySide6.QtWidgets import QApplication
    from app.engine.scripted import ScriptedWorker
    from app.program import Program
    from tests.app.helpers import HELLO, LOADED, round_of

    application = QApplication([])
    engine = ScriptedWorker()
    program = Program(engine, Path(sys.argv[1]), "light")
    program.start()
    engine.say(HELLO)
    engine.say(LOADED)
    chat = program.models.chat
    chat.send("Go")
    reply = engine.sent[-1].id
    program.window.composer.text.setPlainText("Half a thought")
    for said in range(1_000_000):
        engine.say(round_of(reply, said, [f"word{said} "]))
        application.processEvents()
        found = []
        program.store.run(lambda f: f.chats.load(chat.chat.id), program).then(found.append)
        program.store.wait()
        (kept,) = found
        print(len(kept.messages[1].text.split()), kept.draft == "Half a thought", flush=True)
"""


def test_killed_in_mid_reply_what_was_stored_is_there(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WINDOW), str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
    ) as child:
        assert child.stdout is not None
        stored, draft = 0, "False"
        seen: set[int] = set()
        try:
            while len(seen) < 3 or draft != "True":  # two saves at least after the first one
                number, draft = child.stdout.readline().split()
                stored = int(number)
                seen.add(stored)
        finally:
            child.kill()

    store = open_store(tmp_path / "chats.sqlite3")
    assert store.notice == ""
    (summary,) = store.chats()
    chat = store.load(summary.id)
    assert chat is not None
    assert chat.draft == "Half a thought"
    question, reply = chat.messages
    assert (question.text, reply.parent) == ("Go", question.id)
    words = reply.text.split()
    assert len(words) >= stored
    assert words == [f"word{number}" for number in range(len(words))]
    assert reply.reply is not None
    assert reply.reply.finish == "interrupted"
    assert [c.id for c in store.chats("word0")] == [summary.id]
    store.close()
