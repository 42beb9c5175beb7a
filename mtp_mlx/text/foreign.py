"""Foreign text in a prompt: what a user, a file or a tool wrote, where a template put it.

The name of a control token in foreign text stays text: a message that quotes the end of a turn
ends none. A prompt whose foreign text has no part in such a name is encoded as it is.

The places are learned by rendering a second time, with each character of foreign text that names
are spelled with replaced by a stand-in of Unicode's private use. Where the template answers with
another text, because it looks into the messages, the largest set of characters is taken that leaves
its answer as it is, and names and their halves are replaced whole. So a template that unescapes,
doubles or drops characters makes no control of what a user wrote. One that writes a control of its
own where it finds a word is obeyed: no character of that control is the user's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from mtp_mlx.api import Message
from mtp_mlx.errors import UsageError
from mtp_mlx.text.tokenizer import Tokenizer

STAND_INS = (0xF0000, 0x100000)
"""Where Unicode's two planes of private use begin; one that no text uses is taken."""

PLANE = 0xFFFE
"""Characters in a plane; those of the first have a stand-in each."""

ESCAPED = frozenset('"\\')
"""Characters that templates write otherwise within JSON; they have no stand-in."""

Render = Callable[[Sequence[Message]], str]


@dataclass(frozen=True, slots=True)
class Rendering:
    """A prompt, and for each of its characters whether it is foreign; None: none needs care."""

    text: str
    foreign: bytes | None = None


class ControlNames:
    """How the control tokens of a tokenizer are spelled, and where a text may spell one."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = sorted(filter(str.strip, set(names)), key=len, reverse=True)
        self._signs = {c for name in self._names for c in name if not c.isalnum()}
        self._words = [name for name in self._names if name.isalnum()]
        self._begins = {name[:n] for name in self._names for n in range(1, len(name))}
        self._ends = {name[-n:] for name in self._names for n in range(1, len(name))}
        self._longest = max(map(len, self._names), default=0)
        self._pattern = re.compile("|".join(map(re.escape, self._names)) or "(?!)")
        letters = {c for name in self._names for c in name}
        self.letters = {ord(c) for c in letters if not c.isspace()} - {ord(c) for c in ESCAPED}

    def may_be_in(self, text: str) -> bool:
        """Tell whether the text holds a sign of any name, or a character that may be read as one.

        Tokenizers read some characters beyond ASCII as others.
        """
        return (
            not text.isascii()
            or any(sign in text for sign in self._signs)
            or any(word in text for word in self._words)
        )

    def are_in(self, rendering: Rendering) -> bool:
        """Tell whether a name in the prompt has a foreign character, which the template framed."""
        foreign = rendering.foreign or b""
        matches = self._pattern.finditer(rendering.text)
        return any(1 in foreign[match.start() : match.end()] for match in matches)

    def replaced(self, text: str, stand_ins: Mapping[int, int]) -> str:
        """Return the text with stand-ins in its names and in the halves of names at its ends."""
        text = self._pattern.sub(lambda match: match.group().translate(stand_ins), text)
        inner = text.strip()
        start = text.find(inner)
        head = next((n for n in range(self._longest, 0, -1) if inner[:n] in self._ends), 0)
        tail = next((n for n in range(self._longest, 0, -1) if inner[-n:] in self._begins), 0)
        end = start + len(inner)
        text = text[: end - tail] + text[end - tail : end].translate(stand_ins) + text[end:]
        return text[:start] + text[start : start + head].translate(stand_ins) + text[start + head :]


def render(template: Render, messages: Sequence[Message], names: ControlNames) -> Rendering:
    """Render the messages and find what is foreign. Raises what `template` does."""
    text = template(messages)
    texts = [message.content for message in messages]
    plane = next((p for p in STAND_INS if not any(_uses(one, p) for one in (text, *texts))), None)
    if plane is None:  # no writing uses both
        raise UsageError(
            "The conversation holds characters of both private planes of Unicode.",
            "Take them out.",
        )
    written = set("".join(texts))
    wide = {ord(c) for c in written if not (c.isascii() or c.isspace())}
    stand_ins = {c: plane + c for c in wide | names.letters if c < PLANE}

    def marked(replaced: Mapping[int, int]) -> Rendering:
        try:
            answer = template([_with(m, m.content.translate(replaced)) for m in messages])
        except UsageError:  # the template asks for what a message says
            answer = ""
        return _restored(answer, plane)

    rendering = marked(stand_ins)
    if rendering.text == text:
        is_careful = any(map(names.may_be_in, texts)) or names.are_in(rendering)
        return rendering if is_careful else Rendering(text)
    unseen = _unseen(
        sorted(set(map(ord, written)) & stand_ins.keys()),
        lambda some: marked({c: stand_ins[c] for c in some}).text == text,
    )
    others = {c: stand_ins[c] for c in unseen}
    spelled = [names.replaced(m.content, stand_ins).translate(others) for m in messages]
    return _restored(template([_with(m, t) for m, t in zip(messages, spelled, strict=True)]), plane)


def _unseen(letters: list[int], is_harmless: Callable[[set[int]], bool]) -> set[int]:
    """Return letters that are harmless together; halving finds the few harmful ones fast."""
    unseen: set[int] = set()
    waiting = [letters[len(letters) // 2 :], letters[: len(letters) // 2]]
    while waiting:
        some = waiting.pop()
        if some and is_harmless(unseen | set(some)):
            unseen |= set(some)
        elif len(some) > 1:
            waiting += [some[len(some) // 2 :], some[: len(some) // 2]]
    return unseen


def _with(message: Message, content: str) -> Message:
    return replace(message, content=content)


def _uses(text: str, plane: int) -> bool:
    return not text.isascii() and any(plane <= ord(c) <= plane + 0xFFFF for c in text)


def _restored(marked: str, plane: int) -> Rendering:
    planes = marked.encode("utf-32-le", "surrogatepass")[2::4]  # the third byte of a character
    foreign = planes.translate(bytes(number == plane >> 16 for number in range(256)))
    back = {plane + c: c for c in {ord(c) - plane for c in set(marked)} if 0 <= c <= 0xFFFF}
    return Rendering(marked.translate(back), foreign)


def encode(tokenizer: Tokenizer, rendering: Rendering, controls: frozenset[int]) -> list[int]:
    """Return the ids of a rendering, of which no foreign character lies in one of `controls`.

    The whole is encoded at once. A control token that foreign text would make is cut in two, and
    what is before and behind the cut is encoded apart.
    """
    if rendering.foreign is None:
        return tokenizer.encode(rendering.text, special=False)
    ids: list[int] = []
    waiting = [(rendering.text, rendering.foreign, False)]
    while waiting:
        text, foreign, goes_on = waiting.pop()
        spans = tokenizer.spans(text)
        cuts = {
            (span.begin + span.end) // 2 or span.end
            for span in spans
            if span.id in controls and 1 in foreign[span.begin : span.end]
        }
        if not cuts:
            ids += _goes_on(tokenizer, text) if goes_on else [span.id for span in spans]
        elif len(text) > 1:  # else: one character that is a control token has no other spelling
            bounds = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
            pairs = list(pairwise(bounds))
            waiting += [(text[a:b], foreign[a:b], goes_on or a > 0) for a, b in reversed(pairs)]
    return ids


def _goes_on(tokenizer: Tokenizer, text: str) -> list[int]:
    """Return the ids of a text that goes on from another.

    Some tokenizers put a space before a text's first word. They put it before the line's end here,
    which is taken off again.
    """
    line = tokenizer.encode("\n", special=False)
    ids = tokenizer.encode(f"\n{text}", special=False)
    return ids[len(line) :] if ids[: len(line)] == line else tokenizer.encode(text, special=False)
