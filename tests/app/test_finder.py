"""Started as the Finder starts it: in the root folder, without a shell's variables or files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from app.services.chat_store import open_store
from mtp_mlx.paths import data_folder

WINDOW = """
    import json, locale, os, sys
    from pathlib import Path
    from PySide6.QtCore import QTimer
    import app.__main__
    from app.engine.state import Dead, Ready
    from app.program import Program

    start, out = Program.start, Path(sys.argv[1])
    seen = {}

    def look(program):
        models, chat = program.models.models, program.models.chat
        over = isinstance(program.engine.state, Dead)
        if isinstance(program.engine.state, Ready) and models.state.is_listed:
            over = bool(chat.last_reply) and not chat.writing
            if not over and not chat.writing:
                chat.send("Grüße, wer bist du?")
        if over:
            seen["engine"] = type(program.engine.state).__name__
            seen["places"] = [place.title for place in models.state.places]
            seen["trouble"] = models.state.trouble
            program.window.close()

    def start_and_look(program):
        start(program)
        program.models.models.refresh()
        timer = QTimer(program, interval=50)
        timer.timeout.connect(lambda: look(program))
        timer.start()

    Program.start = start_and_look
    seen["code"] = app.__main__.main([])
    seen["files"] = [os.path.samestat(os.fstat(n), os.stat(os.devnull)) for n in range(3)]
    seen["encoding"] = [locale.getpreferredencoding(False), sys.getfilesystemencoding()]
    seen["folder"] = os.getcwd()
    out.write_text(json.dumps(seen), encoding="utf-8")
"""


def bare(home: Path) -> dict[str, str]:
    """Return the variables that the Finder gives a program, and those that this test needs."""
    needed = ("LD_PRELOAD", "OPENBLAS_NUM_THREADS", "COVERAGE_PROCESS_START")
    kept = {name: os.environ[name] for name in needed if name in os.environ}
    bare = {"HOME": str(home), "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}
    return bare | kept | {"QT_QPA_PLATFORM": "offscreen"}


def closed(*command: str) -> list[str]:
    """The command with its three standard files closed."""
    return ["/bin/sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', *command]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "Bücher und Töne"
    home.mkdir()
    return home


def test_the_window_and_its_engine_start_from_the_finder(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its engine answers, and what it wrote is kept under the user's home."""
    out = home / "seen.json"
    script = home / "window.py"
    script.write_text(textwrap.dedent(WINDOW), encoding="utf-8")
    command = closed(sys.executable, "-P", str(script), str(out))
    subprocess.run(command, cwd="/", env=bare(home), check=True, timeout=400)
    seen = json.loads(out.read_text(encoding="utf-8"))
    assert (seen["code"], seen["engine"], seen["trouble"]) == (0, "Ready", "")
    assert seen["files"] == [True] * 3, "a database with their numbers would get what is printed"
    assert [name.lower() for name in seen["encoding"]] == ["utf-8"] * 2
    assert seen["folder"] == "/"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv("MTP_MLX_DATA")
    store = open_store(data_folder() / "chats.sqlite3")
    (chat,) = store.chats()
    assert (chat.title or "").startswith("Grüße")
    store.close()
    log = (data_folder() / "log.txt").read_text(encoding="utf-8")
    assert "CRITICAL" not in log
    assert "ERROR" not in log


def test_the_command_line_ends_well_without_its_files(home: Path) -> None:
    for arguments, code in (["--version"], 0), (["generate"], 2), (["worker"], 0):
        command = closed(sys.executable, "-P", "-m", "mtp_mlx", *arguments)
        ended = subprocess.run(command, cwd="/", env=bare(home), check=False, timeout=200)
        assert ended.returncode == code, arguments
