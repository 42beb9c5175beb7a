"""Who races whom: every repeat visits every prompt, and there every group of rivals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from peers.contestant import Contestant
from peers.messages import Ask, Run
from peers.race import Prompt, Rival, race

OURS, OUR_PLAIN = "mtp-mlx", "mtp-mlx, plain"
LM, VLM, VLM_KEYED = "mlx-lm", "mlx-vlm", "mlx-vlm, seeded"
MODULES = {OURS: "ours", OUR_PLAIN: "ours", LM: "lm", VLM: "vlm", VLM_KEYED: "vlm"}
"""The engine behind each process."""


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
    return [
        Group(temperature, depth, tuple(_rivals(contestants, tokens, depth, temperature)))
        for temperature in temperatures
        for depth in (0, *depths)
    ]


def _rivals(
    contestants: dict[str, Contestant], tokens: int, depth: int, temperature: float
) -> Iterator[Rival]:
    ask = Ask(prompt=[], tokens=tokens, depth=depth, temperature=temperature)
    yield Rival(OURS, contestants[OURS], ask)
    if depth and not temperature:  # what the speed-up is measured against
        yield Rival(OUR_PLAIN, contestants[OUR_PLAIN], replace(ask, depth=0))
    if not depth and not temperature:
        yield Rival(LM, contestants[LM], ask)
    yield Rival(VLM, contestants[VLM], ask)
    if temperature:
        yield Rival(VLM_KEYED, contestants[VLM_KEYED], replace(ask, keyed=True))


def interleaved(
    plan: Sequence[Group],
    prompts: Sequence[Prompt],
    repeats: int,
    turn: int,
    after_repeat: Callable[[int], None],
) -> Iterator[Result]:
    """Every rival's run of every prompt; the repeat is the seed of sampled replies."""
    for repeat in range(repeats):
        for i, prompt in enumerate(prompts):
            for group in plan:
                runs = race(group.rivals, prompt, turn=turn, seed=repeat)
                for rival, run in zip(group.rivals, runs, strict=True):
                    yield Result(group=group, rival=rival.name, prompt=i, repeat=repeat, run=run)
        after_repeat(repeat)
