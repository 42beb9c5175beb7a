"""Suites of prompts. Each prompt has a category and an id, each suite a hash."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from mtp_mlx.errors import UsageError
from mtp_mlx.files import read_ordinary
from mtp_mlx.paths import resources

SHIPPED = ("quick", "full")


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """Either words for the chat template, or token ids."""

    id: str
    category: str
    text: str | None = None
    ids: list[int] | None = None

    @property
    def sha256(self) -> str:
        """Return the hash of the text or ids: two suites may use one id for different prompts."""
        content: list[int] | str | None = self.ids if self.text is None else self.text
        return _sha256(content)


class Suite(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    prompts: list[Prompt]
    sha256: str = ""  # of the file: two versions of a suite have different hashes


def load_suite(name: str) -> Suite:
    """Read a shipped suite, or a JSON file of the same form. Raises UsageError."""
    file = resources() / "prompts" / f"{name}.json" if name in SHIPPED else Path(name)
    try:
        written = read_ordinary(file)
        suite = msgspec.json.decode(written, type=Suite)
    except FileNotFoundError as error:
        raise UsageError(
            f"There is no suite {name!r}.", f"Use {', '.join(SHIPPED)}, or a file's path."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageError(
            f"The suite {file.name} cannot be read: {why}.",
            'Write it as {"name": …, "prompts": [{"id": …, "category": …, "text": …}]}.',
        ) from error
    if not suite.prompts or any((p.text is None) == (p.ids is None) for p in suite.prompts):
        raise UsageError(
            f"The suite {file.name} has no prompts, or one without words.",
            "Give each prompt either text or ids.",
        )
    twice = [id_ for id_, n in Counter(prompt.id for prompt in suite.prompts).items() if n > 1]
    if twice:
        raise UsageError(
            f"The suite {file.name} has more than one prompt {twice[0]!r}.",
            "Give each prompt an id of its own.",
        )
    return msgspec.structs.replace(suite, sha256=hashlib.sha256(written).hexdigest())


def tokens_sha256(tokens: Sequence[int]) -> str:
    return _sha256(list(tokens))


def _sha256(content: object) -> str:
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()


def random_suite(vocabulary: int, length: int = 64) -> Suite:
    """Return a suite of one prompt of token ids, for a pair of random weights."""
    ids = random_ids(vocabulary, length, seed=0)
    return Suite(name="random tokens", prompts=[Prompt(id="random", category="random", ids=ids)])


def random_ids(vocabulary: int, length: int, seed: int) -> list[int]:
    """Return random ids: repeated ones would use few experts and so cost less."""
    chance = random.Random(seed)  # noqa: S311 - the same text on every machine
    return [chance.randrange(vocabulary) for _ in range(length)]
