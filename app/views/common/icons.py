"""Line icons, tinted with the theme's colours; SVG, so that they are sharp on any screen."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from mtp_mlx.paths import resources

_SIZE = 18
_RATIO = 3.0


def icon(name: str, color: QColor, size: int = _SIZE) -> QIcon:
    """Raises FileNotFoundError where the program ships without it."""
    return _drawn(name, color.name(), size)


@cache
def _drawn(name: str, color: str, size: int) -> QIcon:
    """Kept: every message has the same few."""
    source = (resources() / "icons" / f"{name}.svg").read_bytes()
    drawing = QSvgRenderer(QByteArray(source.replace(b"currentColor", color.encode("ascii"))))
    pixmap = QPixmap(QSize(size, size) * _RATIO)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    drawing.render(painter, QRectF(pixmap.rect()))
    painter.end()
    pixmap.setDevicePixelRatio(_RATIO)
    return QIcon(pixmap)
