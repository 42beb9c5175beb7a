"""Numbers that say what they mean, where one points at them or reaches them by keyboard."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFocusEvent, QFont, QKeyEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QToolTip, QWidget

from app import strings
from app.viewmodels.chat.footer import Figure
from app.views.common import fonts
from app.views.common.controls import plain_tip
from app.views.common.flow_layout import FlowLayout

_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


class FigureLabel(QLabel):
    """One number; with the focus it shows its meaning as its tooltip."""

    def __init__(self, font: QFont, tone: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFont(font)
        self.setProperty("tone", tone)
        self.setProperty("figure", True)
        self.setIndent(0)  # its ring would else push the text aside
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def show_figure(self, text: str, meaning: str) -> None:
        self.setText(text)
        self.setToolTip(plain_tip(meaning))
        self.setAccessibleDescription(meaning)

    def tell(self) -> None:
        """Show the meaning now."""
        QToolTip.showText(self.mapToGlobal(QPoint(0, self.height())), self.toolTip(), self)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusInEvent(event)
        self.tell()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusOutEvent(event)
        QToolTip.hideText()


class Figures(QWidget):
    """A line of numbers with one place in the order of Tab: the arrow keys go from one to the next.

    A chat has hundreds of numbers, and Tab is to reach the next message.
    """

    def __init__(self, tone: str = "muted", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tone = tone
        self._at = 0
        self._labels: list[FigureLabel] = []
        self._shown: tuple[Figure, ...] = ()
        self.setObjectName("figures")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)  # its ring is the style sheet's
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._flow = FlowLayout(self, spacing=0)

    @property
    def text(self) -> str:
        return strings.SEPARATOR.join(figure.text for figure in self._shown)

    @property
    def current(self) -> Figure | None:
        """The number that the arrow keys have gone to."""
        return self._shown[self._at] if self._shown else None

    def show_figures(self, figures: Sequence[Figure], tone: str | None = None) -> None:
        self._shown = tuple(figures)
        self._tone = tone or self._tone
        self._at = min(self._at, max(0, len(figures) - 1))
        while len(self._labels) < len(figures):
            label = FigureLabel(fonts.small(), self._tone)
            label.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self._labels.append(label)
            self._flow.addWidget(label)
        last = len(figures) - 1
        for i, label in enumerate(self._labels):
            label.setVisible(i <= last)
            if i <= last:
                figure = figures[i]
                label.show_figure(figure.text + strings.SEPARATOR * (i < last), figure.meaning)
                if label.property("tone") != self._tone:
                    label.setProperty("tone", self._tone)
                    _polish(label)
        self.setAccessibleName(self.text)
        self._mark()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        step = _STEPS.get(Qt.Key(event.key()))
        if step is None or not self._shown:
            super().keyPressEvent(event)
            return
        self._at = (self._at + step) % len(self._shown)
        self._mark()
        self._labels[self._at].tell()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusInEvent(event)
        self._mark()
        if self._shown:
            self._labels[self._at].tell()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusOutEvent(event)
        self._mark()
        QToolTip.hideText()

    def _mark(self) -> None:
        """Underline the number whose meaning is shown, and name it for assistive technology."""
        for i, label in enumerate(self._labels):
            font = label.font()
            font.setUnderline(self.hasFocus() and i == self._at)
            label.setFont(font)
        self.setAccessibleDescription("" if self.current is None else self.current.meaning)


def _polish(widget: QWidget) -> None:
    widget.style().unpolish(widget)
    widget.style().polish(widget)
