"""Controls that all rooms share: icons, buttons, a switch, segments, and labels that are elided."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from html import escape
from typing import Literal

from PySide6.QtCore import QByteArray, QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QColor,
    QFocusEvent,
    QIcon,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QButtonGroup,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from app.views.common.theme import Theme, ThemeController
from mtp_mlx.paths import resources

IconName = Literal[
    "activity",
    "attach",
    "box",
    "check",
    "chevron_down",
    "chevron_left",
    "chevron_right",
    "chevron_up",
    "close",
    "continue",
    "copy",
    "edit",
    "file",
    "gauge",
    "info",
    "more",
    "pin",
    "plus",
    "refresh",
    "search",
    "sidebar",
    "sliders",
    "trash",
]
"""The drawings in `resources/icons` that the window uses."""
_SIZE = 18  # logical pixels
_RATIO = 3.0  # drawn pixels to a logical one: sharp on every screen


def icon(name: IconName, color: QColor, size: int = _SIZE) -> QIcon:
    return _drawn(name, color.name(), size)


@cache
def _drawn(name: IconName, color: str, size: int) -> QIcon:
    """Draw once: every message has the same few buttons."""
    source = (resources() / "icons" / f"{name}.svg").read_bytes()
    drawing = QSvgRenderer(QByteArray(source.replace(b"currentColor", color.encode("ascii"))))
    pixmap = QPixmap(QSize(size, size) * _RATIO)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    drawing.render(painter, QRectF(pixmap.rect()))
    painter.end()
    pixmap.setDevicePixelRatio(_RATIO)
    return QIcon(pixmap)


_ICON = 16


class IconButton(QToolButton):
    """A button with an icon; `label` is its tooltip and its accessible name."""

    focus_changed = Signal()

    def __init__(
        self,
        name: IconName,
        label: str,
        theme: ThemeController,
        parent: QWidget | None = None,
        *,
        token: str = "text_muted",  # noqa: S107  (a colour's name)
    ) -> None:
        super().__init__(parent)
        self._name = name
        self._token = token
        self._shown = True
        self.setIconSize(QSize(_ICON, _ICON))
        self.setAutoRaise(True)
        self.setProperty("compact", True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.set_label(label)
        self._paint(theme.current)
        self._theme = theme
        theme.changed.connect(self._paint)

    def set_label(self, label: str) -> None:
        self.setToolTip(label)
        self.setAccessibleName(label.removesuffix("…"))

    def set_icon(self, name: IconName, token: str | None = None) -> None:
        self._name = name
        self._token = token or self._token
        self._paint(self._theme.current)

    def set_shown(self, shown: bool) -> None:
        """Show or hide the picture; the button keeps its place and can be reached by keyboard."""
        if shown != self._shown:
            self._shown = shown
            self._paint(self._theme.current)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusInEvent(event)
        self.focus_changed.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusOutEvent(event)
        self.focus_changed.emit()

    def _paint(self, theme: Theme) -> None:
        drawing = icon(self._name, theme.color(self._token), _ICON) if self._shown else QIcon()
        self.setIcon(drawing)


def claims_escape(event: QEvent) -> bool:
    """Return whether `event` asks who wants Esc, and accept it: no shortcut of the window runs."""
    asks = event.type() == QEvent.Type.ShortcutOverride
    if asks and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
        event.accept()
        return True
    return False


class Menu(QMenu):
    def __init__(self, title: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self.menuAction().setMenuRole(QAction.MenuRole.NoRole)
        round_corners(self)


def round_corners(popup: QWidget) -> None:
    """Paint nothing behind a popup, so that its corners are as round as its style sheet says."""
    popup.setWindowFlag(Qt.WindowType.FramelessWindowHint)
    popup.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)


class RoundLists(QObject):
    """Rounds the list of each combo box in all windows; one that is opened has the focus first."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._on_focus)

    def _on_focus(self, _before: QWidget | None, now: QWidget | None) -> None:
        if isinstance(now, QComboBox) and (popup := now.view().window()).isHidden():
            round_corners(popup)


def keys_text(keys: str) -> str:
    """Return a shortcut in portable words as this system writes it."""
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)


def with_keys(text: str, keys: QKeySequence) -> str:
    """Return a tooltip with the shortcut that does the same, if there is one."""
    shown = keys.toString(QKeySequence.SequenceFormat.NativeText)
    return f"{text.removesuffix('…')} ({shown})" if shown else text


def push_button(text: str, shape: str, parent: QWidget | None = None) -> QPushButton:
    """Return a button; `shape` is one of the style sheet's: outline, filled or card."""
    button = QPushButton(text, parent)
    button.setProperty("shape", shape)
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    return button


def set_tone(widget: QWidget, tone: str) -> None:
    """Give a widget one of the style sheet's tones."""
    if widget.property("tone") != tone:
        widget.setProperty("tone", tone)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


class PlaceButton(QPushButton):
    """A row of the sidebar that opens a page; `help_text` has a {shortcut} in it."""

    def __init__(
        self, name: IconName, text: str, help_text: str, shortcut: str, theme: ThemeController
    ) -> None:
        super().__init__(text)
        self._name = name
        self.setProperty("shape", "row")
        self.setCheckable(True)
        self.setIconSize(QSize(_ICON, _ICON))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip(help_text.format(shortcut=keys_text(shortcut)))
        theme.changed.connect(self._paint)
        self._paint(theme.current)

    def _paint(self, theme: Theme) -> None:
        self.setIcon(icon(self._name, theme.color("text"), _ICON))


_WIDTH = 38
_HEIGHT = 22
_RING = 2


class Switch(QAbstractButton):
    def __init__(self, name: str, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme.current
        self.setCheckable(True)
        self.setAccessibleName(name)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        theme.changed.connect(self._on_theme)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(_WIDTH + 2 * _RING + 2, _HEIGHT + 2 * _RING + 2)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QRectF(0, 0, _WIDTH, _HEIGHT)
        track.moveCenter(QRectF(self.rect()).center())
        on = self.isChecked()
        if not self.isEnabled():
            painter.setOpacity(0.5)
        painter.setPen(Qt.PenStyle.NoPen if on else QPen(self._theme.color("text_muted"), 1.2))
        painter.setBrush(self._theme.color("accent" if on else "surface_raised"))
        edge = 0.0 if on else 0.6
        painter.drawRoundedRect(
            track.adjusted(edge, edge, -edge, -edge), _HEIGHT / 2 - edge, _HEIGHT / 2 - edge
        )
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("accent_text" if on else "text_muted"))
        knob = QRectF(0, 0, _HEIGHT - 6, _HEIGHT - 6)
        knob.moveTop(track.top() + 3)
        knob.moveLeft(track.right() - knob.width() - 3 if on else track.left() + 3)
        painter.drawEllipse(knob)
        if self.hasFocus():
            painter.setPen(QPen(self._theme.color("accent"), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            ring = track.adjusted(-_RING, -_RING, _RING, _RING)
            painter.drawRoundedRect(ring, ring.height() / 2, ring.height() / 2)

    def _on_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()


class Segments(QFrame):
    """A choice among a few values, all in sight; `names` maps them to their words."""

    chosen = Signal(str)

    def __init__(self, label: str, names: Mapping[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("segments")
        self.setAccessibleName(label)
        self.buttons = {key: self._button(label, text) for key, text in names.items()}
        group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(2)
        for key, button in self.buttons.items():
            group.addButton(button)
            row.addWidget(button, 1)
            button.toggled.connect(lambda on, key=key: self._on_toggled(key, on=on))

    @property
    def value(self) -> str:
        return next(key for key, button in self.buttons.items() if button.isChecked())

    def choose(self, key: str) -> None:
        self.buttons[key].setChecked(True)

    def _on_toggled(self, key: str, *, on: bool) -> None:
        if on:
            self.chosen.emit(key)

    def _button(self, label: str, text: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setCheckable(True)
        button.setAccessibleName(f"{label}: {text}")
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        policy = button.sizePolicy()
        policy.setHorizontalPolicy(policy.Policy.Expanding)
        button.setSizePolicy(policy)
        return button


def plain_tip(text: str) -> str:
    """Return `text` for a tooltip to show as it is: Qt takes what looks like markup for markup."""
    return f"<p>{escape(text)}</p>" if "<" in text or "&" in text else text


class ElidedLabel(QLabel):
    """A label that shows as much of its text as fits, and all of it as a tooltip."""

    def __init__(
        self,
        alignment: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAlignment(alignment | Qt.AlignmentFlag.AlignVCenter)

    def set_text(self, text: str) -> None:
        self.setText(text)
        self.setToolTip(plain_tip(text))
        self.updateGeometry()

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(self.fontMetrics().averageCharWidth() * 6, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setFont(self.font())
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        self.style().drawItemText(
            painter,
            self.rect(),
            int(self.alignment().value),
            self.palette(),
            self.isEnabled(),
            text,
            self.foregroundRole(),
        )
