"""Rivals write their replies to one prompt in turns, a few tokens at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from peers.contestant import Contestant
from peers.messages import Ask, Run, Slice


@dataclass(frozen=True, slots=True)
class Prompt:
    ids: list[int]
    proposals: list[int] = field(default_factory=list)  # replay only


@dataclass(frozen=True, slots=True)
class Rival:
    """One engine in one mode. Rivals that race each other need processes of their own."""

    name: str
    contestant: Contestant
    ask: Ask  # without prompt and proposals

    def begin(self, prompt: Prompt, seed: int) -> Slice:
        proposals = prompt.proposals if self.ask.depth else []
        ask = replace(self.ask, prompt=prompt.ids, proposals=proposals, seed=seed)
        return self.contestant.begin(ask)


def race(rivals: Sequence[Rival], prompt: Prompt, *, turn: int, seed: int = 0) -> list[Run]:
    """One reply each. The order is reversed from one turn to the next."""
    firsts = [rival.begin(prompt, seed).tokens for rival in rivals]
    slices: list[list[Slice]] = [[] for _ in rivals]
    order = list(range(len(rivals)))
    left = rivals[0].ask.tokens - 1
    while left:
        count = min(turn, left)
        for i in order:
            slices[i].append(rivals[i].contestant.go(count))
        order.reverse()
        left -= count
    return [
        Run(
            tokens=first + [token for one in own for token in one.tokens],
            seconds=sum(one.seconds for one in own),
            cpu_seconds=sum(one.cpu_seconds for one in own),
            counts=rival.contestant.finish(),
        )
        for rival, first, own in zip(rivals, firsts, slices, strict=True)
    ]
