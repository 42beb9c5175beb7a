"""The size of what one reads and writes in a chat, changed where it stands."""

from __future__ import annotations

from app.views.chat.composer import Composer
from app.views.chat.text_block import TextBlock
from app.views.chat.transcript import Transcript
from app.views.chat.user_view import UserView
from app.views.common import fonts


def set_text_size(size: float, transcript: Transcript, composer: Composer) -> None:
    """Set the nearest of `fonts.TEXT_SIZES`; the reader's place stays.

    Only messages that have views are changed, which are few however long the chat is.
    """
    before = fonts.text_size()
    fonts.set_text_size(size)
    factor = fonts.text_size() / before
    transcript.stay()
    for text in transcript.findChildren(TextBlock):
        font = text.font()
        font.setPointSizeF(font.pointSizeF() * factor)
        text.setFont(font)
    for view in transcript.views:
        if isinstance(view, UserView):
            view.refit()
        elif view.tokens is not None:
            view.tokens.canvas.change_fonts()
    composer.text.setFont(fonts.reading())
