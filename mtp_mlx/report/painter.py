"""Pictures and paper: the one module of the engine that asks Qt, imported only when one is wanted.

Nothing else at hand lays out text with the system's own fonts, emoji and right-to-left writing, and
Qt is a dependency already. No window is opened and no display is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QUrl
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QImage,
    QImageWriter,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QTextDocument,
)
from PySide6.QtSvg import QSvgRenderer

from mtp_mlx.report.card import card
from mtp_mlx.report.charts import charts
from mtp_mlx.report.model import Report
from mtp_mlx.report.paper import paper
from mtp_mlx.report.svg import LIGHT

_SHARPNESS = 3  # pixels of a printed chart for one of the drawing


def png(report: Report) -> bytes:
    """The card for sharing."""
    with _application():
        return _written(drawn(card(report)))


def pdf(report: Report) -> bytes:
    """A4, as many pages as it takes."""
    with _application():
        buffer = _buffer()
        writer = _writer(buffer, report.title)
        _document(report).print_(writer)
        del writer  # ends the file
        return bytes(buffer.data().data())


def drawn(svg: str, scale: int = 1) -> QImage:
    """Of the drawing's own size, `scale` times; on white where it leaves a place empty."""
    renderer = QSvgRenderer(QByteArray(svg.encode()))
    image = QImage(renderer.defaultSize() * scale, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter)
    painter.end()
    return image


def _document(report: Report) -> QTextDocument:
    document = QTextDocument()
    pictures = charts(report, LIGHT)
    for i, chart in enumerate(pictures):
        kind = QTextDocument.ResourceType.ImageResource
        document.addResource(kind.value, QUrl(f"chart:{i}"), drawn(chart.svg, _SHARPNESS))
    document.setHtml(paper(report, len(pictures)))
    return document


def _writer(buffer: QBuffer, title: str) -> QPdfWriter:
    writer = QPdfWriter(buffer)
    writer.setTitle(title)
    writer.setCreator("MTP MLX")
    none = QMarginsF()  # a printed document brings its own
    size = QPageSize(QPageSize.PageSizeId.A4)
    landscape = QPageLayout.Orientation.Landscape  # tables have fourteen columns
    writer.setPageLayout(QPageLayout(size, landscape, none, QPageLayout.Unit.Millimeter))
    return writer


def _written(image: QImage) -> bytes:
    buffer = _buffer()
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    return bytes(buffer.data().data())


def _buffer() -> QBuffer:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    return buffer


@contextmanager
def _application() -> Iterator[None]:
    """Fonts need one: the window's, or one that shows nothing, for as long as we paint."""
    if QGuiApplication.instance() is not None:
        yield
        return
    application = QGuiApplication(["mtp-mlx", "-platform", "offscreen"])
    try:
        yield
    finally:
        application.shutdown()
