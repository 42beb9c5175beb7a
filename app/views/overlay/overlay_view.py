"""The overlay: live numbers of the reply in a card that can be dragged."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QSizePolicy,
    QWidget,
)

from app import strings
from app.viewmodels.common.mtp import Effect, MtpViewModel
from app.viewmodels.overlay.overlay import OverlayNumbers, OverlayViewModel
from app.views.common import fonts
from app.views.common.controls import IconButton, plain_tip, push_button
from app.views.common.figures import FigureLabel
from app.views.common.theme import ThemeController
from app.views.overlay.charts import PositionBars, RatePlot

WIDTH = 268
_CARD_EDGES = (16, 8, 10, 16)
_STRIP_EDGES = (16, 2, 8, 2)
_STEPS = 1000
_ARROWS = {
    Qt.Key.Key_Left: QPoint(-16, 0),
    Qt.Key.Key_Right: QPoint(16, 0),
    Qt.Key.Key_Up: QPoint(0, -16),
    Qt.Key.Key_Down: QPoint(0, 16),
}


class OverlayView(QFrame):
    """A card over the page. The user drags it: `dragged` says by how much, its parent moves it."""

    dragged = Signal(QPoint)  # pixels
    close_asked = Signal()
    pin_asked = Signal(bool)
    compact_asked = Signal(bool)
    measure_asked = Signal()

    def __init__(
        self,
        overlay: OverlayViewModel,
        mtp: MtpViewModel,
        theme: ThemeController,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("overlay")
        self.setFixedWidth(WIDTH)
        self.setAccessibleName(strings.OVERLAY)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # the arrow keys move it
        self._grip: QPoint | None = None
        self._compact = False
        self._strip = False
        self._numbers = overlay.numbers
        self._pin = IconButton("pin", strings.PIN, theme)
        self._pin.setCheckable(True)
        self._pin.clicked.connect(self.pin_asked)
        self._size = IconButton("chevron_down", strings.OVERLAY_COMPACT, theme)
        self._size.clicked.connect(lambda: self.compact_asked.emit(not self._compact))
        self._close = IconButton("close", strings.CLOSE_OVERLAY, theme)
        self._close.clicked.connect(self.close_asked)
        self.rate = FigureLabel(fonts.display())
        self.note = _label(fonts.small(), "muted")
        self._plot = RatePlot(theme)
        self.state = _label(fonts.strong())
        self.state.setWordWrap(True)
        self.brief = FigureLabel(fonts.strong())  # the speed-up, where the rows have no room
        self.rows = Rows()
        self.measure = push_button(strings.MEASURE, "link")
        self.measure.setToolTip(strings.MEASURE_HELP)
        self.measure.setFont(fonts.small())
        self.measure.clicked.connect(self.measure_asked)
        self._bars_title = _label(fonts.small(), "muted", strings.BY_POSITION)
        self._bars = PositionBars(theme)
        self.prompt = _label(fonts.small(), "muted")
        self.prompt.setWordWrap(True)
        self._prompt_bar = _bar(strings.PROMPT_PROGRESS)
        self._memory_bar = _bar(strings.MEMORY)
        self._lay_out()
        overlay.numbers_changed.connect(self.show_numbers)
        overlay.history_changed.connect(self._plot.show_samples)
        mtp.effect_changed.connect(self._show_effect)
        self.show_numbers(overlay.numbers)
        self._show_effect(mtp.effect)

    def set_pinned(self, pinned: bool) -> None:
        self._pin.setChecked(pinned)
        self._pin.set_label(strings.UNPIN if pinned else strings.PIN)
        self._pin.set_icon("pin", "accent" if pinned else "text_muted")

    def set_compact(self, compact: bool) -> None:
        self._compact = compact
        self._size.set_label(strings.OVERLAY_FULL if compact else strings.OVERLAY_COMPACT)
        self._size.set_icon("chevron_down" if compact else "chevron_up")
        self._show_parts()

    @property
    def strip(self) -> bool:
        return self._strip

    def set_strip(self, width: int | None) -> None:
        """Be one line of this width, for a narrow window; None: a card."""
        self._strip = width is not None
        across, down = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        back = QBoxLayout.Direction.RightToLeft
        self._outer.setDirection(back if self._strip else down)
        self._inner.setDirection(across if self._strip else down)
        self._outer.setContentsMargins(*(_STRIP_EDGES if self._strip else _CARD_EDGES))
        self.state.setWordWrap(not self._strip)
        policies = QSizePolicy.Policy
        self.state.setSizePolicy(
            policies.Ignored if self._strip else policies.Preferred, policies.Preferred
        )
        for view in (self._title, self._size):
            view.setVisible(not self._strip)
        self.setFixedWidth(WIDTH if width is None else width)
        self._show_parts()

    def show_numbers(self, numbers: OverlayNumbers) -> None:
        means = strings.MEANS_RATE_NOW if numbers.live else strings.MEANS_RATE
        self.rate.show_figure(numbers.rate or strings.NOTHING, means)
        self.rate.setEnabled(numbers.live)
        self.note.setText(numbers.rate_note or strings.RATE_UNKNOWN)
        rows = self.rows
        means = strings.MEANS_SPEED_UP.format(note=numbers.speed_up_note)
        self.brief.show_figure(numbers.speed_up, means)
        rows.show_value(strings.SPEED_UP, numbers.speed_up, means)
        rows.show_value(strings.DRAFTED_IN, numbers.drafted, strings.MEANS_DRAFTED)
        rows.show_value(strings.ACCEPTED, numbers.acceptance, strings.MEANS_ACCEPTED)
        self._numbers = numbers
        self._bars.show_shares(numbers.by_position)
        self.prompt.setVisible(bool(numbers.prompt))
        self.prompt.setText(numbers.prompt)
        self._prompt_bar.setVisible(numbers.prompt_share is not None)
        self._prompt_bar.setValue(round(_STEPS * (numbers.prompt_share or 0)))
        self._memory_bar.setValue(round(_STEPS * min(1, numbers.memory_share)))
        self._show_parts()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        step = _ARROWS.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self.dragged.emit(step)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() is Qt.MouseButton.LeftButton:
            self._grip = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if self._grip is not None:
            self.dragged.emit(event.position().toPoint() - self._grip)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:  # noqa: N802
        self._grip = None

    def _show_parts(self) -> None:
        numbers, full = self._numbers, not self._compact and not self._strip
        self.brief.setVisible(self._strip and bool(numbers.speed_up))
        self.rows.setVisible(not self._strip)
        self._plot.setVisible(full)
        rows = self.rows
        each, tau = (numbers.tokens_per_round, numbers.tau) if full else ("", "")
        rows.show_value(strings.TOKENS_PER_ROUND, each, strings.MEANS_TOKENS_PER_ROUND)
        rows.show_value(strings.TAU, tau, strings.MEANS_TAU)
        rows.show_value(strings.MEMORY, numbers.memory if full else "", strings.MEANS_MEMORY)
        self._memory_bar.setVisible(full and numbers.memory_share > 0)
        self._bars_title.setVisible(full and bool(numbers.by_position))
        self._bars.setVisible(full and bool(numbers.by_position))
        self.measure.setVisible(numbers.lacks_plain and not numbers.live)
        self.adjustSize()

    def _show_effect(self, effect: Effect) -> None:
        self.state.setText(effect.text[:1].upper() + effect.text[1:])
        self.state.setEnabled(effect.live)
        self.adjustSize()

    def _lay_out(self) -> None:
        self._title = _label(fonts.small(), "muted", strings.OVERLAY)
        head = QHBoxLayout()
        head.setSpacing(0)
        head.addWidget(self._title)
        head.addStretch(1)
        head.addWidget(self._size)
        head.addWidget(self._pin)
        head.addWidget(self._close)
        number = QHBoxLayout()
        number.setSpacing(8)
        number.addWidget(self.rate, 0, Qt.AlignmentFlag.AlignBaseline)
        number.addWidget(self.note, 1, Qt.AlignmentFlag.AlignBaseline)
        self._outer = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._outer.setContentsMargins(*_CARD_EDGES)
        self._outer.setSpacing(6)
        self._outer.addLayout(head)
        self._inner = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._inner.setContentsMargins(0, 0, 6, 0)
        self._inner.setSpacing(8)
        self._inner.addLayout(number)
        for view in (
            self._plot,
            self.prompt,
            self._prompt_bar,
            self.brief,
            self.state,
            self.measure,
            self.rows,
            self._memory_bar,
            self._bars_title,
            self._bars,
        ):
            self._inner.addWidget(view, int(view is self.state))
        self._outer.addLayout(self._inner, 1)


class Rows(QWidget):
    """Labels and values; a value that is not measured has no row."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(0, 1)
        self.values: dict[str, FigureLabel] = {}
        self._names: dict[str, QLabel] = {}

    def show_value(self, name: str, value: str, meaning: str) -> None:
        if name not in self.values:
            row = len(self.values)
            self._names[name] = _label(fonts.small(), "muted", name)
            self.values[name] = FigureLabel(fonts.small())
            self.values[name].setAccessibleName(name)
            self._grid.addWidget(self._names[name], row, 0)
            self._grid.addWidget(self.values[name], row, 1, Qt.AlignmentFlag.AlignRight)
        for label in (self._names[name], self.values[name]):
            label.setVisible(bool(value))
            label.setToolTip(plain_tip(meaning))
        self.values[name].show_figure(value, meaning)


def _label(font: QFont, tone: str = "", text: str = "") -> QLabel:
    label = QLabel(text)
    label.setFont(font)
    if tone:
        label.setProperty("tone", tone)
    return label


def _bar(name: str) -> QProgressBar:
    bar = QProgressBar()
    bar.setRange(0, _STEPS)
    bar.setTextVisible(False)
    bar.setFixedHeight(4)
    bar.setAccessibleName(name)
    return bar
