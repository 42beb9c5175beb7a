"""The toolbar: the loaded pair, the MTP switch, and what MTP does now."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QActionGroup, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import strings
from app.domain.settings import MtpChoice
from app.viewmodels.common.engine import EngineViewModel, Status
from app.viewmodels.common.mtp import Effect, MtpViewModel, depth_label
from app.viewmodels.models.switching import PairSwitching
from app.views.common import fonts
from app.views.common.controls import ElidedLabel, IconButton, Menu, Switch, keys_text
from app.views.common.theme import ThemeController
from app.views.models.chooser import PairChooser

_STEPS = 1000
_ROOMY = 760


class Toolbar(QWidget):
    def __init__(
        self,
        engine: EngineViewModel,
        pairs: PairSwitching,
        mtp: MtpViewModel,
        depths: QActionGroup,
        theme: ThemeController,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("toolbar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._mtp = mtp
        self.title = ElidedLabel()
        self.title.setFont(fonts.strong())
        self.status = ElidedLabel()
        self.status.setFont(fonts.small())
        self.status.setProperty("tone", "muted")
        self.chooser = PairChooser(pairs, theme)
        self._detail = QLabel()
        self._detail.setFont(fonts.small())
        self._detail.setProperty("tone", "muted")
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._progress.setFixedSize(120, 4)
        self._progress.setAccessibleName(strings.LOADING)
        self.effect = ElidedLabel(Qt.AlignmentFlag.AlignRight)
        self.effect.setProperty("tone", "muted")
        self.switch = Switch(strings.MTP, theme)
        self.switch.setToolTip(strings.MTP_SWITCH_HELP)
        self.switch.clicked.connect(mtp.turn)
        self.depths = QToolButton()
        keys = f"{keys_text('Ctrl+1')} … {keys_text('Ctrl+8')}"
        self.depths.setToolTip(f"{strings.MTP_DEPTH_HELP} ({keys})")
        self.depths.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = Menu(parent=self.depths)
        menu.addActions(depths.actions())
        self.depths.setMenu(menu)
        self.overlay = IconButton("activity", strings.OVERLAY_TOGGLE, theme)
        self.overlay.setCheckable(True)
        self.overlay.toggled.connect(self._show_overlay)
        self._lay_out()
        engine.status_changed.connect(self._show_status)
        mtp.effect_changed.connect(self._show_effect)
        mtp.wish_changed.connect(self._show_wish)
        self._show_status(engine.status)
        self._show_effect(mtp.effect)
        self._show_wish(mtp.wish)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        self._detail.setVisible(event.size().width() >= _ROOMY and bool(self._detail.text()))
        super().resizeEvent(event)

    def lead_with(self, button: QWidget) -> None:
        """Put `button` before everything else."""
        self._row.insertWidget(0, button)

    def show_title(self, title: str) -> None:
        """Show the open chat's title; "" for one in which nothing was said."""
        self.title.set_text(title)
        self.title.setVisible(bool(title))

    def _show_overlay(self, shown: bool) -> None:
        """Say what MTP does once: here only while the overlay does not."""
        self.overlay.set_icon("activity", "accent" if shown else "text_muted")
        self.effect.setVisible(not shown)

    def _show_status(self, status: Status) -> None:
        self.status.set_text(status.text)
        self._detail.setText(status.detail)
        self._detail.setVisible(bool(status.detail) and self.width() >= _ROOMY)
        self._progress.setVisible(status.progress is not None)
        if status.progress is None or status.progress < 0:
            self._progress.setRange(0, 0)
        else:
            self._progress.setRange(0, _STEPS)
            self._progress.setValue(round(_STEPS * status.progress))

    def _show_effect(self, effect: Effect) -> None:
        self.effect.set_text(effect.text)
        self.effect.setAccessibleName(strings.EFFECT.format(effect=effect.text))
        self.effect.setEnabled(effect.live)

    def _show_wish(self, wish: MtpChoice) -> None:
        self.switch.setChecked(wish.on)
        self.depths.setText(f"{depth_label(wish.depth)} ▾")
        self.depths.setAccessibleName(f"{strings.MTP_DEPTH_HELP}: {depth_label(wish.depth)}")

    def _lay_out(self) -> None:
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(self.title)
        line = QHBoxLayout()
        line.setSpacing(6)
        line.addWidget(self.status)
        line.addWidget(self.chooser)
        line.addWidget(self._detail)
        line.addWidget(self._progress)
        line.addStretch(1)
        names.addLayout(line)
        label = QLabel(strings.MTP)
        label.setFont(fonts.strong())
        self.effect.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(14, 7, 16, 7)
        row.setSpacing(8)
        row.addLayout(names, 3)
        row.addWidget(self.effect, 2)
        row.addSpacing(6)
        row.addWidget(label)
        row.addWidget(self.switch)
        row.addWidget(self.depths)
        row.addSpacing(8)
        row.addWidget(self.overlay)
