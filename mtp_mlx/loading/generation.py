"""A checkpoint's generation_config.json: the sampling it recommends, and its constraints.

It is read as in transformers (`generation/configuration_utils.py`): null means absent, unknown
fields are ignored, and where there is no such file config.json may hold its settings.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mtp_mlx.api import MAX_PRESENCE_PENALTY, Sampling
from mtp_mlx.errors import DamagedModel
from mtp_mlx.files import brief
from mtp_mlx.sampling.constraints import Constraints

Settings = Mapping[str, Any]
Check = Callable[[float], bool]


@dataclass(frozen=True, slots=True)
class Generation:
    """A model's own settings of generation."""

    recommended: Sampling  # greedy where it recommends no sampling
    constraints: Constraints
    unheeded: tuple[str, ...]  # settings that change the text in ways this program does not have

    def notes(self) -> Iterator[str]:
        """Yield a sentence about what is unheeded."""
        if self.unheeded:
            names = brief(", ".join(self.unheeded))
            yield f"generation_config.json asks for {names}, which this program does not have."


_UNHEEDED: Mapping[str, tuple[object, ...]] = {
    "num_beams": (1,),
    "guidance_scale": (1,),
    "penalty_alpha": (0,),
    "exponential_decay_length_penalty": (),
    "watermarking_config": (),
    "stop_strings": (),
    "force_words_ids": (),
    "constraints": (),
    "dola_layers": (),
}
"""Settings by the values that change nothing."""
_UNHEEDED_SAMPLING: Mapping[str, tuple[object, ...]] = {
    "typical_p": (1,),
    "epsilon_cutoff": (0,),
    "eta_cutoff": (0,),
    "top_h": (1,),
}


def read_generation(generation: Settings | None, config: Settings, vocabulary: int) -> Generation:
    """Read generation_config.json, or config.json where `generation` is None.

    Raises DamagedModel for a setting that is not what it must be.
    """
    settings = _Settings(_present(generation, config), vocabulary)
    sampled = settings.flag("do_sample")
    constraints = settings.constraints()
    everything = constraints.never | constraints.not_first
    if len(everything) >= vocabulary:
        raise settings.damaged("suppress_tokens", "every token")
    names = {**_UNHEEDED, **(_UNHEEDED_SAMPLING if sampled else {})}
    unheeded = [n for n, idle in names.items() if settings.get(n) not in (None, False, [], *idle)]
    return Generation(settings.sampling(sampled=sampled), constraints, tuple(unheeded))


def _present(generation: Settings | None, config: Settings) -> Settings:
    if generation is not None:
        return generation
    text = config.get("text_config")
    given = {name: value for name, value in config.items() if value is not None}
    return {**text, **given} if isinstance(text, Mapping) else given


class _Settings:
    """Settings that may say anything, read one at a time."""

    def __init__(self, given: Settings, vocabulary: int) -> None:
        self._given = given
        self._vocabulary = vocabulary

    def get(self, name: str) -> Any:
        return self._given.get(name)

    def damaged(self, name: str, value: object) -> DamagedModel:
        return DamagedModel(
            f"generation_config.json says {name} is {brief(repr(value), 60)}, which it cannot be.",
            "Download the model again.",
        )

    def flag(self, name: str) -> bool:
        value = self.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.damaged(name, value)
        return bool(value)

    def number(self, name: str, default: float, allowed: Check) -> float:
        value = self.get(name)
        if value is None:
            return default
        if not _is_number(value) or not allowed(value):
            raise self.damaged(name, value)
        return float(value)

    def count(self, name: str) -> int:
        value = self.get(name)
        if value is None:
            return 0
        if not _is_number(value) or value < 0 or value != int(value):
            raise self.damaged(name, value)
        return min(int(value), 2**31 - 1)

    def sampling(self, *, sampled: bool) -> Sampling:
        """Return what is recommended. Penalties hold for greedy decoding, too."""
        law = Sampling(
            temperature=self.number("temperature", 1.0, lambda x: 0 <= x <= 100),
            top_k=self.count("top_k"),
            top_p=self.number("top_p", 1.0, lambda x: 0 <= x <= 1),
            min_p=self.number("min_p", 0.0, lambda x: 0 <= x <= 1),
        )
        greedy = Sampling(
            repetition_penalty=self.number("repetition_penalty", 1.0, lambda x: x > 0),
            presence_penalty=self.number(
                "presence_penalty", 0.0, lambda x: abs(x) <= MAX_PRESENCE_PENALTY
            ),
        )
        if not sampled:
            return greedy
        return Sampling(
            repetition_penalty=greedy.repetition_penalty,
            presence_penalty=greedy.presence_penalty,
            temperature=law.temperature,
            top_k=law.top_k,
            top_p=law.top_p,
            min_p=law.min_p,
        )

    def constraints(self) -> Constraints:
        ends = self.ids("eos_token_id")
        words = [word for word in self._bad_words() if word not in {(end,) for end in ends}]
        biases = dict(self._biases())
        return Constraints(
            never=self._tokens("suppress_tokens") | {word[0] for word in words if len(word) == 1},
            not_first=self._tokens("begin_suppress_tokens"),
            biases=tuple((run[0], bias) for run, bias in biases.items() if len(run) == 1),
            sequence_biases=(
                *((word, -math.inf) for word in words if len(word) > 1),
                *((run, bias) for run, bias in biases.items() if len(run) > 1),
            ),
            no_repeated_run=self.count("no_repeat_ngram_size"),
            least_reply=self.count("min_new_tokens"),
            least_text=self.count("min_length"),
            after_one=next(iter(self._tokens("forced_bos_token_id")), None),
            last=self._tokens("forced_eos_token_id"),
        )

    def ids(self, name: str) -> tuple[int, ...]:
        """Return a token id or a list of them."""
        value = self.get(name)
        listed = value if isinstance(value, list) else [] if value is None else [value]
        return self._ids(name, listed)

    def _ids(self, name: str, value: object) -> tuple[int, ...]:
        if not isinstance(value, list) or not all(_is_id(item) for item in value):
            raise self.damaged(name, value)
        return tuple(value)

    def _tokens(self, name: str) -> frozenset[int]:
        """Return the ids among the vocabulary: others are never written anyway."""
        return frozenset(i for i in self.ids(name) if 0 <= i < self._vocabulary)

    def _bad_words(self) -> Iterator[tuple[int, ...]]:
        words = self.get("bad_words_ids")
        if words is not None and not isinstance(words, list):
            raise self.damaged("bad_words_ids", words)
        for word in words or ():
            ids = self._ids("bad_words_ids", word)
            if not ids:
                raise self.damaged("bad_words_ids", words)
            if self._known(ids):
                yield ids

    def _biases(self) -> Iterator[tuple[tuple[int, ...], float]]:
        entries = self.get("sequence_bias")
        if entries is not None and not isinstance(entries, list):
            raise self.damaged("sequence_bias", entries)
        for entry in entries or ():
            if not isinstance(entry, list) or len(entry) != 2 or not _is_number(entry[1]):
                raise self.damaged("sequence_bias", entry)
            ids = self._ids("sequence_bias", entry[0])
            if not ids:
                raise self.damaged("sequence_bias", entry)
            if self._known(ids):
                yield ids, float(entry[1])

    def _known(self, ids: tuple[int, ...]) -> bool:
        return all(0 <= i < self._vocabulary for i in ids)


def _is_number(value: object) -> bool:
    """Tell whether a value is a number, and neither infinite, NaN nor beyond every float."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
