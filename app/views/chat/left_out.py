"""Messages that the model no longer reads: greyed, with a line below the last of them."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QPalette

from app import strings
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.common import format as fmt
from app.views.chat.reply_view import ReplyView
from app.views.chat.transcript import Transcript
from app.views.chat.user_view import UserView
from app.views.common.theme import ThemeController

_PACE_MS = 20


class LeftOut(QObject):
    def __init__(self, chat: ChatViewModel, transcript: Transcript, theme: ThemeController) -> None:
        super().__init__(transcript)
        self._chat = chat
        self._transcript = transcript
        self._theme = theme
        self._later = QTimer(self, singleShot=True, interval=_PACE_MS)
        self._later.timeout.connect(self.show_now)
        for signal in (chat.changed, chat.opened, theme.changed):
            signal.connect(self._later.start)
        transcript.verticalScrollBar().rangeChanged.connect(self._on_built)

    def show_now(self) -> None:
        """Show which of the views are of messages that are left out."""
        first = self._chat.chat.sent_from
        rows = self._chat.messages.messages if first is not None else ()
        cut = next((row for row, message in enumerate(rows) if message.id == first), 0)
        for row, view in enumerate(self._transcript.views, self._transcript.hidden_above):
            self._grey(view, grey=row < cut)
            if isinstance(view, UserView):
                view.show_cut(_words(cut) if cut and row == cut else "", self._send_all)

    def _grey(self, view: UserView | ReplyView, *, grey: bool) -> None:
        if bool(view.property("leftOut")) != grey:
            view.setProperty("leftOut", grey)
            palette = QPalette(self._transcript.palette())
            if grey:
                palette.setColor(QPalette.ColorRole.Text, self._theme.current.color("text_muted"))
            view.setPalette(palette)

    def _send_all(self) -> None:
        if not self._chat.writing:
            self._chat.send_from(None)

    def _on_built(self) -> None:
        if self._chat.chat.sent_from is not None and not self._later.isActive():
            self._later.start()


def _words(count: int) -> str:
    return strings.LEFT_OUT_ONE if count == 1 else strings.LEFT_OUT.format(count=fmt.count(count))
