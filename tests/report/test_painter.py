"""PNG and PDF: of the right kind and size, and what they are painted from."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QImage, QTextDocument
from pytestqt.qtbot import QtBot

from mtp_mlx.report.card import card
from mtp_mlx.report.charts import charts
from mtp_mlx.report.html import Paper, paper
from mtp_mlx.report.model import Environment, Report
from mtp_mlx.report.painter import drawn, pdf, png
from mtp_mlx.report.svg import DARK, LIGHT
from tests.report.samples import NASTY, REPORT, SLOWER, SPOILED, a_report, a_run, parsed

FLAT = " ".join(NASTY.split())
ALL = [REPORT, SLOWER, SPOILED]


def texts(report: Report) -> list[str]:
    return [one.text or "" for one in parsed(card(report)).iter() if one.text]


def colours(image: QImage) -> set[str]:
    places = ((x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3))
    return {image.pixelColor(x, y).name() for x, y in places}


@pytest.mark.parametrize("report", ALL)
def test_the_card_is_a_picture_of_the_size_that_is_shared(qtbot: QtBot, report: Report) -> None:
    image = QImage.fromData(png(report))
    assert (image.width(), image.height()) == (1200, 630)
    assert image.pixelColor(2, 2).name() == DARK.paper
    assert len(colours(image)) > 20  # letters


def test_the_card_tells_what_a_stranger_must_know() -> None:
    told = texts(REPORT)
    for words in (
        "1.47×",  # noqa: RUF001
        "faster with MTP (auto)",
        "30.8 tok/s",
        "44.8 tok/s",
        "67 %",
        "google/gemma-4",
        "+ google/helper",
        "Apple M4 Pro · mlx 0.32.4",
        "18 runs · interleaved · temperature 0",
        "2026-01-02",
    ):
        assert words in told
    assert [one for one in told if one.startswith("95 %: 0.9") and one.endswith("which holds 1")]


def test_a_slow_down_is_as_large_and_in_the_colour_of_warnings() -> None:
    root = parsed(card(SLOWER))
    (ratio,) = (one for one in root.iter() if one.text == "0.50×")  # noqa: RUF001
    assert (ratio.get("font-size"), ratio.get("fill")) == ("132", DARK.warning)
    assert "slower with MTP (K 3)" in texts(SLOWER)
    assert "faster" not in card(SLOWER)


def test_what_was_not_measured_is_called_so() -> None:
    bare = a_report([a_run(3, None, rounds=[])], created=None, environment=Environment())
    told = texts(bare)
    assert told.count("not measured") == 5
    assert "device: not recorded" in told
    assert "date: not recorded" in told
    assert "None" not in card(bare)


def test_texts_come_out_as_they_went_in() -> None:
    assert FLAT in texts(SPOILED)  # the quantization; a longer name is cut with an ellipsis
    assert "no drafter" in texts(SPOILED)
    control = a_report([a_run("off", 1.0)], title="a\x00\x1b[2J\ud800b\ufffe")
    assert parsed(card(control)).get("aria-label") == "a [2J b"


@pytest.mark.parametrize("report", ALL)
def test_paper_is_a_pdf(qtbot: QtBot, report: Report) -> None:
    made = pdf(report)
    assert made.startswith(b"%PDF-")
    assert made.rstrip().endswith(b"%%EOF")
    assert made.count(b"/Type /Page\n") >= 2


def test_paper_says_what_the_other_formats_say(qtbot: QtBot) -> None:
    document = QTextDocument()
    document.setHtml(paper(SPOILED, 0))
    assert document.toPlainText().startswith(FLAT)
    assert document.toPlainText().count(FLAT) > 4
    document.setHtml(paper(SLOWER, 0))
    assert "slower" in document.toPlainText()
    assert f"color: {LIGHT.warning}" in paper(SLOWER, 0)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_qt_draws_every_chart(qtbot: QtBot, palette: object) -> None:
    """Its renderer knows less of SVG than a browser does; a chart it cannot read stays empty."""
    for chart in charts(SLOWER, palette):  # type: ignore[arg-type]
        seen = colours(drawn(chart.svg))
        assert {palette.grid, palette.ink} & seen  # type: ignore[attr-defined]


def test_a_long_table_ends_and_says_so(qtbot: QtBot) -> None:
    long = paper(a_report([a_run("off", 1.0, repeat=i) for i in range(Paper.most_rows + 7)]), 0)
    assert "And 7 more, which the JSON and the CSV hold." in long
    assert long.count("<td><span>off") == Paper.most_rows + 1  # and a row of the summary
    assert "more, which" not in paper(REPORT, 0)
