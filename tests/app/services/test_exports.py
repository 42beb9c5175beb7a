"""What the window saves opens again, in the engine's own reader."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from app.services.exports import (
    export_report,
    has_texts,
    reply_report,
    report_markdown,
    save_report,
    without_texts,
)
from mtp_mlx.report.model import Identity
from mtp_mlx.report.saving import FORMATS, encode, load
from tests.app.services.replies import ENVIRONMENT, PAIR, REPLY
from tests.report.samples import PARTED
from tests.report.samples import REPORT as BENCH

REPORT = reply_report(REPLY, PAIR, ENVIRONMENT)


def test_a_reply_is_saved_and_opened(tmp_path: Path) -> None:
    save_report(REPORT, tmp_path / "r.json")
    assert load(tmp_path / "r.json") == REPORT


def test_markdown_tells_a_reply() -> None:
    text = report_markdown(REPORT)
    assert text.startswith("# Speed of one reply: google/gemma-4-e4b-it + ")
    assert "| chat | K 3 | 1 | 60.0 | 60.0 | 60.0 | 30.0 | 2.00× | – | faster | 67 %" in text  # noqa: RUF001
    assert "| MTP switched | auto from 0.50 s |" in text
    assert "on this machine, not interleaved." in text


SPOKEN = replace(
    BENCH,
    runs=tuple(replace(run, prompt="SECRET PROMPT", text="SECRET REPLY") for run in BENCH.runs),
    identity=Identity(
        measured=True, comparisons=(replace(PARTED, plain_text="SECRET A", mode_text="SECRET B"),)
    ),
)


@pytest.mark.parametrize("ending", sorted(FORMATS))
def test_an_export_is_private_unless_asked(tmp_path: Path, ending: str) -> None:
    source, target = tmp_path / "source.json", tmp_path / f"out{ending}"
    save_report(SPOKEN, source)
    export_report(SPOKEN, source, target, texts=False)
    assert b"SECRET" not in target.read_bytes()
    if ending in {".json", ".md", ".html"}:
        export_report(SPOKEN, source, target, texts=True)
        assert b"SECRET REPLY" in target.read_bytes()


def test_what_a_later_program_wrote_goes_along(tmp_path: Path) -> None:
    source, target = tmp_path / "source.json", tmp_path / "out.json"
    source.write_bytes(encode(BENCH).replace(b"{", b'{"later": "kept",', 1))
    export_report(BENCH, source, target, texts=False)
    assert b'"later": "kept"' in target.read_bytes()


def test_a_report_without_a_file_is_exported(tmp_path: Path) -> None:
    export_report(BENCH, None, tmp_path / "out.json", texts=True)
    assert load(tmp_path / "out.json") == BENCH


def test_texts_are_found_and_taken_out() -> None:
    assert has_texts(SPOKEN)
    assert not has_texts(BENCH)
    assert not has_texts(replace(BENCH, identity=None))
    assert has_texts(replace(SPOKEN, runs=BENCH.runs))
    assert not has_texts(without_texts(SPOKEN))
    assert without_texts(BENCH) == BENCH
    assert without_texts(replace(BENCH, identity=None)).identity is None
