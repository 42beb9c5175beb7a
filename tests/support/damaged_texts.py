"""Damages the files that a checkpoint's text comes from, each case from a seed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from mtp_mlx.api import Message, ThinkingSyntax
from mtp_mlx.printable import printable
from mtp_mlx.text import reader
from mtp_mlx.text.codec import Dialogue

LONGEST = 300
TALK = Dialogue(messages=(Message(role="user", content="the model <turn|> é"),), begun="a the")
THINKING = ThinkingSyntax(opening="<|channel>", header="thought\n", closing="<channel|>")
QUESTIONS: tuple[reader.Question, ...] = (
    reader.OpenTokenizer(folder="", thinking=THINKING),
    reader.OpenTemplate(),
    reader.Prompt(dialogue=TALK),
    reader.Encode(text="the model <turn|> é", special=True),
    reader.Decode(ids=[0, 5, 270, 10**9, -1]),
    reader.Begin(opened=[5, 270]),
    reader.ReadRound(ids=[270, 271, 5, 6, 10**9], rejected=[4, 270], last=True),
)

ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**31,
    2**64,
    1e308,
    "",
    "x" * 5000,
    "\x1b[2J\x9b31m\u202e",
    "\ud800",
    [],
    {},
    [None],
    {"content": 3},
    {"__type": "AddedToken"},
    {"type": "Regex", "pattern": {"Regex": "(a*)*b"}},
    "<turn|>",
    "Sequence",
)
SNIPPETS = (
    "{{ ", " }}", "{% ", " %}", "{% if ", "{% for m in messages %}", "{% endfor %}", "{% endif %}",
    "messages", "[0]", ".content", " | tojson", "|", "(", ")", "raise_exception('x')", "'", '"',
    "{% generation %}", "{% endgeneration %}", "{#", "#}", "{% raw %}", "namespace(a=1)",
    " ** 9 ** 9", "range(10 ** 9)", ".__class__", "{% macro a() %}", "{{ a(a) }}", "\x00", "\u202e",
    "\x1b[2J", "{% include 'x' %}", "{% import 'x' as y %}", "{% extends 'x' %}", "{% break %}",
    "loop.index",
)  # fmt: skip

Change = Callable[[random.Random, bytes], bytes]


def damage(folder: Path, chance: random.Random) -> str:
    """Damage one of the folder's files, and return its name."""
    files = sorted(file for file in folder.iterdir() if file.is_file())
    file = chance.choice(files)
    changes: list[Change] = [_cut, _flipped, _spliced, _replaced]
    if file.suffix == ".json":
        changes += [_odd_value] * 12
    elif file.suffix == ".jinja":
        changes += [_written_anew] * 12
    content = file.read_bytes()
    for _ in range(chance.randint(1, 3)):
        content = chance.choice(changes)(chance, content)
    file.write_bytes(content)
    return file.name


def _cut(chance: random.Random, content: bytes) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def _flipped(chance: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.randint(1, 8) if changed else 0):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _spliced(chance: random.Random, content: bytes) -> bytes:
    place = chance.randrange(len(content) + 1)
    return content[:place] + chance.randbytes(chance.randint(1, 64)) + content[place:]


def _replaced(chance: random.Random, content: bytes) -> bytes:
    others = (b"", b"\xff\xfe", b"[" * 20_000, b"{}", b"[]", b"null", b"\xef\xbb\xbf" + content)
    return chance.choice((*others, content.decode(errors="replace").encode("utf-16")))


def _written_anew(chance: random.Random, content: bytes) -> bytes:
    del content
    return "".join(chance.choices(SNIPPETS, k=chance.randint(1, 12))).encode()


def _odd_value(chance: random.Random, content: bytes) -> bytes:
    """Put an odd value in some value's place, or leave a key out."""
    try:
        tree = json.loads(content)
    except (ValueError, RecursionError):
        return content
    places = list(_places(tree)) if isinstance(tree, dict | list) else []
    if not places:
        return json.dumps(chance.choice(ODD)).encode()
    holder, key = chance.choice(places)
    if isinstance(holder, dict) and chance.random() < 0.2:
        del holder[key]
    else:
        holder[key] = chance.choice(ODD)
    return json.dumps(tree).encode()


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each place of a value: what holds it, and its key. A vocabulary yields a few."""
    waiting = [tree]
    while waiting:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        for key in keys[:40]:
            yield holder, key
            if isinstance(holder[key], dict | list):
                waiting.append(holder[key])


def encoded(question: reader.Question, folder: Path) -> bytes:
    if isinstance(question, reader.OpenTokenizer):
        question = msgspec.structs.replace(question, folder=str(folder))
    return msgspec.json.encode(question)


def faults(answer: bytes) -> str | None:
    """Return what is wrong with a reader's answer; None where it is one or a fit sentence."""
    if not answer.startswith(reader.REFUSED):
        return None
    refused = msgspec.json.decode(answer[len(reader.REFUSED) :], type=reader.Refused)
    sentence = f"{refused.message} {refused.remedy}"
    if len(sentence) > LONGEST:
        return f"{len(sentence)} characters"
    if sentence != printable(sentence) or "\n" in sentence:
        return "a sign that steers"
    if "AssertionError" in sentence:
        return sentence
    return None
