"""`mtp-mlx bench`: real runs of a tiny suite, a report on disk, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mtp_mlx.bench.estimate import Rates
from mtp_mlx.bench.prompts import load_suite
from mtp_mlx.cli import bench as module
from mtp_mlx.cli.main import run
from mtp_mlx.engine import Engine
from mtp_mlx.errors import TooBig, UsageError
from mtp_mlx.families.base import TrueShape
from mtp_mlx.host import Host
from mtp_mlx.loading import LoadedPair
from tests.app.services.schema import violations
from tests.report.samples import SCHEMA
from tests.support.random_pairs import random_tiny_pair
from tests.support.replies import tiny_pair
from tests.support.shapes import UNIFIED_12B

SUITE = {
    "name": "two",
    "prompts": [
        {"id": "a", "category": "code", "ids": [5, 17, 300]},
        {"id": "b", "category": "chat", "ids": [9, 8, 7]},
    ],
}


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    engine = Engine(tiny_pair(tmp_path / "pair", UNIFIED_12B))
    monkeypatch.setattr(module, "load", lambda _: Host(engine))
    file = tmp_path / "two.json"
    file.write_text(json.dumps(SUITE))
    return str(file)


def test_a_benchmark_is_a_table_and_a_report(
    suite: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report.json"
    options = ["--modes", "off,auto,2", "--repeats", "1", "--max-tokens", "6", "--out", str(out)]
    assert run(["bench", "--suite", suite, *options]) == 0
    document = json.loads(out.read_text())
    assert violations(document, SCHEMA, SCHEMA) == []
    made = [(one["mode"], one["prompt_id"], one["generated_tokens"]) for one in document["runs"]]
    assert made == [(mode, prompt, 6) for prompt in "ab" for mode in ("off", "auto", 2)]
    assert all(one["reused_tokens"] == 0 for one in document["runs"])
    assert all(one["identical"] for one in document["identity"]["comparisons"])
    told, log = capsys.readouterr()
    assert "Same text with and without MTP: 4 of 4, by prompt and mode" in told
    assert "K 2" in told
    lines = [line for line in log.splitlines() if " runs: " in line]
    assert [line.partition(":")[0] for line in lines] == [f"{i + 1} of 6 runs" for i in range(6)]
    speed = document["runs"][2]["decode_tps"]
    assert lines[2] == f"3 of 6 runs: a, K 2, repeat 1: {speed:.1f} tokens/s"


def test_prompts_are_measured_behind_contexts(
    suite: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report.json"
    options = ["--suite", suite, "--modes", "off,2", "--repeats", "1", "--max-tokens", "4"]
    assert run(["bench", *options, "--depth", "0,30,0", "--out", str(out)]) == 0
    document = json.loads(out.read_text())
    assert violations(document, SCHEMA, SCHEMA) == []
    made = [(one["context_tokens"], one["prompt_id"], one["mode"]) for one in document["runs"]]
    assert made == [(n, prompt, mode) for n in (0, 30) for prompt in "ab" for mode in ("off", 2)]
    assert [one["prompt_tokens"] for one in document["runs"]] == [3] * 4 + [33] * 4
    assert {one["reused_tokens"] for one in document["runs"]} == {0}
    assert document["settings"]["context_tokens"] == [0, 30]
    assert len(document["settings"]["context_sha256"]) == 64
    assert ", after 0, 30 tokens of context" in document["title"]
    assert {one["contexts"] for one in document["summary"]} == {2}
    by = [(one["context_tokens"], one["mode"], one["runs"]) for one in document["by_context"]]
    assert by == [(0, "off", 2), (0, 2, 2), (30, "off", 2), (30, 2, 2)]
    assert "without MTP: 4 of 4, by prompt, context and mode" in capsys.readouterr().out


def test_without_a_context_a_report_is_as_before(suite: str, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    options = ["--suite", suite, "--modes", "off", "--repeats", "1", "--max-tokens", "2"]
    assert run(["bench", *options, "--out", str(out)]) == 0
    document = json.loads(out.read_text())
    settings = document["settings"]
    assert (settings["context_tokens"], settings["context_sha256"]) == (None, None)
    assert document["by_context"] is None
    assert "after" not in document["title"]
    assert {one["context_tokens"] for one in document["runs"]} == {0}


@pytest.mark.parametrize(
    ("depth", "words"),
    [
        ("-1", "'-1' is no number of tokens"),
        ("1,,2", "'' is no number of tokens"),
        ("4k", "'4k' is no number of tokens"),
        ("\u0664", "is no number of tokens"),
        ("9" * 400, "is no number of tokens"),
        (",".join(map(str, range(9))), "9 contexts cannot be measured. Give 1 to 8"),
        ("0,4096", "that the model holds. Use --depth up to 4089, or fewer --max-tokens."),
        ("99999999", "that the model holds."),
    ],
)
def test_contexts_that_cannot_be_measured_are_refused(
    suite: str, depth: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["bench", "--suite", suite, "--max-tokens", "4", "--depth", depth]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert words in told.err
    assert len(told.err) < 310


def test_a_reply_that_leaves_no_context_is_refused(
    suite: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["bench", "--suite", suite, "--max-tokens", "4093", "--depth", "1"]) == 2
    assert "Use fewer --max-tokens, or leave --depth out." in capsys.readouterr().err


TABLE = (
    r"The built-in demo pair with MTP[^\n]*\n\n.*\n"
    r"all +[\d.]+ +[\d.]+\*? +\S+ +\S+ +\w.*\n"
    r"Same text with and without MTP: 1 of 1, by prompt and mode\n"
)
"""A title, a verdict, a row of numbers, whether the texts are the same."""


def test_the_built_in_pair_needs_nothing_but_a_prompt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "one.json"
    prompt = {"id": "a", "category": "chat", "text": "Tell me a story."}
    file.write_text(json.dumps({"name": "one", "prompts": [prompt]}))
    options = ["--modes", "off,2", "--repeats", "1", "--max-tokens", "6"]
    assert run(["bench", "--suite", str(file), *options]) == 0
    told = capsys.readouterr()
    assert re.match(TABLE, told.out, re.DOTALL)  # this machine may have a word to be said
    lines = told.err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["1 of 2 runs", "2 of 2 runs"]


def test_replayed_acceptance_is_told_and_reached(
    suite: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report.json"
    options = ["--modes", "off,2", "--repeats", "1", "--max-tokens", "20", "--out", str(out)]
    assert run(["bench", "--suite", suite, "--replay-acceptance", "1", *options]) == 0
    document = json.loads(out.read_text())
    assert document["title"].endswith(", drafts replayed at 100 % acceptance")
    assert [one["acceptance_rate"] for one in document["runs"]] == [None, 1.0, None, 1.0]


def test_a_shape_needs_no_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a miniature in place of the true size; drafts are replayed, or none would be right."""
    asked: dict[str, object] = {}

    def small(shape: TrueShape, **options: object) -> LoadedPair:
        asked.update(options, shape=shape.title)
        return random_tiny_pair()

    monkeypatch.setattr("mtp_mlx.loading.random_pair.pair_of", small)
    out = tmp_path / "report.json"
    options = ["--modes", "off,3", "--repeats", "1", "--max-tokens", "30", "--out", str(out)]
    shape = ["--shape", "31b", "--layers", "6", "--bits", "8", "--anyway"]
    assert run(["bench", *shape, *options]) == 0
    assert (asked["shape"], asked["bits"]) == ("31B with 6 of 60 layers", 8)
    assert asked["anyway"]
    document = json.loads(out.read_text())
    assert violations(document, SCHEMA, SCHEMA) == []
    assert document["settings"]["replay_acceptance"] == 0.8
    assert document["runs"][1]["draft_n_accepted"] > 0
    assert document["identity"] == {"measured": False, "comparisons": []}
    assert "drafts replayed at 80 % acceptance" in capsys.readouterr().out


def objects(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_program_is_told_each_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mtp_mlx.loading.random_pair.pair_of", lambda *_, **__: random_tiny_pair())
    out = tmp_path / "report.json"
    options = ["--modes", "off,3", "--repeats", "2", "--max-tokens", "30", "--out", str(out)]
    assert (
        run(["bench", "--shape", "e4b", "--replay-acceptance", "reported", "--json", *options]) == 0
    )
    told = objects(capsys)
    assert [line["phase"] for line in told] == [
        "loading", "hashing", "warming up", *["measuring"] * 4, "done"
    ]  # fmt: skip
    assert [line["done"] for line in told[3:7]] == [0, 1, 2, 3]
    assert told[6]["left_s"] > 0
    assert told[7]["saved"] == str(out)
    summary = {group["mode"]: group for group in told[7]["summary"]}
    assert summary.keys() == {"off", 3}
    assert summary[3]["decode_tps"] > 0
    document = json.loads(out.read_text())
    assert document["created"] == told[7]["created"]
    assert document["settings"]["replay_acceptance"] == pytest.approx(0.737, abs=1e-3)


def test_a_program_is_told_why_nothing_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def too_big(*_: object, **__: object) -> LoadedPair:
        raise TooBig("It needs 20.0 GB here.", "Close other programs.")

    monkeypatch.setattr("mtp_mlx.loading.random_pair.pair_of", too_big)
    assert run(["bench", "--shape", "31b", "--json"]) == 1
    told = objects(capsys)
    assert [line["phase"] for line in told] == ["loading", "failed"]
    assert (told[1]["message"], told[1]["remedy"]) == (
        "It needs 20.0 GB here.", "Close other programs."
    )  # fmt: skip


def test_an_estimate_makes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rates = Rates(read=1e9, drawn=1e9)
    monkeypatch.setattr("mtp_mlx.bench.estimate.rates_of", lambda _bits, _dtype: rates)
    options = ["--shape", "26b", "--modes", "off,auto", "--repeats", "2", "--estimate"]
    assert run(["bench", *options, "--json"]) == 0
    (judged,) = objects(capsys)
    assert judged["need"]["target"] > 14e9
    assert judged["need"]["total"] == sum(
        judged["need"][part] for part in ("target", "drafter", "kv", "scores", "margin")
    )
    assert judged["reported"]["pair"] == "26B-A4B"
    assert judged["seconds"] > 60
    assert run(["bench", *options]) == 0
    said = capsys.readouterr().out
    assert "Measuring it takes about" in said
    assert "spark-vllm-docker#343" in said


@pytest.mark.parametrize(
    "arguments",
    [
        ["--layers", "4"],
        ["--estimate"],
        ["--replay-acceptance", "reported"],
        ["--shape", "9b"],
        ["--shape", "e2b", "--target", "x"],
        ["--modes", "off,fast"],
        ["--replay-acceptance", "1.5"],
        ["--suite", "nowhere.json"],
        ["--out", "no/such/folder/report.json"],
    ],
)
def test_bad_usage(arguments: list[str], suite: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("written", ["", "[]", '{"name": "x", "prompts": []}', "{}", "\xff"])
def test_a_damaged_suite_is_refused(written: str, tmp_path: Path) -> None:
    file = tmp_path / "suite.json"
    file.write_bytes(written.encode("latin-1"))
    with pytest.raises(UsageError, match=r"suite\.json"):
        load_suite(str(file))


def test_the_quick_suite_has_a_prompt_a_category() -> None:
    suite = load_suite("quick")
    assert len({prompt.category for prompt in suite.prompts}) == len(suite.prompts) == 8
    assert len(suite.sha256) == 64
