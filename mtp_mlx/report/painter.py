"""Reports as PNG and PDF, painted by Qt. This module is imported only to make one of them.

Qt is a dependency already, and lays out text with the system's fonts, emoji and right-to-left
writing. No window is opened and no display is needed.
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
from mtp_mlx.report.html import paper
from mtp_mlx.report.model import Report
from mtp_mlx.report.svg import LIGHT

_SHARPNESS = 3  # pixels in a printed chart to one pixel of its drawing


def png(report: Report) -> bytes:
    """Return the card for sharing."""
    with _application():
        return _written(drawn(card(report)))


def pdf(report: Report) -> bytes:
    """Return the report on A4, on as many pages as it takes."""
    with _application():
        buffer = _buffer()
        writer = _writer(buffer, report.title)
        _document(report).print_(writer)
        del writer  # ends the file
        return bytes(buffer.data().data())


def drawn(svg: str, scale: int = 1) -> QImage:
    """Return the drawing on white, at `scale` times its own size."""
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
    none = QMarginsF()  # the document has margins of its own
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
    """Provide the application that fonts need: the window's, or one without a window."""
    if QGuiApplication.instance() is not None:
        yield
        return
    application = QGuiApplication(["mtp-mlx", "-platform", "offscreen"])
    try:
        yield
    finally:
        application.shutdown()
