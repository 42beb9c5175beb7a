from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from mtp_mlx import api
from mtp_mlx.api import Message, RawText, Sampling, TokenIds
from mtp_mlx.cli import generate as module
from mtp_mlx.cli.main import run
from mtp_mlx.engine import Engine
from mtp_mlx.errors import OutOfMemory
from mtp_mlx.host import Host
from tests.cli.scripted import STATS, ScriptedEngine
from tests.support.replies import tiny_pair
from tests.support.shapes import UNIFIED_12B


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> ScriptedEngine:
    scripted = ScriptedEngine()
    monkeypatch.setattr(module, "load", lambda _: Host(scripted))  # type: ignore[arg-type]
    return scripted


def test_the_text_is_streamed_without_thoughts(
    engine: ScriptedEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["generate", "hello"]) == 0
    assert capsys.readouterr() == ("two words\n", "")


def test_json_is_one_object_with_every_number(
    engine: ScriptedEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["generate", "hello", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    stats = found.pop("stats")
    assert found == {
        "tokens": [9, 7, 8, 2],
        "text": "two words",
        "finish_reason": "stop",
        "reason": None,
        "prompt_tokens": 3,
        "reused_tokens": 1,
        "seed": 4,
    }
    assert stats.pop("rounds") == [
        {"depth": 3, "drafted": [7, 5, 6], "accepted": 1, "ms": 1.5, "reason": None},
        {"depth": 0, "drafted": [], "accepted": 0, "ms": 1.5, "reason": None},
    ]
    assert set(stats) == set(STATS.__dataclass_fields__)
    assert stats["prefill_tps"] is None


def test_without_a_tokenizer_there_are_ids_and_no_text(
    engine: ScriptedEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.tokenizer = None
    file = tmp_path / "ids.json"
    file.write_text("[2, 3]")
    assert run(["generate", "--prompt-ids", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["text"] is None
    assert run(["generate", "--prompt-ids", str(file)]) == 0
    assert capsys.readouterr().out.split() == ["9", "7", "8", "2"]
    assert engine.requests[0].prompt == (TokenIds((2, 3)),)


def test_a_prompt_becomes_messages(engine: ScriptedEngine) -> None:
    run(["generate", "hello", "--system", "be brief", "--mtp", "2", "--seed", "5"])
    request = engine.requests[0]
    system, user = Message(role="system", content="be brief"), Message(role="user", content="hello")
    assert request.prompt == (system, user)
    assert (request.mtp, request.seed, request.max_tokens) == (2, 5, 2048)


def test_raw_prompts_are_encoded_as_they_are(engine: ScriptedEngine) -> None:
    run(["generate", "--raw", "one two"])
    assert engine.requests[0].prompt == (RawText("one two"),)


def test_raw_prompts_need_a_tokenizer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = Engine(tiny_pair(tmp_path, UNIFIED_12B))
    monkeypatch.setattr(module, "load", lambda _: Host(real))
    assert run(["generate", "--raw", "one"]) == 2
    assert "--prompt-ids" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "sampling"),
    [
        ([], Sampling(temperature=1.0, top_k=64, top_p=0.95)),
        (["--temperature", "0"], Sampling(temperature=0.0, top_k=64, top_p=0.95)),
        (["--top-k", "0", "--min-p", "0.1"], Sampling(temperature=1.0, top_p=0.95, min_p=0.1)),
        (
            ["--presence-penalty", "-0.5", "--logit-bias", "7=-3", "--logit-bias", "0=1.5"],
            Sampling(
                temperature=1.0,
                top_k=64,
                top_p=0.95,
                presence_penalty=-0.5,
                logit_bias=((7, -3.0), (0, 1.5)),
            ),
        ),
    ],
)
def test_options_stand_in_for_what_the_model_recommends(
    engine: ScriptedEngine, options: list[str], sampling: Sampling
) -> None:
    run(["generate", "hello", *options])
    assert engine.requests[0].sampling == sampling


def test_every_option_reaches_the_loader(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[api.Load] = []

    def load(request: api.Load) -> Host:
        asked.append(request)
        return Host(ScriptedEngine())  # type: ignore[arg-type]

    monkeypatch.setattr(module, "load", load)
    run(["generate", "x"])
    names = ["--target", "a/b", "--drafter", "c/d"]
    run(["generate", "x", *names, "--dtype", "float16", "--draft-position", "anchor"])
    run(["generate", "x", "--no-drafter"])
    assert asked == [
        api.Load(target="demo"),
        api.Load(target="a/b", drafter="c/d", dtype="float16", draft_position="anchor"),
        api.Load(target="demo", use_drafter=False),
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["x", "--prompt-ids", "-"],
        ["x", "--drafter", "a", "--no-drafter"],
        ["x", "--raw", "--system", "s"],
        ["x", "--verify", "lossy"],
        ["x", "--temperature", "nan"],
        ["x", "--temperature", "inf"],
        ["x", "--temperature", "-0.5"],
        ["x", "--temperature", "warm"],
        ["x", "--top-k", "-1"],
        ["x", "--top-p", "0"],
        ["x", "--top-p", "1.5"],
        ["x", "--min-p", "-1"],
        ["x", "--repetition-penalty", "0"],
        ["x", "--repetition-penalty", "inf"],
        ["x", "--presence-penalty", "2.5"],
        ["x", "--presence-penalty", "-2.5"],
        ["x", "--presence-penalty", "nan"],
        ["x", "--logit-bias", "7"],
        ["x", "--logit-bias", "7="],
        ["x", "--logit-bias", "=1"],
        ["x", "--logit-bias", "the=1"],
        ["x", "--logit-bias", "-7=1"],
        ["x", "--logit-bias", "7=1=2"],
        ["x", "--logit-bias", "7=nan"],
        ["x", "--logit-bias", "7=101"],
        ["x", "--logit-bias", "\u0663=1"],
        ["x", "--logit-bias", "7=1", "--logit-bias", "7=2"],
        ["x", "--max-tokens", "0"],
        ["x", "--seed", "-1"],
        ["x", "--mtp", "9"],
        ["x", "--mtp", "-1"],
        ["x", "--mtp", "\u0663"],
        ["x", "--mtp", "on"],
        ["x", "--dtype", "int4"],
        ["x", "--draft-position", "first"],
        ["x", "--prompt-ids", "/no/such/file"],
        ["x", "y"],
        ["x", "--no-such-option"],
    ],
)
def test_bad_usage_is_one_line_and_exit_code_2(
    engine: ScriptedEngine, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["generate", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert told.err.startswith("mtp-mlx: ")
    assert engine.requests == []


@pytest.mark.parametrize(
    "content",
    ["", "{", '{"a": 1}', "[1.5]", "[true]", '["1"]', "[-1]", "[" * 10_000, "\udcff", "[1e400]"],
)
def test_a_file_that_holds_no_ids_is_told(
    engine: ScriptedEngine, tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "ids.json"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert run(["generate", "--prompt-ids", str(file)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert engine.requests == []


def test_a_failure_is_one_line_and_exit_code_1(
    engine: ScriptedEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.failure = OutOfMemory("No room.", "Close something.")
    assert run(["generate", "x"]) == 1
    assert capsys.readouterr().err == "mtp-mlx: No room. Close something.\n"


def test_a_surprise_is_one_line_too(
    engine: ScriptedEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.failure = ZeroDivisionError("division\nby zero")
    assert run(["generate", "x"]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "Unexpected ZeroDivisionError: division by zero" in told


def test_a_surprise_can_be_traced(
    engine: ScriptedEngine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MTP_MLX_TRACEBACK", "1")
    engine.failure = ZeroDivisionError()
    assert run(["generate", "x"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_keeps_what_was_written(
    engine: ScriptedEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGINT)
    engine.meanwhile = lambda: os.kill(os.getpid(), signal.SIGINT)
    assert run(["generate", "x", "--json"]) == 130
    found = json.loads(capsys.readouterr().out)
    assert (found["finish_reason"], found["tokens"]) == ("cancelled", [9])
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_leaves_at_once(
    engine: ScriptedEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    def twice() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    engine.meanwhile = twice
    assert run(["generate", "x", "--json"]) == 130
    assert capsys.readouterr() == ("", "mtp-mlx: Interrupted.\n")


def test_the_prompt_can_come_from_a_pipe(
    engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.read", lambda: "piped words", raising=False)
    run(["generate", "-"])
    assert engine.requests[0].prompt == (Message(role="user", content="piped words"),)


@pytest.mark.parametrize(
    ("mtp", "told"),
    [("3", True), ("1", True), ("0", False), ("off", False), ("auto", False)],
)
def test_drafts_that_cannot_come_are_told(
    engine: ScriptedEngine, mtp: str, told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Auto promises nothing, so only its JSON says why."""
    engine.no_drafter = "its drafter could not be fetched."
    assert run(["generate", "x", "--mtp", mtp, "--json"]) == 0
    output = capsys.readouterr()
    words = "its drafter could not be fetched"
    assert output.err == (f"mtp-mlx: Nothing was drafted: {words}.\n" if told else "")
    asked = mtp not in ("0", "off")
    assert json.loads(output.out)["reason"] == (words if asked else None)


def broken(*_: object) -> str:
    raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")


def test_input_that_is_no_utf8_is_bad_usage(
    engine: ScriptedEngine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin.read", broken, raising=False)
    assert run(["generate", "-"]) == 2
    ids = tmp_path / "ids.json"
    ids.write_bytes(b"[1, \xff]")
    assert run(["generate", "--prompt-ids", str(ids)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "UTF-8" in lines[0]
    assert engine.requests == []


@pytest.mark.parametrize(
    "arguments",
    [("\udcff",), ("x", "--system", "a\udce9b"), ("x", "--target", "models/\udcff")],
    ids=["prompt", "system", "target"],
)
def test_arguments_that_are_no_utf8_are_bad_usage(
    arguments: tuple[str, ...], engine: ScriptedEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["generate", *arguments]) == 2
    assert "UTF-8" in capsys.readouterr().err
    assert engine.requests == []


def test_a_terminal_sees_the_numbers(
    engine: ScriptedEngine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert run(["generate", "x"]) == 0
    assert capsys.readouterr().err == (
        "61 tok/s · 50 % of 6 drafted accepted · τ 2.5 · 0.21 s to first token\n"
    )


def test_a_profile_tells_where_the_time_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a real pair, for the parts must be those of real rounds; the text stays the same."""
    real = Engine(tiny_pair(tmp_path, UNIFIED_12B))
    monkeypatch.setattr(module, "load", lambda _: Host(real))
    ids = tmp_path / "ids.json"
    ids.write_text("[5, 17, 300, 42]")
    options = ["generate", "--prompt-ids", str(ids), "--max-tokens", "20", "--json"]
    assert run([*options, "--mtp", "2"]) == 0
    plain = capsys.readouterr()
    assert run([*options, "--mtp", "2", "--profile"]) == 0
    profiled = capsys.readouterr()
    assert json.loads(profiled.out)["tokens"] == json.loads(plain.out)["tokens"]
    assert plain.err == ""
    shares = [int(line.split()[-2]) for line in profiled.err.splitlines() if line.endswith(" %")]
    assert len(shares) == 6
    assert sum(shares) == pytest.approx(100, abs=3)
    assert "drafting rounds, mean K" in profiled.err
    assert run([*options, "--mtp", "off", "--profile"]) == 0
    assert "19 plain steps" in capsys.readouterr().err
