"""Are the texts the same? Checked before anything is timed; it warms every engine up as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from peers.race import Prompt, race
from peers.schedule import Group


@dataclass(frozen=True, slots=True)
class Parting:
    """Where a reply leaves the one that it should be equal to."""

    group: Group
    rival: str
    prompt: int
    position: int  # of the first differing token

    def __str__(self) -> str:
        return f"{self.group.title}, {self.rival}, prompt {self.prompt}: token {self.position}"


def partings(plan: Sequence[Group], prompts: Sequence[Prompt]) -> list[Parting]:
    """Greedy replies of all engines at all depths that are not our plain reply.

    Sampled replies are written as well, for the engines to be warm; they are compared later, each
    with its own engine's plain one.
    """
    found = []
    for i, prompt in enumerate(prompts):
        expected: list[int] = []
        for group in plan:
            if group.temperature and i > 0:
                continue
            runs = race(group.rivals, prompt, turn=group.rivals[0].ask.tokens)
            expected = expected or runs[0].tokens
            for rival, run in zip(group.rivals, runs, strict=True):
                place = parting(run.tokens, expected)
                if place is not None and not group.temperature:
                    found.append(Parting(group, rival.name, i, place))
    return found


def parting(tokens: Sequence[int], expected: Sequence[int]) -> int | None:
    """The first position where they differ; None if nowhere."""
    for i, (a, b) in enumerate(zip(tokens, expected, strict=False)):
        if a != b:
            return i
    return None if len(tokens) == len(expected) else min(len(tokens), len(expected))
