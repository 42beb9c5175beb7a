"""How the replies of this chat are written."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app import strings
from app.domain.settings import ReplySettings
from app.views import fonts
from app.views.buttons import push_button
from app.views.switch import Switch
from app.views.theme import ThemeController
from mtp_mlx.wire import Sampling

_MOST_TOKENS = 131_072
_MOST_SEED = 2**31 - 1
_INSET = (6, 0, 6, 0)


class ReplySettingsDialog(QDialog):
    """What the model recommends is shown, and sent as None, until the user wants otherwise."""

    def __init__(
        self,
        settings: ReplySettings,
        recommended: Sampling,
        theme: ThemeController,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(strings.REPLY_SETTINGS.removesuffix("…"))
        self._law = recommended
        self.system = QPlainTextEdit(settings.system)
        self.system.setPlaceholderText(strings.SYSTEM_HINT)
        self.system.setTabChangesFocus(True)
        self.system.setFixedHeight(84)
        self.recommended = Switch(strings.RECOMMENDED, theme)
        self.recommended.setChecked(settings.sampling is None)
        law = self._chosen = settings.sampling or recommended
        self.temperature = _decimal(law.temperature, 2.0)
        self.top_k = _whole(law.top_k, 0, 1000)
        self.top_k.setSpecialValueText(strings.TOP_K_OFF)
        self.top_p = _decimal(law.top_p, 1.0)
        self.fixed_seed = Switch(strings.FIXED_SEED, theme)
        self.fixed_seed.setChecked(settings.seed is not None)
        self.seed = _whole(settings.seed or 0, 0, _MOST_SEED)
        self.max_tokens = _whole(settings.max_tokens, 1, _MOST_TOKENS)
        self.thinking = Switch(strings.THINK, theme)
        self.thinking.setChecked(settings.thinking)
        self.recommended.toggled.connect(self._refresh)
        self.fixed_seed.toggled.connect(self._refresh)
        self._lay_out()
        self._refresh()

    def settings(self) -> ReplySettings:
        return ReplySettings(
            system=self.system.toPlainText(),
            sampling=None if self.recommended.isChecked() else self._sampling(),
            seed=self.seed.value() if self.fixed_seed.isChecked() else None,
            max_tokens=self.max_tokens.value(),
            thinking=self.thinking.isChecked(),
        )

    def _sampling(self) -> Sampling:
        """What has no field here stays as it was."""
        return replace(
            self._chosen,
            temperature=round(self.temperature.value(), 2),
            top_k=self.top_k.value(),
            top_p=round(self.top_p.value(), 2),
        )

    def _refresh(self) -> None:
        own = not self.recommended.isChecked()
        if not own:
            self.temperature.setValue(self._law.temperature)
            self.top_k.setValue(self._law.top_k)
            self.top_p.setValue(self._law.top_p)
        for field in (self.temperature, self.top_k, self.top_p):
            field.setEnabled(own)
        self.seed.setEnabled(self.fixed_seed.isChecked())

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(24)
        form.setVerticalSpacing(10)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(strings.RECOMMENDED, self.recommended)
        form.addRow(strings.TEMPERATURE, self.temperature)
        form.addRow(strings.TOP_K, self.top_k)
        form.addRow(strings.TOP_P, self.top_p)
        form.addRow(strings.FIXED_SEED, self.fixed_seed)
        form.addRow(strings.SEED, self.seed)
        form.addRow(strings.MAX_TOKENS, self.max_tokens)
        form.addRow(strings.THINK, self.thinking)
        title = QLabel(strings.SYSTEM_PROMPT)
        title.setFont(fonts.strong())
        title.setBuddy(self.system)
        laws = QLabel(strings.SAMPLING)
        laws.setFont(fonts.strong())
        done = push_button(strings.DONE, "filled")
        done.setDefault(True)
        done.clicked.connect(self.accept)
        cancel = push_button(strings.CANCEL, "outline")
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(done)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        for part in (title, self.system):
            column.addWidget(part)
        column.addSpacing(6)
        column.addWidget(laws)
        column.addLayout(form)
        column.addSpacing(8)
        column.addLayout(buttons)
        self.setMinimumWidth(420)


def _decimal(value: float, most: float) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(0.0, most)
    box.setSingleStep(0.05)
    box.setDecimals(2)
    box.lineEdit().setTextMargins(*_INSET)
    box.setValue(value)
    return box


def _whole(value: int, least: int, most: int) -> QSpinBox:
    box = QSpinBox()
    box.lineEdit().setTextMargins(*_INSET)
    box.setRange(least, most)
    box.setValue(value)
    return box
