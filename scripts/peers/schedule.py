"""Who runs when: every repeat visits every prompt, and there every group of rivals in turn.

Rivals of a group run next to each other and take turns at going first, so that heat and other
programs fall on all of them alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from peers.contestant import Contestant
from peers.messages import Ask, Run

OURS, LM, VLM, VLM_KEYED = "mtp-mlx", "mlx-lm", "mlx-vlm", "mlx-vlm, seeded"
WARM_UP_TOKENS = 16


@dataclass(frozen=True, slots=True)
class Rival:
    """One engine in one mode."""

    name: str
    contestant: Contestant
    ask: Ask  # without prompt and proposals

    def decode(self, prompt: Prompt, repeat: int = 0) -> Run:
        proposals = prompt.proposals if self.ask.depth else []
        seed = self.ask.seed + repeat
        return self.contestant.decode(
            replace(self.ask, prompt=prompt.ids, proposals=proposals, seed=seed)
        )

    def warm_up(self, prompt: Prompt) -> None:
        tokens = min(self.ask.tokens, WARM_UP_TOKENS)
        self.contestant.decode(
            replace(self.ask, prompt=prompt.ids, proposals=prompt.proposals, tokens=tokens)
        )


@dataclass(frozen=True, slots=True)
class Group:
    """Rivals at the same temperature and K; ours comes first."""

    temperature: float
    depth: int
    rivals: tuple[Rival, ...] = field(compare=False)

    @property
    def title(self) -> str:
        how = "greedy" if self.temperature == 0 else f"T = {self.temperature:g}"
        return f"{how}, {f'K = {self.depth}' if self.depth else 'plain'}"


@dataclass(frozen=True, slots=True)
class Prompt:
    ids: list[int]
    proposals: list[int] = field(default_factory=list)  # replay only


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One run and what it was a run of."""

    group: Group
    rival: str
    prompt: int
    repeat: int
    run: Run


def groups(
    contestants: dict[str, Contestant],
    tokens: int,
    depths: Sequence[int],
    temperatures: Sequence[float],
) -> list[Group]:
    """Plain decoding and each depth, at each temperature; 0 must be the first."""
    found = []
    for temperature in temperatures:
        for depth in (0, *depths):
            ask = Ask(prompt=[], tokens=tokens, depth=depth, temperature=temperature)
            rivals = [Rival(OURS, contestants["ours"], ask)]
            if temperature == 0 and depth == 0:
                rivals.append(Rival(LM, contestants["lm"], ask))
            rivals.append(Rival(VLM, contestants["vlm"], ask))
            if temperature > 0:
                rivals.append(Rival(VLM_KEYED, contestants["vlm"], replace(ask, keyed=True)))
            found.append(Group(temperature, depth, tuple(rivals)))
    return found


def interleaved(
    plan: Sequence[Group],
    prompts: Sequence[Prompt],
    repeats: int,
    after_repeat: Callable[[int], None] = lambda _: None,
) -> Iterator[Result]:
    """Every rival's run of every prompt, `repeats` times."""
    for repeat in range(repeats):
        for i, prompt in enumerate(prompts):
            for group in plan:
                turn = 1 if (repeat + i) % 2 == 0 else -1
                for rival in group.rivals[::turn]:
                    run = rival.decode(prompt, repeat)
                    yield Result(group=group, rival=rival.name, prompt=i, repeat=repeat, run=run)
        after_repeat(repeat)
