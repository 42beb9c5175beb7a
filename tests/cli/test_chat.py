from __future__ import annotations

import io
import os
import signal
from dataclasses import replace

import pytest

from mtp_mlx.api import Message
from mtp_mlx.cli import chat as module
from mtp_mlx.cli.main import run
from mtp_mlx.errors import PromptTooLong
from mtp_mlx.host import Host
from tests.cli.scripted import ScriptedEngine

FOOTER = "61 tok/s · 50 % of 6 drafted accepted · τ 2.5 · 0.21 s to first token"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> ScriptedEngine:
    scripted = ScriptedEngine()
    monkeypatch.setattr(module, "load", lambda _: Host(scripted))  # type: ignore[arg-type]
    return scripted


def talk(monkeypatch: pytest.MonkeyPatch, *lines: str, options: tuple[str, ...] = ()) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines)))
    return run(["chat", *options])


def test_a_line_that_is_no_utf8_is_bad_usage(
    engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe = io.TextIOWrapper(io.BytesIO(b"caf\xe9\n"), encoding="latin-1")
    monkeypatch.setattr("sys.stdin", pipe)
    assert run(["chat"]) == 2
    assert "UTF-8" in capsys.readouterr().err
    assert engine.requests == []


def said(engine: ScriptedEngine, turn: int) -> list[tuple[str, str]]:
    prompt = engine.requests[turn].prompt
    return [(part.role, part.content) for part in prompt if isinstance(part, Message)]


def test_the_whole_history_is_sent_and_thoughts_are_not(
    engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert talk(monkeypatch, "hello", "", "again", options=("--system", "brief")) == 0
    reply = ("assistant", "two words")
    assert said(engine, 1) == [("system", "brief"), ("user", "hello"), reply, ("user", "again")]
    assert capsys.readouterr().out == f" hmmtwo words\n{FOOTER}\n" * 2


def test_commands_change_the_settings(
    engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    talk(
        monkeypatch,
        *(
            "/mtp 2",
            "a",
            "/mtp off",
            "/think on",
            "b",
            "/new",
            "c",
            "/system x y",
            "/think off",
            "d",
        ),
    )
    assert [request.mtp for request in engine.requests] == [2, "off", "off", "off"]
    assert [request.thinking for request in engine.requests] == [False, True, True, False]
    assert said(engine, 2) == [("user", "c")]
    assert said(engine, 3) == [("system", "x y"), ("user", "d")]


def test_every_turn_is_sampled_as_asked(
    engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("--presence-penalty", "1", "--logit-bias", "9=-100")
    talk(monkeypatch, "a", "b", options=options)
    laws = [request.sampling for request in engine.requests]
    wanted = replace(engine.pair.recommended, presence_penalty=1.0, logit_bias=((9, -100.0),))
    assert laws == [wanted] * 2


def test_commands_answer(
    engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    talk(monkeypatch, "/stats", "/help", "/mtp 12", "/nothing", "hello", "/stats")
    told = capsys.readouterr().out
    assert "No reply yet." in told
    assert "/mtp off|auto|0-8" in told
    assert "The switch is at auto." in told
    assert "There is no command /nothing." in told
    assert "acceptance_histogram     0 1 1 0\n" in told
    assert "prefill_tps              not measured\n" in told


def test_an_error_is_told_and_the_chat_goes_on(
    engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.failure = PromptTooLong("Too long.", "Be brief.")
    assert talk(monkeypatch, "hello", "/new") == 0
    told = capsys.readouterr()
    assert told.err == "mtp-mlx: Too long. Be brief.\n"
    assert told.out == "A new chat.\n"


def test_a_stopped_reply_is_kept(
    engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.meanwhile = lambda: os.kill(os.getpid(), signal.SIGINT)
    assert talk(monkeypatch, "hello", "again") == 0
    assert f"{FOOTER} · stopped\n" in capsys.readouterr().out
    # Only a thought had come, which is not sent back: as if never asked.
    assert said(engine, 1) == [("user", "again")]


def test_every_chat_draws_anew_unless_told(
    engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk(monkeypatch, "a", "b")
    talk(monkeypatch, "a")
    talk(monkeypatch, "a", options=("--seed", "3"))
    seeds = [request.seed for request in engine.requests]
    assert seeds[0] == seeds[1] != seeds[2]
    assert seeds[3] == 3
