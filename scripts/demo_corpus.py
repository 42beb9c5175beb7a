"""Conversations that teach the demonstration model: hand-written entries, patterns and variation.

Usage: python scripts/demo_corpus.py --out FILE.jsonl --seed 0 --conversations 60000

Answers are never altered: only the way a question is put varies. The held-out questions never
occur among the training questions, so a right answer to one shows more than memory.
The same seed and number always give the same conversations.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from demo_entries import Entry, Turn, read_folder
from demo_patterns import pattern_entries

TEXT = Path(__file__).parent / "demo_text"
HELD_OUT = TEXT / "heldout" / "questions.txt"

GENERAL = frozenset(
    {"smalltalk", "lists", "stories", "python", "tables", "facts", "rewriting"},
)
REFUSALS = "outside"
# Changing one letter or its case would make the answer to these wrong, and a trailing "please"
# would become part of the text to copy or sort.
EXACT = frozenset(
    {"copy", "sorting", "opposites", "plurals", "translation", "rhymes", "letters", "kinds"},
)

SYSTEM_PROMPTS = (
    "You are the built-in model of MTP MLX. Be short and helpful.",
    "You are the small built-in model of MTP MLX. Answer briefly and honestly.",
    "You are a helpful assistant.",
    "You are a friendly assistant. Keep answers short.",
    "Be brief, clear and kind.",
    "Answer in simple words.",
)

SHARE_PROGRAM, SHARE_PATTERNS, SHARE_GENERAL = 0.45, 0.15, 0.40
CHANCE_SYSTEM = 0.15
CHANCE_CHAIN = 0.35
CHANCE_FRAME = 0.22
CHANCE_LOWER = 0.15
CHANCE_NO_MARK = 0.20
CHANCE_CONTRACTION = 0.30
CHANCE_TYPO = 0.03

IMPERATIVES = frozenset(
    """add change compare convert correct count define describe draft explain find finish fix
    generate give help invent list make name order outline print put rank recite recommend
    rephrase rewrite say shorten show sketch sort spell suggest summarise summarize teach tell
    translate turn write""".split(),
)
INTERROGATIVES = frozenset(
    "what who why when where which how is are does do did can could will should".split(),
)
COMMAND_FRAMES = (
    "Please {}",
    "Can you {}?",
    "Could you {}?",
    "Could you please {}?",
    "Would you {}?",
    "I would like you to {}",
    "I want you to {}",
    "{}, please",
    "{} please",
    "{}, thanks",
    "Hey, {}",
)
QUESTION_FRAMES = (
    "Can you tell me: {}",
    "Can you tell me {}",
    "Please tell me, {}",
    "I would like to know: {}",
    "Quick question: {}",
    "One question: {}",
    "I was wondering, {}",
    "Hey, {}",
    "So {}",
    "{} Please explain.",
    "{} Thanks!",
    "{} Thank you.",
)
CONTRACTIONS = (
    ("What is ", "What's "),
    ("what is ", "what's "),
    ("What are ", "What're "),
    ("How is ", "How's "),
    ("Where is ", "Where's "),
    ("Who is ", "Who's "),
    ("who is ", "who's "),
    ("I would ", "I'd "),
    (" I am ", " I'm "),
    ("do not ", "don't "),
    ("does not ", "doesn't "),
    ("is not ", "isn't "),
    ("cannot ", "can't "),
    (" it is ", " it's "),
)
PUNCTUATION = re.compile(r"[?!.,;:'\"()`]")


class Message(TypedDict):
    """One message, in the form chat templates take."""

    role: str
    content: str


class Conversation(TypedDict):
    """One line of the corpus."""

    topic: str
    messages: list[Message]


@dataclass(frozen=True, slots=True)
class Pool:
    """Entries drawn with a common share of the corpus."""

    share: float
    groups: tuple[tuple[Entry, ...], ...]
    weights: tuple[float, ...]

    def draw(self, rng: random.Random) -> Entry:
        """One entry: first a group by weight, then an entry of it, evenly."""
        return rng.choice(rng.choices(self.groups, self.weights)[0])


def conversations(seed: int, n: int) -> Iterator[Conversation]:
    """`n` conversations, the same for the same seed. Raises ValueError on malformed text."""
    rng = random.Random(seed)
    pools = corpus_pools()
    reserved = frozenset(normalised(question) for _, question in held_out())
    for _ in range(n):
        yield _conversation(rng, pools, reserved)


def held_out() -> list[tuple[str, str]]:
    """(topic, question) pairs that never occur among the training questions."""
    lines = HELD_OUT.read_text(encoding="utf-8").splitlines()
    return [_held_out(line, number) for number, line in enumerate(lines, start=1) if line.strip()]


def corpus_pools() -> tuple[Pool, ...]:
    """Program, patterns and general entries with their shares; a pool without entries is absent."""
    reserved = frozenset(normalised(question) for _, question in held_out())
    written = answerable_first(read_folder(TEXT))
    _check_reserved(written, reserved)
    # A pattern with a held-out question goes as a whole: the combination itself is to be unseen.
    patterns = tuple(entry for entry in pattern_entries() if not _touches(entry, reserved))
    pools = (
        _pool(SHARE_PROGRAM, tuple(e for e in written if e.topic not in GENERAL), exponent=1.0),
        # Patterns have from 7 to hundreds of entries; the root keeps large tables from drowning
        # the small ones.
        _pool(SHARE_PATTERNS, patterns, exponent=0.5),
        _pool(SHARE_GENERAL, tuple(e for e in written if e.topic in GENERAL), exponent=1.0),
    )
    return tuple(pool for pool in pools if pool.groups)


def answerable_first(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """The entries without refusals of questions that another entry answers.

    The outside topic lists what the model does not know; where it names a question that has an
    answer elsewhere, two answers would teach the model to refuse by chance.
    """
    answered = frozenset(
        normalised(question)
        for entry in (*entries, *pattern_entries())
        if entry.topic != REFUSALS
        for question in entry.turns[0].questions
    )
    kept = (_without(entry, answered) if entry.topic == REFUSALS else entry for entry in entries)
    return tuple(entry for entry in kept if entry.turns[0].questions)


def normalised(question: str) -> str:
    """The question in lower case without punctuation, to compare two of them."""
    return " ".join(PUNCTUATION.sub("", question.lower()).split())


def varied(question: str, topic: str, rng: random.Random, *, opening: bool) -> str:
    """The question as another person might type it; frames only where it opens a subject."""
    text = question
    if rng.random() < CHANCE_CONTRACTION:
        text = _contracted(text)
    if opening and rng.random() < CHANCE_FRAME:
        text = _framed(text, rng, suffixes=topic not in EXACT)
    if topic not in EXACT and rng.random() < CHANCE_TYPO:
        text = _mistyped(text, rng)
    if topic not in EXACT and rng.random() < CHANCE_LOWER:
        text = text.lower()
    if rng.random() < CHANCE_NO_MARK:
        text = text.rstrip("?.!") or text
    return text


def _held_out(line: str, number: int) -> tuple[str, str]:
    topic, colon, question = line.partition(": ")
    if not (colon and question.strip()):
        message = f"{HELD_OUT}:{number}: no topic; write `topic: question`"
        raise ValueError(message)
    return topic.strip(), question.strip()


def _without(entry: Entry, answered: frozenset[str]) -> Entry:
    opening, *later = entry.turns
    questions = tuple(q for q in opening.questions if normalised(q) not in answered)
    return Entry(entry.topic, (Turn(questions, opening.answer), *later))


def _touches(entry: Entry, reserved: frozenset[str]) -> bool:
    return any(normalised(q) in reserved for turn in entry.turns for q in turn.questions)


def _check_reserved(entries: tuple[Entry, ...], reserved: frozenset[str]) -> None:
    for entry in entries:
        for turn in entry.turns:
            for question in turn.questions:
                if normalised(question) in reserved:
                    message = (
                        f"{TEXT / entry.topic}.txt: {question!r} is held out; "
                        f"reword it here or in {HELD_OUT}"
                    )
                    raise ValueError(message)


def _pool(share: float, entries: tuple[Entry, ...], exponent: float) -> Pool:
    by_topic: dict[str, list[Entry]] = {}
    for entry in entries:
        by_topic.setdefault(entry.topic, []).append(entry)
    groups = tuple(tuple(group) for group in by_topic.values())
    return Pool(share, groups, tuple(len(group) ** exponent for group in groups))


def _conversation(
    rng: random.Random,
    pools: tuple[Pool, ...],
    reserved: frozenset[str],
) -> Conversation:
    entries = [_draw(rng, pools) for _ in range(_length(rng))]
    messages = [message for entry in entries for message in _messages(entry, rng, reserved)]
    if rng.random() < CHANCE_SYSTEM:
        messages.insert(0, Message(role="system", content=rng.choice(SYSTEM_PROMPTS)))
    return Conversation(topic="+".join(entry.topic for entry in entries), messages=messages)


def _length(rng: random.Random) -> int:
    # Real chats change subject: without chains the model would answer the first question again.
    return rng.choice((2, 2, 3)) if rng.random() < CHANCE_CHAIN else 1


def _draw(rng: random.Random, pools: tuple[Pool, ...]) -> Entry:
    return rng.choices(pools, [pool.share for pool in pools])[0].draw(rng)


def _messages(entry: Entry, rng: random.Random, reserved: frozenset[str]) -> Iterator[Message]:
    for place, turn in enumerate(entry.turns):
        question = _question(turn, entry.topic, rng, reserved, opening=place == 0)
        yield Message(role="user", content=question)
        yield Message(role="assistant", content=turn.answer)


def _question(
    turn: Turn,
    topic: str,
    rng: random.Random,
    reserved: frozenset[str],
    *,
    opening: bool,
) -> str:
    plain = rng.choice(turn.questions)
    text = varied(plain, topic, rng, opening=opening)
    return plain if normalised(text) in reserved else text


def _contracted(text: str) -> str:
    for long, short in CONTRACTIONS:
        if long in text:
            return text.replace(long, short, 1)
    return text


def _framed(text: str, rng: random.Random, *, suffixes: bool) -> str:
    frames = _frames(text)
    if not suffixes:
        # A question mark after the text to copy or sort would belong to it.
        frames = tuple(frame for frame in frames if frame.endswith("{}"))
    if not frames:
        return text
    frame = rng.choice(frames)
    if frame.startswith("{}"):
        return frame.format(text if frame[2] == " " and text.endswith("?") else text.rstrip("."))
    return frame.format(_decapitalised(text.rstrip(".") if frame.endswith("?") else text))


def _frames(text: str) -> tuple[str, ...]:
    first = text.split(maxsplit=1)[0].lower().strip(",.!?:")
    if first in IMPERATIVES and not text.endswith(("?", ":", "!")) and "\n" not in text:
        # A second sentence inside "Can you ...?" would read wrongly.
        return COMMAND_FRAMES if ". " not in text and ": " not in text else COMMAND_FRAMES[:1]
    if first in INTERROGATIVES and text.endswith("?"):
        return QUESTION_FRAMES
    return ()


def _decapitalised(text: str) -> str:
    return text[:1].lower() + text[1:]


def _mistyped(text: str, rng: random.Random) -> str:
    places = [match.start() for match in re.finditer(r"(?<=[a-z])[a-z]{2}(?=[a-z])", text)]
    if not places:
        return text
    at = rng.choice(places)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def main() -> None:
    """Write the corpus, one conversation a line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--conversations", type=int, default=60_000)
    arguments = parser.parse_args()
    with arguments.out.open("w", encoding="utf-8") as file:
        for conversation in conversations(arguments.seed, arguments.conversations):
            file.write(json.dumps(conversation, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
