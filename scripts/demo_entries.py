"""The question-and-answer entries the demonstration model learns from, and their text format.

A file holds entries separated by a line `---`. An entry is one or more turns; a turn is one or
more `? ` lines (ways to ask) and one `= ` answer, which runs until the next `? `, `= ` or `---`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

SEPARATOR = "---"
# Curly quotes, long dashes and the ellipsis: each would cost the small vocabulary a rare token.
TYPOGRAPHIC = frozenset("\u2018\u2019\u201c\u201d\u2013\u2014\u2026")


@dataclass(frozen=True, slots=True)
class Turn:
    """Several ways to ask one thing, and the one answer."""

    questions: tuple[str, ...]
    answer: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A conversation about one thing: later turns only make sense after the earlier ones."""

    topic: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text and where it stands, for errors that can be clicked on."""

    path: Path
    number: int
    text: str

    def reject(self, problem: str, remedy: str) -> NoReturn:
        """Raise ValueError naming file, line and remedy."""
        message = f"{self.path}:{self.number}: {problem}; {remedy}"
        raise ValueError(message)


def read_folder(folder: Path) -> tuple[Entry, ...]:
    """Every entry of `folder/*.txt`, in name order; the file's stem is the topic."""
    return tuple(entry for path in sorted(folder.glob("*.txt")) for entry in read_entries(path))


def read_entries(path: Path) -> Iterator[Entry]:
    """The entries of one file. Raises ValueError where the text is malformed."""
    for block in _blocks(_lines(path)):
        yield Entry(path.stem, _turns(block))


def _lines(path: Path) -> Iterator[Line]:
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        line = Line(path, number, text.rstrip())
        if TYPOGRAPHIC & set(text):
            line.reject("typographic quote or dash", "use straight quotes and plain hyphens")
        yield line


def _blocks(lines: Iterator[Line]) -> Iterator[list[Line]]:
    block: list[Line] = []
    for line in lines:
        if line.text != SEPARATOR:
            block.append(line)
            continue
        if _has_text(block):
            yield block
        block = []
    if _has_text(block):
        yield block


def _has_text(block: list[Line]) -> bool:
    return any(line.text for line in block)


def _turns(block: list[Line]) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    questions: list[str] = []
    answer: list[str] = []
    for line in block:
        if line.text.startswith("? "):
            if answer:
                turns.append(_turn(questions, answer, line))
                questions, answer = [], []
            questions.append(line.text.removeprefix("? ").strip())
        elif line.text == "=" or line.text.startswith("= "):
            if answer or not questions:
                line.reject("an answer without its question", "write a `? ` line above it")
            answer.append(line.text[2:])
        elif answer:
            answer.append(line.text)
        elif line.text:
            line.reject("text outside a turn", "begin the line with `? ` or `= `")
    turns.append(_turn(questions, answer, block[-1]))
    return tuple(turns)


def _turn(questions: list[str], answer: list[str], line: Line) -> Turn:
    text = "\n".join(answer).strip()
    if not text:
        line.reject("a question without an answer", "write a `= ` line below the questions")
    if not all(questions):
        line.reject("an empty question", "write the question after `? `")
    return Turn(tuple(questions), text)
