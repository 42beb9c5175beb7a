"""What engines learn: kept by pair and device, worth nothing where it is damaged."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from mtp_mlx import api
from mtp_mlx.api import MAX_DEPTH
from mtp_mlx.cli.main import run
from mtp_mlx.depth.costs import Costs, DraftKey
from mtp_mlx.engine import Control, Engine
from mtp_mlx.events import Round
from mtp_mlx.learned import Record, Subject, folder, recall, recall_all, remember, start_from
from tests.support.checkpoints import write_pair
from tests.support.replies import reply
from tests.support.shapes import SHORT_12B
from tests.test_calibration import CALIBRATION

SUBJECT = Subject(
    target="t",
    drafter="d",
    target_bytes=1,
    drafter_bytes=2,
    quantization="4-bit",
    device="a chip",
    backend="metal",
    mlx="0.32.4",
)
RECORD = Record(subject=SUBJECT, auto=start_from(CALIBRATION), calibration=CALIBRATION)
PROMPT = [5, 17, 300, 42]


def test_what_was_remembered_is_recalled() -> None:
    assert recall(SUBJECT) == Record(subject=SUBJECT)
    remember(RECORD)
    assert recall(SUBJECT) == RECORD
    assert list(recall_all()) == [RECORD]


@pytest.mark.parametrize("field", ["target", "drafter", "quantization", "device", "mlx"])
def test_another_pair_or_machine_is_another_file(field: str) -> None:
    remember(RECORD)
    other = msgspec.structs.replace(SUBJECT, **{field: "other"})
    assert recall(other) == Record(subject=other)


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"\xff\x00",
        b"[]",
        b"{}",
        b'{"version": 1, "subject": 7}',
        msgspec.json.encode(msgspec.structs.replace(RECORD, version=99)),
        msgspec.json.encode(RECORD).replace(b'"context"', b'"contest"'),
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_counts_as_nothing_and_is_written_anew(written: bytes) -> None:
    remember(RECORD)
    SUBJECT.file.write_bytes(written)
    assert recall(SUBJECT) == Record(subject=SUBJECT)
    assert list(recall_all()) == []
    remember(RECORD)
    assert recall(SUBJECT) == RECORD
    assert [file.name for file in folder().iterdir()] == [SUBJECT.file.name]


def test_a_file_of_version_1_counts_as_nothing() -> None:
    """It held a cost for each depth, without the context's length."""
    subject = msgspec.json.encode(SUBJECT).decode()
    SUBJECT.file.parent.mkdir(parents=True, exist_ok=True)
    SUBJECT.file.write_text(
        f'{{"version": 1, "subject": {subject}, "calibration": null, "auto": {{"costs_ms": '
        '[10.0, null, null, 15.0, null, null, null, null, null], "hits": [], "counts": []}}'
    )
    assert recall(SUBJECT) == Record(subject=SUBJECT)
    assert list(recall_all()) == []


def test_a_calibration_is_a_start_at_its_own_context() -> None:
    start = start_from(CALIBRATION)
    costs = Costs(start.verify, start.draft)
    context = CALIBRATION.costs.context
    assert costs.round_ms(1, None, context) == CALIBRATION.costs.plain_ms
    for depth in range(1, MAX_DEPTH + 1):
        draft = DraftKey("drafter", depth)
        expected = CALIBRATION.costs.round_ms(depth)
        assert costs.round_ms(depth + 1, draft, context) == pytest.approx(expected)
        assert costs.round_ms(depth + 1, None, context) == CALIBRATION.costs.verify_ms[depth]
    alone = replace(CALIBRATION, costs=replace(CALIBRATION.costs, draft_ms=None))
    assert [cost.key.rows for cost in start_from(alone).verify] == [1]


def test_a_folder_that_takes_no_file_costs_no_reply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("")
    monkeypatch.setenv("MTP_MLX_DATA", str(blocked))
    folders = write_pair(tmp_path, SHORT_12B)
    engine = Engine.load(api.Load(target=str(folders.target), drafter=str(folders.drafter)))
    assert len(reply(engine, PROMPT, mtp="auto").tokens) == 40
    assert list(recall_all()) == []


def test_an_engine_goes_on_from_what_the_last_one_learned(tmp_path: Path) -> None:
    folders = write_pair(tmp_path, SHORT_12B)
    request = api.Load(target=str(folders.target), drafter=str(folders.drafter))
    first = Engine.load(request)
    assert list(recall_all()) == []  # warming up teaches nothing
    found = reply(first, PROMPT, mtp="auto", max_tokens=60)
    assert {told.state for told in found.rounds[:4]} == {"probe"}
    (record,) = recall_all()
    assert record.auto is not None
    assert record.subject.target == "target"
    again = reply(Engine.load(request), PROMPT, mtp="auto", max_tokens=60)
    assert again.rounds[0].state != "probe"
    assert again.tokens == found.tokens


def test_calibrate_measures_and_is_told_by_doctor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = write_pair(tmp_path, SHORT_12B)
    pair = ["--target", str(folders.target), "--drafter", str(folders.drafter)]
    assert run(["calibrate", *pair, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["costs"]["verify_ms"]) == 9
    assert told["costs"]["draft_ms"] > 0
    assert set(told["break_even"]) == {str(k) for k in range(1, 9)}
    (record,) = recall_all()
    assert record.calibration is not None
    assert record.calibration.costs.plain_ms == told["costs"]["plain_ms"]
    run(["doctor"])
    assert f"target: {told['words']}" in capsys.readouterr().out
    measured = record.calibration
    monkeypatch.setattr("mtp_mlx.bench.calibrate.calibrate", lambda _: measured)
    assert run(["calibrate", *pair]) == 0
    assert "pays above" in capsys.readouterr().out
    engine = Engine.load(api.Load(target=str(folders.target), drafter=str(folders.drafter)))
    first = next(r for r in engine.generate(ask(), Control()) if isinstance(r, Round) and r.index)
    assert first.state != "probe"  # auto knows what rounds cost


def test_a_calibration_made_meanwhile_is_not_lost(tmp_path: Path) -> None:
    """The window's engine is loaded while the terminal calibrates."""
    folders = write_pair(tmp_path, SHORT_12B)
    request = api.Load(target=str(folders.target), drafter=str(folders.drafter))
    window, terminal = Engine.load(request), Engine.load(request)
    terminal.remember(CALIBRATION)
    reply(window, PROMPT, mtp=1)
    (record,) = recall_all()
    assert record.calibration == CALIBRATION
    assert record.auto is not None
    assert record.auto.counts != start_from(CALIBRATION).counts


def ask() -> api.Generate:
    return api.Generate(prompt=(api.TokenIds(tuple(PROMPT)),), max_tokens=10, ignore_eos=True)


def test_the_measured_position_is_used_unless_another_is_asked_for(tmp_path: Path) -> None:
    folders = write_pair(tmp_path, SHORT_12B)
    request = api.Load(target=str(folders.target), drafter=str(folders.drafter))
    engine = Engine.load(request)
    assert engine.pair.draft_position == "last-seen"
    engine.remember(replace(CALIBRATION, acceptance=(("last-seen", 0.5), ("anchor", 0.7))))
    assert Engine.load(request).pair.draft_position == "anchor"
    asked = msgspec.structs.replace(request, draft_position="last-seen")
    assert Engine.load(asked).pair.draft_position == "last-seen"


def test_nothing_that_is_kept_holds_a_path(tmp_path: Path) -> None:
    folders = write_pair(tmp_path, SHORT_12B)
    engine = Engine.load(api.Load(target=str(folders.target), drafter=str(folders.drafter)))
    reply(engine, PROMPT, mtp=1)
    (file,) = folder().iterdir()
    assert os.sep + "t" not in file.read_text().replace("http", "")
    assert str(tmp_path) not in file.read_text()
