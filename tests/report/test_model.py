"""The document: exact to the byte, open to old files, plain about damaged and later ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace as swap
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mtp_mlx.errors import DamagedReport, NewerReport
from mtp_mlx.numbers import Counts
from mtp_mlx.report import from_engine, model
from mtp_mlx.report.saving import decode, encode, tidy
from tests.app.services.schema import violations
from tests.cli.scripted import PAIR
from tests.report.samples import OLD, REPORT, SCHEMA, SCHEMA_FILE, SLOWER, SPOILED


@pytest.mark.parametrize("report", [REPORT, SLOWER, SPOILED])
def test_what_is_written_is_read(report: model.Report) -> None:
    written = encode(report)
    assert decode(written) == report
    assert encode(decode(written)) == written
    assert written.startswith(b'{\n "version": 1,\n "title": ')  # a field a line
    assert violations(json.loads(written), SCHEMA, SCHEMA) == []


@pytest.mark.parametrize("file", OLD, ids=lambda file: file.stem)
def test_a_report_of_version_1_still_opens(file: Path) -> None:
    """Files as the first release wrote them: every number is taken over, new ones are null."""
    old = json.loads(file.read_text())
    assert violations(old, SCHEMA, SCHEMA) == []
    new = json.loads(encode(decode(file.read_bytes())))
    assert list(lost(old, new, "report")) == []


COUNTED = {"draft_rounds", "rounds", "tokens_per_round", "speedup_most", "noise"}


def lost(old: Any, new: Any, place: str) -> Iterator[str]:
    """Yield where a value is another, or a new one is neither null nor counted from rounds."""
    if isinstance(old, dict):
        for name in old.keys() | new.keys():
            if name in old:
                yield from lost(old[name], new.get(name), f"{place}.{name}")
            elif new[name] is not None and name not in COUNTED:
                yield f"{place}.{name}"
    elif isinstance(old, list) and len(old) == len(new):
        for i, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from lost(one, other, f"{place}[{i}]")
    elif old != new:
        yield place


def test_the_schema_in_the_repository_is_that_of_the_structs() -> None:
    renew = (
        ".venv/bin/python -c 'from mtp_mlx.report.model import schema; "
        """print(schema().decode(), end="")' > resources/report.schema.json"""
    )
    assert SCHEMA_FILE.read_bytes() == model.schema(), f"Renew it: {renew}"
    assert renew in (SCHEMA_FILE.parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_schema_tells_a_stranger_what_is_in_it() -> None:
    report = SCHEMA["$defs"]["Report"]
    assert set(report["required"]) == {
        "version", "title", "environment", "pair", "settings", "runs", "summary", "identity",
    }  # fmt: skip
    assert set(report["properties"]) == set(model.Report.__struct_fields__)
    assert report["description"].endswith("null means: not measured.")
    margin = SCHEMA["$defs"]["Comparison"]["properties"]["margin"]
    assert margin["description"] == "Between the two candidates there, in logits."


def changed(path: list[Any], value: Any) -> bytes:
    document = json.loads(encode(REPORT))
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["version"], 0),
        (["version"], "1"),
        (["version"], None),
        (["title"], ""),
        (["runs"], []),
        (["runs", 0, "mode"], "fast"),
        (["runs", 0, "mode"], 9),
        (["runs", 0, "decode_tps"], "60"),
        (["runs", 0, "draft_n"], True),
        (["runs", 0, "acceptance_rate"], 1.2),
        (["runs", 0, "rounds", 1, "drafted"], [1, 2]),
        (["runs", 0, "finish_reason"], "engine died"),
        (["settings", "verify"], "lossy"),
        (["settings", "sampling", "top_p"], None),
        (["settings", "sampling", "logit_bias"], [[5]]),
        (["settings", "sampling", "logit_bias"], [[5, 2.0, 1]]),
        (["settings", "sampling", "logit_bias"], [[0.5, 2.0]]),
        (["environment", "memory_bytes"], 0.5),
        (["identity"], {"measured": True}),
        (["summary", 0, "speedup"], -1),
    ],
)
def test_what_the_schema_refuses_is_refused(path: list[Any], value: Any) -> None:
    spoiled = changed(path, value)
    assert violations(json.loads(spoiled), SCHEMA, SCHEMA)
    with pytest.raises(DamagedReport, match=r"^r\.json is no report, or a damaged one: .*\. Take"):
        decode(spoiled, "r.json")


@pytest.mark.parametrize("name", ["version", "title", "runs", "identity"])
def test_what_is_required_is_asked_for(name: str) -> None:
    document = json.loads(encode(REPORT))
    del document[name]
    assert violations(document, SCHEMA, SCHEMA) == [f"$: no {name!r}"]
    with pytest.raises(DamagedReport):
        decode(json.dumps(document).encode())


WHOLE = encode(REPORT)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"version": NaN}',
        b"[" * 100_000,
        WHOLE[:-20],
        WHOLE[: len(WHOLE) // 2],
        WHOLE + b"}",
        WHOLE.replace(b"0.25", b"1e999"),
        WHOLE.replace(b"google", b"\xff\xff"),
    ],
)
def test_a_damaged_file_is_told(data: bytes) -> None:
    with pytest.raises(DamagedReport) as caught:
        decode(data)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("version", [2, 10**30])
def test_a_report_of_the_future_is_told(version: int) -> None:
    """The version is read first: nothing else has to be as this version knows it."""
    for data in (changed(["version"], version), b'{"version": %d, "runs": 7}' % version):
        with pytest.raises((NewerReport, DamagedReport)):
            decode(data)
    with pytest.raises(NewerReport, match=r"reads up to 1\. Update the program\.$"):
        decode(b'{"version": 2}')


def test_fields_of_a_later_writer_are_passed_by_and_kept() -> None:
    later = changed(["runs", 0, "watts"], 12.50)
    assert decode(later) == REPORT
    kept = json.loads(tidy(later))
    assert kept["runs"][0]["watts"] == 12.5
    assert msgspec.json.decode(tidy(later)) == msgspec.json.decode(later)


def test_tidying_changes_no_digit() -> None:
    assert b"1.10e-07" in tidy(b'{"a": 1.10e-07}')


@pytest.mark.parametrize(
    ("name", "public"),
    [
        ("google/gemma-4-E2B-it", "google/gemma-4-E2B-it"),
        ("built-in", "built-in"),
        ("/Users/ada/models/mine", "mine"),
        ("~/mine", "mine"),
        ("./mine", "mine"),
        ("ada/models/mine", "mine"),
        ("C:\\mine", "mine"),
        ("C:\\Users\\ada\\mine", "mine"),
        ("/", "a folder"),
    ],
)
def test_a_folder_is_named_by_its_last_part(name: str, public: str) -> None:
    made = from_engine.pair_of(swap(PAIR, target=name, drafter=name))
    assert (made.target, made.drafter) == (public, public)


def test_without_a_drafter_it_has_no_size() -> None:
    made = from_engine.pair_of(swap(PAIR, drafter=None))
    assert (made.drafter, made.drafter_bytes) == (None, None)


def test_the_environment_is_what_is_known() -> None:
    known = {"device": "M4", "memory_bytes": 7, "unheard_of": 1}
    public = msgspec.to_builtins(from_engine.environment_of(known))
    assert {name: value for name, value in public.items() if value is not None} == {
        "device": "M4",
        "memory_bytes": 7,
    }


def test_the_time_is_in_utc_to_the_second() -> None:
    report = msgspec.structs.replace(REPORT, created=model.now())
    assert report.created is not None
    assert len(report.created) == len("2026-01-02T03:04:05Z")
    assert report.created.endswith("Z")


def test_numbers_that_the_engine_never_had_are_not_measured() -> None:
    assert set(from_engine.numbers_of(None)) <= set(model.Run.__struct_fields__)
    assert set(from_engine.numbers_of(None).values()) == {None}
    stats = Counts().stats()
    assert from_engine.numbers_of(stats)["draft_n"] == 0
    assert set(from_engine.numbers_of(stats)) == set(from_engine.numbers_of(None))
