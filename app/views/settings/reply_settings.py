"""The dialog of a chat's reply settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QDialog,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app import strings
from app.domain.settings import ReplySettings
from app.viewmodels.common import format as fmt
from app.viewmodels.settings.reply_settings import RULES, PresetsViewModel, advice
from app.views.common import fonts
from app.views.common.controls import Segments, Switch, push_button
from app.views.common.theme import ThemeController
from app.views.settings.preset_bar import PresetBar
from mtp_mlx.api import Sampling

_MOST_TOKENS = 131_072
_MOST_SEED = 2**31 - 1
_INSET = (6, 0, 6, 0)
_WIDTH = 590


@dataclass(frozen=True, slots=True)
class Model:
    """The loaded model's recommended sampling, and its context in tokens; None: not known."""

    recommended: Sampling
    context: int | None


class ReplySettingsDialog(QDialog):
    """Edits the reply settings of a chat.

    Recommended sampling is shown with its values and sent as None. Settings hold from Done on;
    presets are saved at once.
    """

    def __init__(
        self,
        settings: ReplySettings,
        model: Model,
        presets: PresetsViewModel,
        theme: ThemeController,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(strings.REPLY_SETTINGS.removesuffix("…"))
        self._model = model
        self._base = settings
        self._chosen = settings.sampling or model.recommended
        self.system = QPlainTextEdit()
        self.system.setPlaceholderText(strings.SYSTEM_HINT)
        self.system.setTabChangesFocus(True)
        self.system.setFixedHeight(72)
        self.recommended = Switch(strings.RECOMMENDED, theme)
        self.temperature = _decimal(2.0, strings.TEMPERATURE)
        self.top_k = _whole(0, 1000, strings.TOP_K)
        self.top_k.setSpecialValueText(strings.TOP_K_OFF)
        self.top_p = _decimal(1.0, strings.TOP_P)
        self.min_p = _decimal(1.0, strings.MIN_P)
        self.fixed_seed = Switch(strings.FIXED_SEED, theme)
        self.seed = _whole(0, _MOST_SEED, strings.SEED)
        self.max_tokens = _whole(1, _MOST_TOKENS, strings.MAX_TOKENS)
        self.thinking = Switch(strings.THINK, theme)
        self.verify = Segments(strings.VERIFY, {rule: name for rule, (name, _) in RULES.items()})
        self.meaning = _wrapped("muted")
        self.advice = _wrapped("warning")
        self.more = push_button("", "disclosure")
        self.more.setCheckable(True)
        self.expert = QWidget()
        self.presets = PresetBar(presets, self.settings)
        self.reset = push_button(strings.RESET_SETTINGS, "outline")
        self._lay_out()
        self.show_settings(settings)
        self._connect()
        self.more.setChecked(_is_expert(settings))
        self._unfold(shown=self.more.isChecked())
        self._refresh()
        self.system.setFocus()

    def settings(self) -> ReplySettings:
        """Return the settings; those without a field here stay as they were."""
        return msgspec.structs.replace(
            self._base,
            system=self.system.toPlainText(),
            sampling=None if self.recommended.isChecked() else self._sampling(),
            seed=self.seed.value() if self.fixed_seed.isChecked() else None,
            max_tokens=self.max_tokens.value(),
            thinking=self.thinking.isChecked(),
            verify=self.verify.value,
        )

    def show_settings(self, settings: ReplySettings) -> None:
        self._chosen = settings.sampling or self._model.recommended
        self.system.setPlainText(settings.system)
        self.recommended.setChecked(settings.sampling is None)
        self._show_sampling(self._chosen)
        self.fixed_seed.setChecked(settings.seed is not None)
        self.seed.setValue(settings.seed or 0)
        self.max_tokens.setValue(settings.max_tokens)
        self.thinking.setChecked(settings.thinking)
        self.verify.choose(settings.verify)

    def _sampling(self) -> Sampling:
        return replace(
            self._chosen,
            temperature=round(self.temperature.value(), 2),
            top_k=self.top_k.value(),
            top_p=round(self.top_p.value(), 2),
            min_p=round(self.min_p.value(), 2),
        )

    def _show_sampling(self, sampling: Sampling) -> None:
        self.temperature.setValue(sampling.temperature)
        self.top_k.setValue(sampling.top_k)
        self.top_p.setValue(sampling.top_p)
        self.min_p.setValue(sampling.min_p)

    def _reset(self) -> None:
        """Reset everything but the MTP switch, which is not among these settings."""
        self.show_settings(ReplySettings())

    def _refresh(self) -> None:
        own = not self.recommended.isChecked()
        if not own:
            self._show_sampling(self._model.recommended)
        for field in (self.temperature, self.top_k, self.top_p, self.min_p):
            field.setEnabled(own)
        self.seed.setEnabled(self.fixed_seed.isChecked())
        settings = self.settings()
        self.meaning.setText(RULES[settings.verify][1])
        words = advice(settings, self._model.recommended, self._model.context)
        self.advice.setText(" ".join(words))
        self.presets.refresh()

    def _unfold(self, *, shown: bool) -> None:
        """Show or hide what everyday use does not need."""
        arrow = "▾" if shown else "▸"
        self.more.setText(f"{arrow} {strings.EXPERT}")
        self.more.setAccessibleName(strings.EXPERT)
        self.expert.setVisible(shown)
        self.adjustSize()

    def _connect(self) -> None:
        for switch in (self.recommended, self.fixed_seed, self.thinking):
            switch.toggled.connect(self._refresh)
        for field in (self.temperature, self.top_p, self.min_p):
            field.valueChanged.connect(self._refresh)
        for count in (self.top_k, self.seed, self.max_tokens):
            count.valueChanged.connect(self._refresh)
        self.system.textChanged.connect(self._refresh)
        self.verify.chosen.connect(self._refresh)
        self.presets.applied.connect(self.show_settings)
        self.reset.clicked.connect(self._reset)
        self.more.toggled.connect(lambda on: self._unfold(shown=on))

    def _lay_out(self) -> None:
        title = QLabel(strings.SYSTEM_PROMPT)
        title.setFont(fonts.strong())
        title.setBuddy(self.system)
        done = push_button(strings.DONE, "filled")
        done.setDefault(True)
        done.clicked.connect(self.accept)
        cancel = push_button(strings.CANCEL, "outline")
        cancel.clicked.connect(self.reject)
        for button in (cancel, self.reset, self.more):
            button.setAutoDefault(False)
        buttons = QHBoxLayout()
        buttons.addWidget(self.reset)
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(done)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 18, 24, 18)
        column.setSpacing(10)
        column.addWidget(self.presets)
        column.addWidget(title)
        column.addWidget(self.system)
        column.addLayout(self._everyday())
        column.addWidget(self.more)
        column.addWidget(self.expert)
        column.addWidget(self.advice)
        column.addStretch(1)
        column.addLayout(buttons)
        self._lay_out_expert()
        self.setMinimumWidth(_WIDTH)

    def _everyday(self) -> QGridLayout:
        left = ((strings.RECOMMENDED, self.recommended), (strings.TEMPERATURE, self.temperature))
        right = ((strings.THINK, self.thinking), (strings.MAX_TOKENS, self.max_tokens))
        return _columns(left, right)

    def _lay_out_expert(self) -> None:
        rules = QLabel(strings.VERIFY)
        rules.setFont(fonts.strong())
        left = (
            (strings.TOP_K, self.top_k),
            (strings.TOP_P, self.top_p),
            (strings.MIN_P, self.min_p),
        )
        right = ((strings.FIXED_SEED, self.fixed_seed), (strings.SEED, self.seed))
        column = QVBoxLayout(self.expert)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(_columns(left, right))
        for part in (rules, self.verify, self.meaning):
            column.addWidget(part)


_Fields = Sequence[tuple[str, QWidget]]


def _columns(left: _Fields, right: _Fields) -> QGridLayout:
    """Lay out two columns of labelled fields: the window may be 600 pixels high."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(8)
    grid.setColumnStretch(1, 1)
    grid.setColumnStretch(4, 1)
    grid.setColumnMinimumWidth(2, 12)
    for first, fields in ((0, left), (3, right)):
        for at, (text, field) in enumerate(fields):
            label = QLabel(text)
            label.setBuddy(field)
            grid.addWidget(label, at, first)
            grid.addWidget(field, at, first + 1)
    return grid


def _is_expert(settings: ReplySettings) -> bool:
    """Whether a setting that everyday use leaves alone is another than usual."""
    return settings.seed is not None or settings.verify != "coupled"


def _wrapped(tone: str) -> QLabel:
    label = QLabel()
    label.setFont(fonts.small())
    label.setProperty("tone", tone)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
    label.setMinimumHeight(2 * label.fontMetrics().lineSpacing())  # the dialog is not to jump
    return label


def _decimal(most: float, name: str) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(0.0, most)
    box.setSingleStep(0.05)
    box.setDecimals(2)
    _furnish(box, name, f"{most:g}", "0")
    return box


def _whole(least: int, most: int, name: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(least, most)
    _furnish(box, name, fmt.count(most), str(least))
    return box


def _furnish(box: QAbstractSpinBox, name: str, most: str, least: str) -> None:
    """Set the bounds, outside of which nothing can be typed, and name them in the tooltip."""
    box.setAccessibleName(name)
    box.setToolTip(strings.ADVICE_RANGE.format(least=least, most=most))
    box.lineEdit().setTextMargins(*_INSET)
