"""PNG: of the size that is shared, and painted by a renderer that reads every chart."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from mtp_mlx.report.charts import charts
from mtp_mlx.report.model import Report
from mtp_mlx.report.painter import drawn, png
from mtp_mlx.report.svg import DARK, LIGHT, Palette
from tests.report.samples import REPORT, SLOWER, SPOILED


def colours(image: QImage) -> set[str]:
    places = ((x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3))
    return {image.pixelColor(x, y).name() for x, y in places}


@pytest.mark.parametrize("report", [REPORT, SLOWER, SPOILED])
def test_the_card_is_a_picture_of_the_size_that_is_shared(qtbot: QtBot, report: Report) -> None:
    image = QImage.fromData(png(report))
    assert (image.width(), image.height()) == (1200, 630)
    assert image.pixelColor(2, 2).name() == DARK.paper
    assert len(colours(image)) > 20  # letters


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_qt_draws_every_chart(qtbot: QtBot, palette: Palette) -> None:
    """Its renderer knows less of SVG than a browser does; a chart it cannot read stays empty."""
    for chart in charts(SLOWER):
        image = drawn(chart.svg(palette, 460))
        assert image.width() == 460
        assert {palette.grid, palette.ink} & colours(image)
