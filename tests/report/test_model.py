"""The document: exact to the byte, open to old files, plain about damaged and later ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mtp_mlx.errors import DamagedReport, NewerReport
from mtp_mlx.report import model
from mtp_mlx.report.saving import decode, encode, tidy
from tests.app.services.schema import violations
from tests.report.samples import OLD, REPORT, SCHEMA, SLOWER, SPOILED

DEFINED = {
    "environment": model.Environment,
    "pair": model.Pair,
    "settings": model.Settings,
    "run": model.Run,
    "round": model.Round,
    "group": model.Group,
    "identity": model.Identity,
}


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
    new = json.loads(encode(decode(file.read_bytes())))
    assert list(lost(old, new, "report")) == []


def lost(old: Any, new: Any, place: str) -> Iterator[str]:
    """Where a value is not what it was, or a new one is not null."""
    if isinstance(old, dict):
        for name in old.keys() | new.keys():
            if name in old:
                yield from lost(old[name], new.get(name), f"{place}.{name}")
            elif new[name] is not None:
                yield f"{place}.{name}"
    elif isinstance(old, list) and len(old) == len(new):
        for i, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from lost(one, other, f"{place}[{i}]")
    elif old != new:
        yield place


@pytest.mark.parametrize("name", DEFINED)
def test_model_and_schema_have_the_same_fields(name: str) -> None:
    assert set(DEFINED[name].__struct_fields__) == set(SCHEMA["$defs"][name]["properties"])
    assert set(model.Report.__struct_fields__) == set(SCHEMA["properties"])


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
    """Also where nothing else in it is as we know it."""
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
