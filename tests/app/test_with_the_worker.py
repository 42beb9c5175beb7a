"""The window on the real worker and the pair that ships with it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest
from pytestqt.qtbot import QtBot

from app.__main__ import worker_command
from app.domain.conversation import Chat, Died
from app.domain.numbers import MEASURED_TOKENS, numbers_of, tally_of
from app.domain.settings import ReplySettings
from app.engine.state import Ready
from app.engine.worker import WorkerProcess
from app.program import Program
from app.viewmodels.compare.compare import verdict
from app.viewmodels.reports.bench_run import Choice
from mtp_mlx.api import Sampling
from mtp_mlx.paths import resources
from mtp_mlx.report.saving import load
from tests.app.conftest import settle

PATIENCE_MS = 60_000
NOT_TRAINED = not (resources() / "demo_pair" / "target" / "model.safetensors").exists()
pytestmark = [
    pytest.mark.mlx,
    pytest.mark.skipif(NOT_TRAINED, reason="the built-in pair is not there"),
]


@pytest.fixture
def program(qtbot: QtBot, tmp_path: Path) -> Iterator[Program]:
    program = Program(WorkerProcess(worker_command()), tmp_path, "light")
    qtbot.addWidget(program.window)
    program.start()
    qtbot.waitUntil(lambda: isinstance(program.engine.state, Ready), timeout=PATIENCE_MS)
    yield program
    program.close()


def test_a_reply_with_the_switch_turned_in_its_middle(qtbot: QtBot, program: Program) -> None:
    chat, mtp = program.models.chat, program.models.mtp
    mtp.choose(3)
    seen: list[str] = []
    mtp.effect_changed.connect(lambda effect: seen.append(effect.text))
    assert chat.send("What is speculative decoding?")
    qtbot.waitUntil(lambda: "drafting, K 3" in seen, timeout=PATIENCE_MS)
    mtp.turn(on=False)
    qtbot.waitUntil(lambda: not chat.writing, timeout=PATIENCE_MS)
    message = chat.messages.at(1)
    reply = message.reply
    assert reply is not None
    assert reply.stats is not None
    assert reply.mtp == 3
    assert [switch.mtp for switch in reply.switches] in ([], ["off"])
    texts = "".join(token.text for round_ in reply.rounds for token in round_.tokens)
    assert texts.lstrip("\n") == message.text
    assert sum(round_.drafted for round_ in reply.rounds) == reply.stats.draft_n
    assert sum(round_.accepted for round_ in reply.rounds) == reply.stats.draft_n_accepted
    assert tally_of(reply.rounds, reply.mtp, reply.switches).counts.acceptance.draft_n == (
        reply.stats.draft_n
    )
    assert reply.engine.versions["mlx"]


def test_a_reply_that_goes_on_in_the_background(qtbot: QtBot, program: Program) -> None:
    """The same seed, once watched and once left, with the switch turned in the open chat."""
    chat, mtp = program.models.chat, program.models.mtp
    chat.set_settings(ReplySettings(seed=3, max_tokens=120))
    question = "Tell me a story about a fox."
    chat.send(question)
    qtbot.waitUntil(lambda: not chat.writing, timeout=PATIENCE_MS)
    watched = chat.messages.at(1).text
    chat.new_chat()
    chat.take_settings_along()
    chat.send(question)
    left = chat.chat.id
    qtbot.waitUntil(lambda: chat.streaming.numbers.generated_tokens > 0, timeout=PATIENCE_MS)
    chat.new_chat()
    mtp.turn(on=False)
    qtbot.waitUntil(lambda: chat.written is None, timeout=PATIENCE_MS)
    program.models.chats.open(left)
    settle(program)
    reply = chat.messages.at(1)
    assert reply.text == watched
    assert reply.reply is not None
    assert reply.reply.stats is not None
    assert reply.reply.switches == ()
    assert mtp.wish.on


def test_stop_is_obeyed(qtbot: QtBot, program: Program) -> None:
    chat = program.models.chat
    chat.send("Count from 1 to 30.")
    qtbot.waitUntil(lambda: chat.streaming.numbers.generated_tokens > 0, timeout=PATIENCE_MS)
    chat.stop()
    qtbot.waitUntil(lambda: not chat.writing, timeout=PATIENCE_MS)
    reply = chat.messages.at(1).reply
    assert reply is not None
    assert reply.finish in {"cancelled", "finished"}


@pytest.mark.slow
def test_killed_in_mid_reply_it_comes_back(qtbot: QtBot, program: Program) -> None:
    chat = program.models.chat
    chat.send("What is speculative decoding?")
    qtbot.waitUntil(lambda: chat.streaming.numbers.generated_tokens > 0, timeout=PATIENCE_MS)
    (worker,) = psutil.Process().children()
    os.kill(worker.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: not chat.writing, timeout=PATIENCE_MS)
    message = chat.messages.at(1)
    assert message.text
    assert message.reply is not None
    assert isinstance(message.reply.finish, Died)
    assert message.reply.finish.text.startswith("was ended by the system")
    assert program.window.banner.isVisible()
    qtbot.waitUntil(lambda: isinstance(program.engine.state, Ready), timeout=PATIENCE_MS)
    assert chat.regenerate()
    qtbot.waitUntil(lambda: not chat.writing, timeout=PATIENCE_MS)
    again = chat.messages.at(1)
    assert again.reply is not None
    assert again.reply.finish in {"finished", "length"}


def ask(qtbot: QtBot, program: Program, question: str) -> None:
    assert program.models.chat.send(question)
    qtbot.waitUntil(lambda: not program.models.chat.obstacle, timeout=PATIENCE_MS)


def test_branches_and_what_the_engine_reads_again(qtbot: QtBot, program: Program) -> None:
    """With the seed of the first the text is the same: MTP changes the speed alone."""
    chat = program.models.chat
    ask(qtbot, program, "What is speculative decoding?")
    first = chat.messages.at(1)
    assert chat.regenerate(first.id, "mtp_off")
    qtbot.waitUntil(lambda: not chat.obstacle, timeout=PATIENCE_MS)
    second = chat.messages.at(1)
    assert second.id != first.id
    assert second.text == first.text
    assert second.reply is not None
    assert second.reply.stats is not None
    assert second.reply.stats.draft_n == 0
    assert second.reply.reused_tokens == second.reply.prompt_tokens - 1
    assert chat.edit(chat.messages.at(0).id, "Tell me a story about a fox.")
    qtbot.waitUntil(lambda: not chat.obstacle, timeout=PATIENCE_MS)
    assert chat.messages.at(1).text not in {"", first.text}
    chat.branches.show_sibling(chat.messages.at(0).id, -1)
    assert chat.messages.at(1) == second
    found: list[Chat | None] = []
    program.store.run(lambda folder: folder.chats.load(chat.chat.id), program).then(found.append)
    assert program.store.wait()
    (stored,) = found
    assert stored is not None
    assert len(stored.messages) == 5


def test_a_reply_cut_off_is_continued_to_what_it_would_have_been(
    qtbot: QtBot, program: Program
) -> None:
    chat = program.models.chat
    settings = ReplySettings(sampling=Sampling(temperature=1.0, top_k=64, top_p=0.95), seed=3)
    chat.set_settings(msgspec.structs.replace(settings, max_tokens=40))
    ask(qtbot, program, "What is speculative decoding?")
    whole = chat.messages.at(1).text
    chat.set_settings(msgspec.structs.replace(settings, max_tokens=16))
    assert chat.regenerate()
    qtbot.waitUntil(lambda: not chat.obstacle, timeout=PATIENCE_MS)
    part = chat.messages.at(1)
    assert part.reply is not None
    assert part.reply.finish == "length"
    assert whole.startswith(part.text)
    chat.set_settings(msgspec.structs.replace(settings, max_tokens=24))
    assert chat.continue_reply()
    qtbot.waitUntil(lambda: not chat.obstacle, timeout=PATIENCE_MS)
    joined = chat.messages.at(1)
    assert joined.id == part.id
    assert joined.text == whole
    assert joined.reply is not None
    assert joined.reply.stats is not None
    assert joined.reply.stats.generated_tokens == 40


def test_an_attached_file_is_counted_and_read(
    qtbot: QtBot, program: Program, tmp_path: Path
) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("The fox is called Renard.\n")
    composing = program.models.composing
    composing.attach([notes])
    settle(program)
    qtbot.waitUntil(
        lambda: all(file.tokens for file in composing.attachments.values()), timeout=PATIENCE_MS
    )
    (file,) = composing.attachments.values()
    assert file.tokens is not None
    assert file.tokens < len(file.text)
    composing.write("What is the fox called?")
    assert composing.send()
    qtbot.waitUntil(lambda: not program.models.chat.obstacle, timeout=PATIENCE_MS)
    reply = program.models.chat.messages.at(1).reply
    assert reply is not None
    assert reply.prompt_tokens > file.tokens


@pytest.mark.slow
def test_one_prompt_compared_with_and_without_mtp(qtbot: QtBot, program: Program) -> None:
    compare = program.models.compare
    program.models.mtp.choose(3)
    program.models.chat.set_settings(ReplySettings(sampling=Sampling(temperature=1.0), seed=5))
    assert compare.begin("What is speculative decoding?")
    qtbot.waitUntil(lambda: not compare.state.running, timeout=PATIENCE_MS)
    result = compare.state.result
    assert result is not None, compare.state.note
    assert result.whole
    assert result.parting is None
    assert result.compared > MEASURED_TOKENS
    assert (result.off.seed, result.on.seed) == (5, 5)
    assert numbers_of(result.off).draft_n == 0
    assert numbers_of(result.on).draft_n > 0
    assert result.off.reused_tokens == result.on.reused_tokens > 0  # both after the warm-up
    assert result.speed_up is not None
    assert len(program.models.chat.messages) == 0
    assert verdict(result).texts.startswith("Same text, token for token")


@pytest.mark.slow
def test_a_benchmark_that_is_stopped_is_a_report(
    qtbot: QtBot, program: Program, tmp_path: Path
) -> None:
    reports = program.models.reports
    assert reports.begin(Choice(modes=("off", 3), repeats=1, max_tokens=8))
    done: list[int] = []
    reports.changed.connect(lambda state: done.append(state.running.done if state.running else -1))
    qtbot.waitUntil(lambda: 2 in done or -1 in done, timeout=PATIENCE_MS)
    reports.stop()
    qtbot.waitUntil(lambda: reports.state.shown is not None, timeout=PATIENCE_MS)
    shown = reports.state.shown
    assert shown is not None
    assert [run.mode for run in shown.report.runs][:2] == ["off", 3]
    assert load(tmp_path / "reports" / (shown.name or "")) == shown.report
    assert program.models.chat.obstacle == ""
