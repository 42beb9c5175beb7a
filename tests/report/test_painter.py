"""PNG and PDF: of the right kind and size, and what they are painted from."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from PySide6.QtGui import QImage, QTextDocument
from pytestqt.qtbot import QtBot

from mtp_mlx.report.card import card
from mtp_mlx.report.charts import charts
from mtp_mlx.report.html import Paper, paper
from mtp_mlx.report.model import Environment, Report
from mtp_mlx.report.painter import drawn, pdf, png
from mtp_mlx.report.svg import DARK, LIGHT
from tests.report.samples import (
    NASTY,
    REPORT,
    SLOWER,
    SPOILED,
    WARNED,
    a_report,
    a_run,
    parsed,
)

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
        "No difference this run",
        "can show",
        "MTP auto, 1.47×",  # noqa: RUF001
        "12 of 12 rounds",
        "3.00",
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
    assert [one for one in told if one.startswith("95 %: 0.9")]


def test_a_slow_down_is_as_large_and_in_the_colour_of_warnings() -> None:
    root = parsed(card(SLOWER))
    (ratio,) = (one for one in root.iter() if one.text == "0.50×")  # noqa: RUF001
    assert (ratio.get("font-size"), ratio.get("fill")) == ("132", DARK.warning)
    assert "slower, MTP K 3" in texts(SLOWER)
    assert "faster" not in card(SLOWER)


def test_what_was_not_measured_is_called_so() -> None:
    bare = a_report([a_run(3, None, rounds=[])], created=None, environment=Environment())
    told = texts(bare)
    assert told.count("not measured") == 6
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


def test_printed_charts_stand_two_in_a_row(qtbot: QtBot) -> None:
    rows = [row.count("<img") for row in paper(REPORT, 3).split("<tr>") if "<img" in row]
    assert rows == [2, 1]
    assert [f"chart:{i}" in paper(REPORT, 3) for i in range(4)] == [True] * 3 + [False]


def test_printed_replies_keep_their_lines(qtbot: QtBot) -> None:
    spoken = a_report([a_run("off", 1.0, prompt="Ask", text="one\n\n  <two>\nthree")])
    document = QTextDocument()
    document.setHtml(paper(spoken, 0))
    lines = document.toPlainText().replace("\u2028", "\n").splitlines()
    at = lines.index("Text")
    assert lines[at + 1 : at + 5] == ["one", "", "<two>", "three"]


def test_printed_rows_warn_of_a_slow_down(qtbot: QtBot) -> None:
    assert '<span class="warning">slower&nbsp;&nbsp;</span>' in paper(SLOWER, 0)
    assert '<span class="warning">off&nbsp;' not in paper(SLOWER, 0)


def bars(report: Report) -> list[tuple[float, float]]:
    """Return y and length of the bars of speeds, without their grounds."""
    grounds = {DARK.grid, DARK.paper}
    rects = [one for one in parsed(card(report)).iter() if one.tag.endswith("rect")]
    drawn = [one for one in rects if one.get("fill") not in grounds]
    return [(float(one.get("y", 0)), float(one.get("width", 0))) for one in drawn]


def test_the_bars_of_the_card_are_as_long_as_the_speeds() -> None:
    (off, on) = bars(SLOWER)
    assert off[0] < on[0]
    assert on[1] == pytest.approx(off[1] / 2, abs=0.2)  # 20 against 40 tokens/s
    (only,) = bars(a_report([a_run("off", 30.0)]))
    assert only[1] == pytest.approx(off[1])


def test_the_card_says_what_limits_its_claim() -> None:
    shown = texts(WARNED)
    conditions = next(one for one in shown if "interleaved" in one)
    assert conditions.startswith("replayed acceptance 0.8 · cut short: 18 of 99 · 18 runs")
    alone = a_report([a_run("off", 30.0), a_run(3, 60.0)])
    lone = replace(alone, settings=replace(alone.settings, interleaved=None))
    assert [one for one in texts(lone) if one.startswith("2 runs · not interleaved")]
    assert "which has no interval" in texts(lone)
    assert not [one for one in texts(lone) if one.startswith("95 %")]


def test_the_card_names_the_memory() -> None:
    machine = Environment(device="M4", memory_bytes=16 * 2**30)
    assert "M4, 17.18 GB" in texts(replace(REPORT, environment=machine))


def test_without_a_speed_up_the_card_shows_the_speed_of_mtp() -> None:
    """Plain decoding was cut short: there is no pair, and MTP's own speed is known."""
    runs = [a_run("off", 30.0, finish_reason="cancelled"), a_run(3, 60.0)]
    shown = texts(a_report(runs))
    assert "60.0 tok/s" in shown
    assert "67 %" in shown
