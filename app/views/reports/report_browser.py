"""A report, or two side by side, to be read: charts and tables in one text that scrolls."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QByteArray, QRectF, QUrl
from PySide6.QtGui import QImage, QPainter, QResizeEvent, QTextDocument
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QTextBrowser, QWidget

from app import strings
from app.render.report_page import Picture, comparison_html, palette, report_html
from app.viewmodels.common.throttle import Throttle
from app.viewmodels.reports.reports import Shown
from app.views.common import fonts
from app.views.common.theme import ThemeController
from mtp_mlx.report.charts import Chart, charts

_SETTLE_MS = 80
_ROOMY = 1000  # pixels from which on the widest table has room
_TWO = 760  # and two charts beside each other
_EDGE = 24
_WIDEST = 760  # of a chart: a wider one is not easier to read
_GAP = 16


class ReportBrowser(QTextBrowser):
    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._shown: tuple[Shown, Shown | None] | None = None
        self._charts: tuple[tuple[Chart, ...], tuple[Chart, ...]] = ((), ())
        self.setAccessibleName(strings.REPORT_TEXT)
        self.setFont(fonts.ui())
        self.setOpenLinks(False)
        self.document().setDocumentMargin(_EDGE)
        self._settle = Throttle(_SETTLE_MS, self._lay_out, self)
        theme.changed.connect(self._draw)

    def show_report(self, shown: Shown, beside: Shown | None) -> None:
        if (shown, beside) != self._shown:
            self._shown = (shown, beside)
            self._draw()
            self.verticalScrollBar().setValue(0)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._settle.request()

    def _draw(self) -> None:
        """The charts anew: their colours are the theme's."""
        if self._shown is None:
            return
        colours = palette(self._theme.current.tokens)
        shown, beside = self._shown
        more = () if beside is None else charts(beside.report, colours)
        self._charts = (charts(shown.report, colours), more)
        self._lay_out()

    def _lay_out(self) -> None:
        if self._shown is None:
            return
        shown, beside = self._shown
        bar = self.verticalScrollBar()
        place = bar.value()
        room = self.viewport().width() - 2 * _EDGE
        self.setHtml(self._one(shown, room) if beside is None else self._two(shown, beside, room))
        bar.setValue(place)

    def _one(self, shown: Shown, room: int) -> str:
        pictures = self._pictures("a", self._charts[0], min(room, _WIDEST))
        tokens = self._theme.current.tokens
        return report_html(shown.report, tokens, pictures, roomy=room >= _ROOMY)

    def _two(self, shown: Shown, beside: Shown, room: int) -> str:
        roomy = room >= _TWO
        width = room // 2 - _GAP if roomy else min(room, _WIDEST)
        a, b = (
            dict(
                zip(
                    (chart.title for chart in drawn),
                    self._pictures(side, drawn, width),
                    strict=True,
                )
            )
            for side, drawn in zip("ab", self._charts, strict=True)
        )
        pairs = [(a.get(title), b.get(title)) for title in (a | b)]
        tokens = self._theme.current.tokens
        return comparison_html(shown.report, beside.report, tokens, pairs, roomy=roomy)

    def _pictures(self, side: str, drawn: tuple[Chart, ...], width: int) -> Iterator[Picture]:
        for i, chart in enumerate(drawn):
            name = f"chart:{side}{i}"
            renderer = QSvgRenderer(QByteArray(chart.svg.encode()))
            size = renderer.defaultSize()
            height = max(1, round(width * size.height() / max(1, size.width())))
            image = _image(renderer, width, height, self.devicePixelRatioF())
            kind = QTextDocument.ResourceType.ImageResource
            self.document().addResource(kind.value, QUrl(name), image)
            yield Picture(name, width, height)


def _image(renderer: QSvgRenderer, width: int, height: int, ratio: float) -> QImage:
    """As sharp as the screen."""
    image = QImage(round(width * ratio), round(height * ratio), QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter, QRectF(image.rect()))
    painter.end()
    return image
