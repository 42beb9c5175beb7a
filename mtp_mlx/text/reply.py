"""What a reply looks like as its tokens arrive: text, thoughts and ghosts of rejected drafts."""

from __future__ import annotations

from mtp_mlx.text.channels import ANSWER, CLOSE, OPEN, OPENED, Piece, read
from mtp_mlx.text.detokenizer import StreamingDetokenizer
from mtp_mlx.text.tokenizer import Tokenizer


class ReplyText:
    """One reply's text. `tokenizer` None: every piece is empty, as without a vocabulary."""

    def __init__(self, tokenizer: Tokenizer | None) -> None:
        self._tokenizer = tokenizer
        self._stream = StreamingDetokenizer(tokenizer) if tokenizer else None
        self._open = tokenizer.token_id(OPEN) if tokenizer else None
        self._close = tokenizer.token_id(CLOSE) if tokenizer else None
        self._channel = ANSWER

    def push(self, token_id: int) -> Piece:
        """The text this token completes. A channel's marks and header have none."""
        if self._stream is None:
            return Piece("", thought=False)
        if token_id == self._open:
            piece = self.flush()
            self._channel = OPENED
            return piece if piece.text else Piece("", thought=True)
        if token_id == self._close:
            piece = self.flush()
            self._channel = ANSWER
            return piece
        return self._read(self._stream.push(token_id))

    def flush(self) -> Piece:
        """What is still held back; a header cut short stays hidden."""
        return self._read(self._stream.flush() if self._stream else "")

    def peek(self, token_id: int) -> str:
        """A rejected draft as a ghost: its text here, or the name of a control token."""
        if self._tokenizer is None or self._stream is None:
            return ""
        if token_id in self._tokenizer.special_ids or token_id in (self._open, self._close):
            return self._tokenizer.token_text(token_id)
        return self._stream.peek(token_id)

    def _read(self, text: str) -> Piece:
        step = read(self._channel, text)
        self._channel = step.channel
        return Piece(step.shown, step.channel.thought)
