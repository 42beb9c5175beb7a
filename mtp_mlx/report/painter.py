"""Reports as PNG, painted by Qt. This module is imported only to make one.

Qt is a dependency already, and lays out text with the system's fonts, emoji and right-to-left
writing. No window is opened and no display is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QColor, QGuiApplication, QImage, QImageWriter, QPainter
from PySide6.QtSvg import QSvgRenderer

from mtp_mlx.report.card import card
from mtp_mlx.report.model import Report


def png(report: Report) -> bytes:
    """Return the card for sharing."""
    with _application():
        return _written(drawn(card(report)))


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
