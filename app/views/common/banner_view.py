"""A strip above the conversation that says what went wrong and what can be done."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from app import strings
from app.viewmodels.common.engine import Banner, EngineViewModel
from app.views.common.buttons import IconButton, push_button
from app.views.common.theme import ThemeController


class BannerView(QFrame):
    def __init__(
        self, engine: EngineViewModel, theme: ThemeController, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.restart = push_button(strings.RESTART, "outline")
        self.restart.clicked.connect(engine.restart)
        self._dismiss = IconButton("close", strings.DISMISS, theme)
        self._dismiss.clicked.connect(engine.dismiss)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 10, 10, 10)
        row.setSpacing(12)
        row.addWidget(self.text, 1)
        row.addWidget(self.restart)
        row.addWidget(self._dismiss)
        engine.banner_changed.connect(self._show)
        self._show(engine.banner)

    def _show(self, banner: Banner | None) -> None:
        self.setVisible(banner is not None)
        if banner is not None:
            self.text.setText(banner.message)
            self.setAccessibleName(banner.message)
            self.restart.setVisible(banner.can_restart)
            self._dismiss.setVisible(banner.can_dismiss)
