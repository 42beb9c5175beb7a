"""Lines to the window, without a process: what does not fit into one, and what nobody expected."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
import pytest

from mtp_mlx import wire
from mtp_mlx.errors import EngineFault, NotLoaded
from mtp_mlx.events import BenchFinished
from mtp_mlx.report.saving import load
from mtp_mlx.transport.lines import Outbox
from tests.report.samples import REPORT

FINISHED = BenchFinished(reason="done", report=REPORT, saved=None, warnings=())


@pytest.fixture
def pipe() -> io.BytesIO:
    return io.BytesIO()


def told(pipe: io.BytesIO) -> wire.Event:
    """The one line on the pipe."""
    line, rest = pipe.getvalue().split(b"\n")
    assert rest == b""
    return wire.decode_event(line)


def test_a_report_that_fits_into_a_line_is_in_it(pipe: io.BytesIO) -> None:
    Outbox(pipe).answer("a", FINISHED)
    whole = told(pipe)
    assert isinstance(whole, wire.BenchFinished)
    assert (whole.id, whole.report, whole.saved) == ("a", REPORT, None)


def test_a_report_too_long_for_a_line_is_in_a_file(
    pipe: io.BytesIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MAX_LINE_BYTES", 2000)
    Outbox(pipe).answer("a", FINISHED)
    short = told(pipe)
    assert isinstance(short, wire.BenchFinished)
    assert (short.id, short.report) == ("a", None)
    assert short.saved is not None
    assert load(Path(short.saved)) == REPORT
    pipe.seek(0)
    pipe.truncate()
    mine = str(tmp_path / "mine.json")
    Outbox(pipe).answer("a", msgspec.structs.replace(FINISHED, saved=mine))
    kept = told(pipe)
    assert isinstance(kept, wire.BenchFinished)
    assert (kept.report, kept.saved) == (None, mine)


def test_an_expected_error_is_told_and_not_logged(
    pipe: io.BytesIO, capsys: pytest.CaptureFixture[str]
) -> None:
    Outbox(pipe).answer("a", NotLoaded("No model is loaded.", "Load a pair first."))
    error = told(pipe)
    assert error == wire.Error(
        code="not_loaded", message="No model is loaded.", remedy="Load a pair first.", id="a"
    )
    assert capsys.readouterr().err == ""


def test_what_nobody_expected_is_told_and_logged(
    pipe: io.BytesIO, capsys: pytest.CaptureFixture[str]
) -> None:
    Outbox(pipe).answer(None, ZeroDivisionError("division by zero"))
    error = told(pipe)
    assert isinstance(error, wire.Error)
    assert (error.code, error.id) == (EngineFault.code, None)
    assert "ZeroDivisionError" in error.message
    assert error.remedy
    assert "ZeroDivisionError" in capsys.readouterr().err
