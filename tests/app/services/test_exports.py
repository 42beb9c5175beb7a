"""What the window saves opens again, in the engine's own reader."""

from __future__ import annotations

from pathlib import Path

from app.services.exports import reply_report, report_markdown, save_report
from mtp_mlx.report.saving import load
from tests.app.services.replies import ENVIRONMENT, PAIR, REPLY

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
