"""What a checkpoint's own files make of words: a conversation as token ids, a reply's ids as text.

Those files are a stranger's programs. `LocalCodec` runs them in this process, `mtp_mlx.text.reader`
in one of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, Self

import msgspec

from mtp_mlx.api import Message, ThinkingSyntax
from mtp_mlx.errors import DamagedModel, MtpMlxError, UsageError
from mtp_mlx.text import foreign
from mtp_mlx.text.reply import Read, ReplyText, without_thoughts
from mtp_mlx.text.template import ChatTemplate
from mtp_mlx.text.tokenizer import Tokenizer


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The properties of a codec, read once when it is loaded."""

    has_template: bool
    end_ids: frozenset[int]
    special_ids: frozenset[int]  # of control tokens: they have no text
    opening: int | None = None  # the id that opens a thought

    def opened(self, prompt: Sequence[int]) -> Sequence[int] | None:
        """Return what a prompt says of a thought that it opens and leaves open; else None."""
        for i in range(len(prompt) - 1, -1, -1):
            if prompt[i] == self.opening:
                return prompt[i + 1 :]
            if prompt[i] in self.special_ids:
                break
        return None


class Dialogue(msgspec.Struct, frozen=True, kw_only=True):
    """What a reply is written to."""

    messages: tuple[Message, ...]
    thinking: bool = False
    begun: str = ""  # the text so far of a reply that goes on

    @property
    def length(self) -> int:
        """Return the characters of all messages, and of the reply."""
        return sum(len(message.content) for message in self.messages) + len(self.begun)


Cancelled = Callable[[], bool]


def never() -> bool:
    return False


class ReadingCancelledError(Exception):
    """The user stopped a request while its text was being read; nothing came of it."""


class Texts(Protocol):
    """A reply's text, written once."""

    def read(self, ids: Sequence[int], rejected: Sequence[int] = (), *, last: bool) -> Read:
        """Return the texts of a round's ids, and of its rejected drafts. `last` flushes."""
        ...


class Codec(Protocol):
    """A loaded pair's text. Each call may raise an MtpMlxError, or ReadingCancelledError."""

    @property
    def facts(self) -> Facts: ...

    def prompt(self, dialogue: Dialogue, cancelled: Cancelled = never) -> list[int]:
        """Return the ids of a conversation up to the reply, through the chat template."""
        ...

    def encode(self, text: str, *, special: bool = True, cancelled: Cancelled = never) -> list[int]:
        """Return the ids of a text as it stands. With `special` the bos comes first."""
        ...

    def decode(self, ids: Sequence[int]) -> str: ...

    def reply(self, opened: Sequence[int] | None = None, cancelled: Cancelled = never) -> Texts:
        """Begin the text of a reply. The reply before it is over.

        `opened` are the prompt's ids behind the opening of a thought it leaves open.
        """
        ...

    def close(self) -> None:
        """Give back what the codec holds. It is not used again."""
        ...


class LocalCodec:
    """A codec in this process."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        template: ChatTemplate | None,
        thinking: ThinkingSyntax | None,
        fault: MtpMlxError | None = None,
    ) -> None:
        """`fault` is why there is no template, where there is none."""
        self._tokenizer = tokenizer
        self._template = template
        self._thinking = thinking
        self._fault = fault
        marks = (thinking.opening, thinking.closing) if thinking else ()
        marked = {i for mark in marks if (i := tokenizer.token_id(mark)) is not None}
        self._controls = tokenizer.special_ids | marked | _spelled_out(tokenizer, template)
        self._names = foreign.ControlNames(map(tokenizer.token_text, self._controls))
        self.facts = Facts(
            has_template=template is not None,
            end_ids=tokenizer.end_ids,
            special_ids=tokenizer.special_ids | marked,
            opening=tokenizer.token_id(thinking.opening) if thinking else None,
        )

    @classmethod
    def load(cls, folder: Path, thinking: ThinkingSyntax | None) -> Self | None:
        """Return the folder's codec; None where it has no tokenizer. Raises DamagedModel.

        A damaged template is told to whoever needs it.
        """
        tokenizer = Tokenizer.load(folder)
        if tokenizer is None:
            return None
        try:
            return cls(tokenizer, ChatTemplate.load(folder), thinking, no_template(folder))
        except DamagedModel as error:
            return cls(tokenizer, None, thinking, error)

    def prompt(self, dialogue: Dialogue, cancelled: Cancelled = never) -> list[int]:  # noqa: ARG002 - nothing here waits
        template = self._template
        if template is None:
            assert self._fault is not None
            raise self._fault
        rendering = foreign.render(
            lambda messages: template.render(messages, thinking=dialogue.thinking),
            [self._as_answered(message) for message in dialogue.messages],
            self._names,
        )
        ids = foreign.encode(self._tokenizer, rendering, self._controls)
        if not dialogue.begun:
            return ids
        if self._thinking and self.facts.opened(ids) is not None:  # what is begun is the answer
            closing = self._tokenizer.token_id(self._thinking.closing)
            ids += [] if closing is None else [closing]
        return ids + self._plain(dialogue.begun)

    def _as_answered(self, message: Message) -> Message:
        """Return an assistant's message without the whole thoughts in it."""
        if message.role != "assistant" or self._thinking is None:
            return message
        content = without_thoughts(message.content, self._thinking, whole=True)
        return replace(message, content=content)

    def _plain(self, text: str) -> list[int]:
        """Return the ids of a text in which no control token is meant."""
        rendering = foreign.Rendering(text, b"\x01" * len(text))
        return foreign.encode(self._tokenizer, rendering, self._controls)

    def encode(self, text: str, *, special: bool = True, cancelled: Cancelled = never) -> list[int]:  # noqa: ARG002 - as above
        return self._tokenizer.encode(text, special)

    def decode(self, ids: Sequence[int]) -> str:
        return self._tokenizer.decode(ids)

    def reply(
        self,
        opened: Sequence[int] | None = None,
        cancelled: Cancelled = never,  # noqa: ARG002 - as above
    ) -> ReplyText:
        return ReplyText(self._tokenizer, self._thinking, opened)

    def close(self) -> None:
        """Hold nothing."""


def no_template(folder: Path) -> UsageError:
    """Return the error for a prompt that needs a template where the folder has none."""
    if folder.parent.name == "snapshots":  # of a download cache, which other programs fill in part
        return UsageError(
            "This copy of the model on this disk has no chat template.",
            "Fetch what is missing of it, or give the prompt as it is on the command line (--raw).",
        )
    return UsageError(
        "The model's folder has no chat template.",
        "Download the model again, or give the prompt as it is on the command line (--raw).",
    )


def _spelled_out(tokenizer: Tokenizer, template: ChatTemplate | None) -> frozenset[int]:
    """Return the added tokens that the template writes, special or not; not a line's end."""
    source = template.source if template else ""
    return frozenset(i for i, name in tokenizer.added.items() if name.strip() and name in source)
