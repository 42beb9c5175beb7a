"""Conversations as packed rows: token ids, a weight a token, and the number of its document.

The text form is the chat template's, written here a second time because pieces need weights;
`rendered` is compared with the template before training starts.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import torch
from demo_corpus import Conversation, Message, conversations
from tokenizers import Tokenizer

from demo_training.shapes import BOS, PAD

PROMPT_WEIGHT = 0.2
CHANCE_JOINED = 0.20
MOST_JOINED = 6
CHANCE_THINKING = 0.06
# Sums, conversions and word tables are short and many: they are practised several in a chat.
CHANCE_DRILL = 0.10
DRILL = 10
# Questions put imperfectly, unless a word more or less would change the right answer.
CHANCE_BLURRED = 0.5
CHANCE_MISSING, CHANCE_STRANGE = 0.12, 0.12
FEWEST_WORDS = 3
BUFFER = 256

SUBJECTS = {
    "speculative": "speculative decoding",
    "mtp": "multi-token prediction",
    "mlx": "MLX",
    "program": "this program",
    "identity": "me",
    "smalltalk": "small talk",
    "outside": "something outside what I know",
    "rewriting": "a text to rewrite",
    "python": "Python code",
    "stories": "a story",
    "tables": "a table",
    "lists": "a list",
    "facts": "a simple fact",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text and how much its tokens count in the loss."""

    text: str
    weight: float


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One chat as tokens."""

    ids: list[int]
    weights: list[float]


@dataclass(frozen=True, slots=True)
class Batch:
    """Packed rows, each [B, T]: ids, loss weights, document numbers (0 where padded)."""

    ids: torch.Tensor
    weights: torch.Tensor
    documents: torch.Tensor


class Codec:
    """Encodes pieces, remembering those seen: the corpus repeats its answers."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._encode = lru_cache(maxsize=200_000)(
            lambda text: tokenizer.encode(text, add_special_tokens=False).ids
        )

    def document(self, pieces: list[Piece]) -> Document:
        encoded = [(self._encode(piece.text), piece.weight) for piece in pieces]
        return Document(
            [BOS] + [i for ids, _ in encoded for i in ids],
            [0.0] + [weight for ids, weight in encoded for _ in ids],
        )


def pieces(
    messages: list[Message], thought: str | None = None, asked: float = PROMPT_WEIGHT
) -> list[Piece]:
    """The chat in the template's form; with a thought, thinking is asked for and done."""
    system = messages[0]["content"] if messages[0]["role"] == "system" else ""
    turns = messages[1:] if system else messages
    result: list[Piece] = []
    if system or thought:
        think = "<|think|>\n" if thought else ""
        result.append(Piece(f"<|turn>system\n{think}{system}<turn|>\n", PROMPT_WEIGHT))
    for place, message in enumerate(turns):
        if message["role"] == "user":
            result.append(Piece("<|turn>user\n", 0.0))
            result.append(Piece(message["content"].strip(), asked))
            result.append(Piece("<turn|>\n", PROMPT_WEIGHT))
            continue
        last = place == len(turns) - 1
        result.append(Piece("<|turn>model\n", 0.0))
        if thought and last:
            result.append(Piece(f"<|channel>thought\n{thought}<channel|>", 1.0))
        result.append(Piece(message["content"].strip() + "<turn|>", 1.0))
        result.append(Piece("\n", 0.0))
    return result


def rendered(parts: list[Piece]) -> str:
    """The chat as the template would write it."""
    return "<bos>" + "".join(part.text for part in parts)


def thought_about(topic: str) -> str:
    """A short thought naming the subject: enough to show thinking in the window."""
    subject = SUBJECTS.get(topic.rsplit("+", maxsplit=1)[-1], "a small exercise")
    return f"The question is about {subject}. I will answer briefly."


def prompt_pieces(messages: list[Message]) -> list[Piece]:
    """The chat up to where its last reply begins."""
    asked = messages[:-1] if messages[-1]["role"] == "assistant" else messages
    return [*pieces(asked), Piece("<|turn>model\n", 0.0)]


def blurred(chat: Conversation, rng: random.Random) -> Conversation:
    """The chat with words of its questions missing or unknown: the subject has to be enough.

    Only the hand-written subjects: in `Sort 5, 2, 9` or `Copy: ...` every word counts.
    """
    if not _is_written(chat):
        return chat
    messages = [
        Message(role=message["role"], content=_blurred(message["content"], rng))
        if message["role"] == "user"
        else message
        for message in chat["messages"]
    ]
    return Conversation(topic=chat["topic"], messages=messages)


def _is_written(chat: Conversation) -> bool:
    """Whether a person wrote all of it."""
    return all(topic in SUBJECTS for topic in chat["topic"].split("+"))


def _is_exercise(chat: Conversation) -> bool:
    """Whether all of it comes from rules."""
    return not any(topic in SUBJECTS for topic in chat["topic"].split("+"))


def _blurred(text: str, rng: random.Random) -> str:
    words = text.split(" ")
    if len(words) < FEWEST_WORDS:
        return text
    kept = [word for word in words if rng.random() >= CHANCE_MISSING]
    return " ".join(_strange(words, rng) if rng.random() < CHANCE_STRANGE else w for w in kept)


def _strange(words: list[str], rng: random.Random) -> str:
    """A word that means nothing, of the beginning of one and the end of another."""
    first, second = rng.choice(words), rng.choice(words)
    return first[: rng.randint(1, 4)] + second[len(second) // 2 :][::-1]


def documents(codec: Codec, seed: int) -> Iterator[Document]:
    """Chats without end, some joined into long ones, some with a thought."""
    rng = random.Random(seed)
    corpus = conversations(seed, 1 << 40)
    exercises = filter(_is_exercise, conversations(seed + 5_000, 1 << 40))
    for first in corpus:
        chat = first
        if rng.random() < CHANCE_DRILL:
            chat = joined([next(exercises) for _ in range(DRILL)])
        elif rng.random() < CHANCE_JOINED:
            more = [next(corpus) for _ in range(rng.randint(1, MOST_JOINED))]
            chat = joined([first, *more])
        asked = PROMPT_WEIGHT
        if rng.random() < CHANCE_BLURRED:
            chat, asked = blurred(chat, rng), 0.0  # strange words are not to be learnt
        thought = thought_about(chat["topic"]) if rng.random() < CHANCE_THINKING else None
        yield codec.document(pieces(chat["messages"], thought, asked))


def joined(chats: list[Conversation]) -> Conversation:
    """One long chat; only the first keeps its system prompt."""
    messages = list(chats[0]["messages"])
    for chat in chats[1:]:
        messages += [message for message in chat["messages"] if message["role"] != "system"]
    return Conversation(topic=chats[-1]["topic"], messages=messages)


def batches(source: Iterator[Document], rows: int, length: int) -> Iterator[Batch]:
    """Rows of `length` tokens, filled with whole documents where they fit."""
    waiting: list[Document] = []
    while True:
        yield _stacked([_row(source, waiting, length) for _ in range(rows)], length)


def _row(source: Iterator[Document], waiting: list[Document], length: int) -> list[Document]:
    while len(waiting) < BUFFER:
        waiting.append(next(source))
    # The oldest goes first, so that long chats are not put off for ever; then the longest that fit.
    oldest = waiting.pop(0)
    row = [Document(oldest.ids[:length], oldest.weights[:length])]
    free = length - len(row[0].ids)
    while fitting := [document for document in waiting if len(document.ids) <= free]:
        chosen = max(fitting, key=lambda document: len(document.ids))
        waiting.remove(chosen)
        row.append(chosen)
        free -= len(chosen.ids)
    return row


def _stacked(rows: list[list[Document]], length: int) -> Batch:
    ids = np.full((len(rows), length), PAD, dtype=np.int64)
    weights = np.zeros((len(rows), length), dtype=np.float32)
    numbers = np.zeros((len(rows), length), dtype=np.int32)
    for r, row in enumerate(rows):
        ends = np.cumsum([0] + [len(document.ids) for document in row])
        for number, (document, (start, end)) in enumerate(zip(row, pairwise(ends), strict=True), 1):
            ids[r, start:end] = document.ids
            weights[r, start:end] = document.weights
            numbers[r, start:end] = number
    return Batch(torch.from_numpy(ids), torch.from_numpy(weights), torch.from_numpy(numbers))
