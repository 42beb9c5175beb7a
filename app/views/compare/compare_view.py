"""Compare: one prompt with MTP off and on, two lanes replayed side by side."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QTextCursor
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from app import strings
from app.domain.comparison import Side
from app.viewmodels.common import format as fmt
from app.viewmodels.compare.compare import CompareState, CompareViewModel, lane_figures, verdict
from app.viewmodels.compare.race import Lane, Shown
from app.viewmodels.tokens.timeline import switch_label
from app.views.common import fonts
from app.views.common.controls import plain_tip, push_button
from app.views.common.figures import FigureLabel, Figures
from app.views.common.motion import reduced_motion
from app.views.common.theme import ThemeController


class LaneView(QFrame):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lane")
        self.title = QLabel()
        self.title.setFont(fonts.strong())
        self.rate = FigureLabel(fonts.display())
        self._unit = QLabel()
        self._unit.setFont(fonts.small())
        self._unit.setProperty("tone", "muted")
        self.text = QPlainTextEdit()
        self.text.setObjectName("laneText")
        self.text.setReadOnly(True)
        self.text.setFont(fonts.reading())
        self.text.setTabChangesFocus(True)
        self.text.setPlaceholderText(strings.LANE_WAITING)
        self.note = Figures()
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.title, 1, Qt.AlignmentFlag.AlignBaseline)
        head.addWidget(self.rate, 0, Qt.AlignmentFlag.AlignBaseline)
        head.addWidget(self._unit, 0, Qt.AlignmentFlag.AlignBaseline)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 16, 12)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.text, 1)
        column.addWidget(self.note)

    def set_title(self, title: str) -> None:
        self.title.setText(title)
        self.text.setAccessibleName(title)

    def show_moment(self, shown: Shown) -> None:
        rate = "" if shown.tps is None else fmt.rate(shown.tps)
        self.rate.show_figure(rate, strings.MEANS_LANE_RATE)
        self._unit.setText("" if shown.tps is None else strings.RATE_UNKNOWN)
        self._write(shown.text)

    def _write(self, text: str) -> None:
        """Append what is new: laying out a whole text thirty times a second would stutter."""
        before = self.text.toPlainText()
        if text == before:
            return
        if not text.startswith(before):
            self.text.setPlainText(text)
        else:
            end = QTextCursor(self.text.document())
            end.movePosition(QTextCursor.MoveOperation.End)
            end.insertText(text[len(before) :])
        bar = self.text.verticalScrollBar()
        bar.setValue(bar.maximum())


_SIZE = (980, 700)
_LEAST = (680, 570)
_STEPS_A_SECOND = 100


class CompareDialog(QDialog):
    """Asks for a question, compares, and replays the race.

    The window behind it is blocked: the engine answers one request at a time.
    """

    report_asked = Signal(object)  # Comparison

    def __init__(
        self, compare: CompareViewModel, theme: ThemeController, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowModality(Qt.WindowModality.ApplicationModal)
        self.setWindowTitle(strings.COMPARE_TITLE)
        self.setMinimumSize(*_LEAST)
        room = parent.size() if parent is not None else QSize(*_SIZE)
        self.resize(QSize(*_SIZE).boundedTo(room).expandedTo(QSize(*_LEAST)))
        self._compare = compare
        self._theme = theme
        self.question = QPlainTextEdit(compare.last_question)
        self.question.setFont(fonts.reading())
        self.question.setPlaceholderText(strings.COMPARE_QUESTION_HINT)
        self.question.setTabChangesFocus(True)
        self.question.setFixedHeight(2 * self.question.fontMetrics().lineSpacing() + 20)
        self.question.setAccessibleName(strings.COMPARE_QUESTION)
        self.start = push_button(strings.COMPARE_START, "filled")
        self.stop = push_button(strings.COMPARE_STOP, "outline")
        self.stop.setToolTip(strings.COMPARE_STOP_HELP)
        self.note = _text("muted")
        self.lanes: dict[Side, LaneView] = {"off": LaneView(), "on": LaneView()}
        self.headline = FigureLabel(fonts.title())
        self.numbers = Figures("")
        self.texts = _text()
        self.warnings = _text("warning")
        self.details = _text("muted")
        self.play = push_button(strings.RACE_PLAY, "outline")
        self.moment = QSlider(Qt.Orientation.Horizontal)
        self.moment.setAccessibleName(strings.RACE_POSITION)
        self.moment.setToolTip(strings.RACE_POSITION)
        self.save = push_button(strings.SAVE_REPORT, "outline")
        self._plot_place = QVBoxLayout()
        self._lay_out()
        self._connect()
        self._show(compare.state)
        (self.start if compare.last_question else self.question).setFocus()

    def reject(self) -> None:
        """Stop the comparison and close, on Esc."""
        self._leave()
        super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        self._leave()
        super().closeEvent(event)

    def _leave(self) -> None:
        self._compare.stop()
        self._compare.race.pause()

    def _begin(self) -> None:
        self._compare.race.pause()
        self._compare.begin(self.question.toPlainText())

    def _connect(self) -> None:
        compare, race = self._compare, self._compare.race
        self.start.clicked.connect(self._begin)
        self.question.textChanged.connect(self._refresh)
        self.stop.clicked.connect(compare.stop)
        self.play.clicked.connect(self._toggle)
        self.moment.actionTriggered.connect(self._on_slider)
        self.save.clicked.connect(self._ask_to_save)
        compare.changed.connect(self._show)
        compare.advanced.connect(self._show_run)
        compare.availability_changed.connect(self._refresh)
        race.moved.connect(self._show_moment)

    def _toggle(self) -> None:
        race = self._compare.race
        if race.playing:
            race.pause()
        else:
            race.play()

    def _on_slider(self) -> None:
        self._compare.race.seek(self.moment.sliderPosition() / _STEPS_A_SECOND)

    def _ask_to_save(self) -> None:
        if self._compare.state.result is not None:
            self.report_asked.emit(self._compare.state.result)

    # What is shown

    def _show(self, state: CompareState) -> None:
        self._refresh()
        self.lanes["off"].set_title(strings.LANE_OFF)
        self.lanes["on"].set_title(strings.LANE_ON.format(mode=self._mode()))
        for side, lane in self.lanes.items():
            record = self._compare.record(side)
            lane.note.show_figures(() if record is None else lane_figures(record))
            lane.show_moment(Lane(() if record is None else record.rounds).at(float("inf")))
        self._show_result(state)

    def _show_result(self, state: CompareState) -> None:
        result = state.result
        views = (self.headline, self.numbers, self.texts, self.details, self.warnings)
        for view in (*views, self.play, self.moment, self.save):
            view.setVisible(result is not None)
        if result is None:
            return
        said = verdict(result)
        self.headline.show_figure(said.headline, strings.MEANS_COMPARED)
        self.headline.setFont(fonts.title() if said.tone != "plain" else fonts.strong())
        self.numbers.show_figures(said.numbers)
        self.numbers.setVisible(bool(said.numbers))
        self.warnings.setText(said.warnings)
        self.warnings.setVisible(bool(said.warnings))
        self.texts.setText(said.texts)
        self.details.setText(said.details)
        self._show_plot()
        self.moment.setRange(0, round(self._compare.race.duration * _STEPS_A_SECOND))
        if not reduced_motion():
            self._compare.race.play()
        self._show_moment()

    def _show_plot(self) -> None:
        if self._plot_place.count() == 0:
            from app.views.compare.race_plot import RacePlot

            self._plot = RacePlot(self._compare.race, self._theme)
            self._plot_place.addWidget(self._plot)
        self._plot.show_runs()

    def _show_run(self) -> None:
        reply, stage = self._compare.running_reply, self._compare.state.stage
        if reply is not None and stage in self.lanes:
            side: Side = "on" if stage == "on" else "off"
            self.lanes[side].show_moment(Lane(reply.rounds).at(float("inf")))

    def _show_moment(self) -> None:
        race = self._compare.race
        if self._compare.state.result is None:
            return
        self.play.setText(strings.RACE_PAUSE if race.playing else strings.RACE_PLAY)
        for side, lane in self.lanes.items():
            lane.show_moment(race.shown(side))
        if not self.moment.isSliderDown():
            with QSignalBlocker(self.moment):  # this move is not the user's
                self.moment.setSliderPosition(round(race.position * _STEPS_A_SECOND))

    def _refresh(self) -> None:
        state, obstacle = self._compare.state, self._compare.obstacle
        held = self.start.hasFocus() or self.stop.hasFocus()
        self.start.setVisible(not state.running)
        self.stop.setVisible(state.running)
        if held:  # the keyboard stays at the button, whichever is shown
            (self.stop if state.running else self.start).setFocus()
        self.question.setReadOnly(state.running)
        self.start.setText(strings.COMPARE_AGAIN if state.result else strings.COMPARE_START)
        self.start.setEnabled(bool(self.question.toPlainText().strip()) and not obstacle)
        self.start.setToolTip(plain_tip(obstacle))
        explained = "" if state.result else strings.COMPARE_EXPLAINED
        stage = strings.COMPARE_STAGES[state.stage]
        self.note.setText(stage or state.note or obstacle or explained)
        self.note.setVisible(bool(self.note.text()))

    def _mode(self) -> str:
        record = self._compare.record("on")
        return switch_label(self._compare.depth if record is None else record.mtp)

    def _lay_out(self) -> None:
        ask = QHBoxLayout()
        ask.setSpacing(10)
        ask.addWidget(self.question, 1)
        ask.addWidget(self.start)
        ask.addWidget(self.stop)
        lanes = QHBoxLayout()
        lanes.setSpacing(14)
        for lane in self.lanes.values():
            lanes.addWidget(lane, 1)
        race = QHBoxLayout()
        race.setSpacing(12)
        race.addWidget(self.play)
        race.addWidget(self.moment, 1)
        race.addWidget(self.save)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addLayout(ask)
        column.addWidget(self.note)
        column.addLayout(lanes, 1)
        for view in (self.headline, self.numbers, self.texts, self.warnings, self.details):
            column.addWidget(view)
        column.addLayout(self._plot_place)
        column.addLayout(race)
        for button in (self.start, self.stop, self.play, self.save):
            button.setAutoDefault(False)


def _text(tone: str = "") -> QLabel:
    label = QLabel()
    label.setFont(fonts.small() if tone else fonts.ui())
    label.setProperty("tone", tone)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
