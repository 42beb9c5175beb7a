"""The plan of a benchmark: its modes and settings, the order of its runs, and its hash."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from mtp_mlx.api import Mtp, Sampling, Verify
from mtp_mlx.bench.prompts import Prompt


@dataclass(frozen=True, slots=True)
class Key:
    """The name of a run in its plan."""

    prompt_id: str | None
    repeat: int
    mode: Mtp
    context_tokens: int = 0  # before the prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The modes of a benchmark and the settings that all its runs share."""

    modes: tuple[Mtp, ...]
    repeats: int
    max_tokens: int
    context_tokens: tuple[int, ...] = (0,)  # each prompt is measured behind each of these
    sampling: Sampling
    verify: Verify = "coupled"
    seed: int = 0
    cooldown_s: float = 0.0
    replay_acceptance: float | None = None  # None: drafts are the drafter's own
    ignore_eos: bool = False
    include_text: bool = False  # prompts and replies are written into the report

    def seed_of(self, repeat: int) -> int:
        """Return the seed of a repeat: the same for all modes, so that they get the same noise."""
        return self.seed + repeat

    @property
    def same_text(self) -> bool:
        """Return whether comparing the modes' texts proves something: they must be the same.

        Replayed texts are the same by construction. Above temperature 0 only the coupled rule keeps
        the text; the others keep its distribution.
        """
        lossless = self.verify == "coupled" or self.sampling.is_greedy
        return self.replay_acceptance is None and lossless

    def sha256(self, prompts: Sequence[Prompt]) -> str:
        """Return the hash of all settings and prompts, on which speed and text depend."""
        words = [(prompt.id, prompt.category, prompt.sha256) for prompt in prompts]
        return hashlib.sha256(msgspec.json.encode([msgspec.to_builtins(self), words])).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A run that is to be made."""

    mode: Mtp
    prompt: Prompt
    repeat: int
    context_tokens: int = 0

    @property
    def key(self) -> Key:
        return Key(self.prompt.id, self.repeat, self.mode, self.context_tokens)


def turns(plan: Plan, prompts: Sequence[Prompt]) -> list[Turn]:
    """Return all runs in order; every other repeat takes modes and contexts in reverse."""
    ordered = []
    for repeat in range(plan.repeats):
        step = 1 if repeat % 2 == 0 else -1
        ordered += [
            Turn(mode=mode, prompt=prompt, repeat=repeat, context_tokens=context)
            for context in plan.context_tokens[::step]
            for prompt in prompts
            for mode in plan.modes[::step]
        ]
    return ordered
