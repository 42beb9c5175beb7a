"""What each constant and mechanism of auto gives, in simulation: without it, or with another value.

Usage: python scripts/study_auto.py [--seeds 1,2] [--variants "no probes;MARGIN 0"] [--groups]
       [--worlds "turns of 40;acceptance 0.8"] [--machines "M4 Pro;M3 Ultra"] [--processes N]

Every variant meets the same worlds: machines (tests/depth/simulation.py) times texts and what
their speed does meanwhile. Printed: auto's speed over that of the best fixed K in hindsight (after
a warm-up) and over plain decoding (over everything), and what the variant changes. `--groups`
prints the change for each kind of world. docs/depth.md holds the figures.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import Pool
from statistics import mean

from mtp_mlx.api import MAX_DEPTH
from mtp_mlx.depth import acceptance, control, costs
from tests.depth.simulation import (
    CURVES,
    Drift,
    Text,
    against_best,
    against_plain,
    informative,
    noise,
    simulate,
    spells,
    steady,
    turns,
)

LENGTH = 2000  # tokens of a text
WARM_UP = 150  # rounds


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A text, and what the machine does while it is written."""

    text: Callable[[int], Text]  # by seed
    drift: Callable[[int], Drift] = lambda _: steady
    context: Callable[[int], int] = lambda _: 0


def constant(a: float) -> Callable[[int], Text]:
    return lambda seed: Text(lambda _: a, LENGTH, seed)


def two_chats(place: int) -> int:
    return 30_000 if place // 250 % 2 else 500


def growing(place: int) -> int:
    return 30 * place


WORLDS = {
    **{f"acceptance {a}": World(text=constant(a)) for a in (0.0, 0.4, 0.6, 0.8, 0.95)},
    "0.95, falling by position": World(
        text=lambda seed: Text(lambda _: 0.95, LENGTH, seed, fading=0.85)
    ),
    "0.9 to 0.3 and back": World(
        text=lambda seed: Text(
            lambda place: 0.6 + 0.3 * math.cos(2 * math.pi * place / LENGTH), LENGTH, seed
        )
    ),
    "turns of 300": World(text=lambda seed: Text(turns(0.95, 0.3, 300), 2 * LENGTH, seed)),
    "turns of 400, right or wrong": World(
        text=lambda seed: Text(turns(0.0, 0.9, 400), 2 * LENGTH, seed)
    ),
    "turns of 40": World(text=lambda seed: Text(turns(0.9, 0.0, 40), LENGTH, seed)),
    "turns of 40, confidence": World(
        text=lambda seed: Text(turns(0.9, 0.0, 40), LENGTH, seed, informative)
    ),
    "0.4, noisy confidence": World(text=lambda seed: Text(lambda _: 0.4, LENGTH, seed, noise)),
    "0.8, noisy confidence": World(text=lambda seed: Text(lambda _: 0.8, LENGTH, seed, noise)),
    "0.6, speed wanders by 12 %": World(
        text=constant(0.6), drift=lambda seed: spells(seed, 0.12, LENGTH)
    ),
    "0.6, speed wanders by 25 %": World(
        text=constant(0.6), drift=lambda seed: spells(seed, 0.25, LENGTH)
    ),
    "0.8, speed wanders by 25 %": World(
        text=constant(0.8), drift=lambda seed: spells(seed, 0.25, LENGTH)
    ),
    "0.7, rounds become dearer": World(
        text=constant(0.7),
        drift=lambda _: lambda place, depth: 1.4 if place > LENGTH / 2 and depth else 1.0,
    ),
    "0.7, everything becomes dearer": World(
        text=constant(0.7), drift=lambda _: lambda place, _depth: 1 + 0.5 * place / LENGTH
    ),
    "0.7, context grows to 60k": World(
        text=constant(0.7),
        drift=lambda _: (
            lambda place, depth: (1 + 0.5 * place / LENGTH) * (1 + 0.1 * depth * place / LENGTH)
        ),
        context=growing,
    ),
    "0.7, two chats in turn": World(
        text=constant(0.7),
        drift=lambda _: (
            lambda place, depth: 1.3 * (1 + 0.12 * depth) if two_chats(place) > 1000 else 1.0
        ),
        context=two_chats,
    ),
}


def constants(module: object, **values: float) -> Callable[[], None]:
    def change() -> None:
        for name, value in values.items():
            assert hasattr(module, name), name
            setattr(module, name, value)

    return change


def together(*changes: Callable[[], None]) -> Callable[[], None]:
    def change() -> None:
        for one in changes:
            one()

    return change


def replaced(owner: object, name: str, function: object) -> Callable[[], None]:
    assert hasattr(owner, name), name
    return lambda: setattr(owner, name, function)


def rate(tokens: list[float], cost: list[float], rho: float, top: int, current: int) -> int:
    """F / C in place of F - rho C."""
    del rho
    speed = [tokens[k] / cost[k] for k in range(top + 1)]
    best = max(range(top + 1), key=speed.__getitem__)
    near = current <= top and speed[best] <= speed[current] * (1 + control.MARGIN)
    return current if near else best


def pooled(self: acceptance.Acceptance) -> list[float]:
    a = sum(self.hits) / max(sum(self.counts), 1e-9)
    return [min(max(a, acceptance.LIMIT), 1 - acceptance.LIMIT)] * MAX_DEPTH


VARIANTS: dict[str, Callable[[], None]] = {
    "as it is": lambda: None,
    # The choice
    "F / C": replaced(control, "best_depth", rate),
    "MARGIN 0": constants(control, MARGIN=0.0),
    "MARGIN 0.03": constants(control, MARGIN=0.03),
    "FIRST_DEPTH 2": constants(control, FIRST_DEPTH=2),
    "FIRST_DEPTH 4": constants(control, FIRST_DEPTH=4),
    "REACH 1": constants(control, REACH=1),
    "REACH 8": constants(control, REACH=8),
    "TRIAL_ROUNDS 3": constants(control, TRIAL_ROUNDS=3),
    "TRIAL_ROUNDS 8": constants(control, TRIAL_ROUNDS=8),
    # Probes
    "no probes": replaced(control.Probes, "due", lambda *_: None),
    "PROBE_ROUNDS 2": constants(control, PROBE_ROUNDS=2),
    "PROBE_ROUNDS 5": constants(control, PROBE_ROUNDS=5),
    "no back-off": constants(control, BACK_OFF=1.0),
    "no back-off, half": constants(control, BACK_OFF=1.0, SHARE=0.001, PARKED_SHARE=0.004),
    "no back-off, a third": constants(control, BACK_OFF=1.0, SHARE=0.0006, PARKED_SHARE=0.003),
    "all depths probed": replaced(
        control, "_others", lambda settled, *_: [k for k in range(MAX_DEPTH + 1) if k != settled]
    ),
    "LEAST_LOSS 0": constants(control, LEAST_LOSS=0.0),
    # Costs
    "one band": replaced(costs, "band_of", lambda _: 0),
    "no home": lambda: setattr(costs.Costs, "_home", property(lambda _: None, lambda *_: None)),
    "no slowness": constants(costs, FRESH=10**9),
    "FRESH 6": constants(costs, FRESH=6),
    "FRESH 24": constants(costs, FRESH=24),
    "FOLLOW 0.02": constants(costs, FOLLOW=0.02),
    "FOLLOW 0.15": constants(costs, FOLLOW=0.15),
    "FOLLOW 0.25": constants(costs, FOLLOW=0.25),
    "stays not told apart": replaced(costs.Samples, "shorten", lambda _: None),
    "no stalls": constants(costs, STALL=1e9),
    "STALLS 2": constants(costs, STALLS=2),
    "mean": replaced(costs, "midmean", mean),
    "WINDOW 8": constants(costs, WINDOW=8),
    "WINDOW 32": constants(costs, WINDOW=32),
    "ENOUGH 2": constants(costs, ENOUGH=2),
    # Acceptance
    "one acceptance": replaced(acceptance.Acceptance, "_estimated", pooled),
    "PRIOR_WEIGHT 1": constants(acceptance, PRIOR_WEIGHT=1.0),
    "PRIOR_WEIGHT 12": constants(acceptance, PRIOR_WEIGHT=12.0),
    "FLOOR 0": constants(acceptance, FLOOR=0.01),
    "FLOOR 16": constants(acceptance, FLOOR=16.0),
    "MEMORY 200": constants(acceptance, MEMORY=200.0),
    "MEMORY 800": constants(acceptance, MEMORY=800.0),
    "no change of text": replaced(acceptance.ChangeDetector, "happened", lambda *_: False),
    "SHIFT 1": constants(acceptance, SHIFT=1.0),
    "ALARM 6": constants(acceptance, ALARM=6.0),
    "RAISE 0": constants(acceptance, RAISE=0.0),
    "KEPT_AT_CHANGE 0.1": constants(acceptance, KEPT_AT_CHANGE=0.1),
    "no confidence": replaced(acceptance.Confidence, "shifted", lambda _, estimates: estimates),
    "RIDGE 1": constants(acceptance, RIDGE=1.0),
    "CONFIDENCE_MEMORY 300": constants(acceptance, CONFIDENCE_MEMORY=300.0),
    "PERSISTENCE 0": constants(acceptance, PERSISTENCE=0.0),
    "PERSISTENCE 1": constants(acceptance, PERSISTENCE=1.0),
}


@dataclass(frozen=True, slots=True)
class Case:
    world: str
    machine: str
    seed: int


@dataclass(frozen=True, slots=True)
class Score:
    best: float  # against the best fixed K
    plain: float


def score(case: Case) -> Score:
    world, curve = WORLDS[case.world], CURVES[case.machine]
    text, drift = world.text(case.seed), world.drift(case.seed)
    auto = control.AutoDepth(control.PairState())
    outcome = simulate(
        auto, curve, text, seed=case.seed, drift=drift, warm_up=WARM_UP, context=world.context
    )
    return Score(
        against_best(outcome, text, curve, drift), against_plain(outcome, text, curve, drift)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", default="1,2")
    parser.add_argument("--variants", default=";".join(VARIANTS))
    parser.add_argument("--machines", default=";".join(CURVES))
    parser.add_argument("--worlds", default=";".join(WORLDS))
    parser.add_argument("--groups", action="store_true")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    cases = [
        Case(world, machine, int(seed))
        for world in options.worlds.split(";")
        for machine in options.machines.split(";")
        for seed in options.seeds.split(",")
    ]
    base: dict[Case, Score] = {}
    print(f"{len(cases)} runs each. Percent: the mean, and [the worst run].\n")
    print("| variant | of the best K | of plain | changes best by | worst world |")
    print("|---|---|---|---|---|")
    for variant in ["as it is", *options.variants.split(";")]:
        if variant == "as it is" and base:
            continue
        with Pool(options.processes, initializer=VARIANTS[variant]) as pool:
            scores = dict(zip(cases, pool.map(score, cases, chunksize=4), strict=True))
        base = base or scores
        print(row(variant, scores, base), flush=True)
        if options.groups:
            print("\n".join(f"|   {line} |" for line in by_world(scores, base)), flush=True)


def row(variant: str, scores: dict[Case, Score], base: dict[Case, Score]) -> str:
    best = [one.best for one in scores.values()]
    plain = [one.plain for one in scores.values()]
    change = mean(best) - mean(one.best for one in base.values())
    worlds = {world: change_in(world, scores, base) for world in worlds_of(base)}
    worst = min(worlds, key=worlds.__getitem__)
    return (
        f"| {variant} | {100 * mean(best):.2f} [{100 * min(best):.1f}] "
        f"| {100 * mean(plain):.1f} [{100 * min(plain):.1f}] | {100 * change:+.2f} "
        f"| {100 * worlds[worst]:+.1f} {worst} |"
    )


def change_in(world: str, scores: dict[Case, Score], base: dict[Case, Score]) -> float:
    return mean(scores[case].best - base[case].best for case in scores if case.world == world)


def by_world(scores: dict[Case, Score], base: dict[Case, Score]) -> list[str]:
    lines = []
    for world in worlds_of(base):
        cases = [case for case in scores if case.world == world]
        worst = min(cases, key=lambda case: scores[case].best)
        lines.append(
            f"{world:32} {100 * mean(scores[case].best for case in cases):6.2f} "
            f"{100 * change_in(world, scores, base):+6.2f}, worst "
            f"{100 * scores[worst].best:5.1f} {worst.machine}"
        )
    return lines


def worlds_of(scores: dict[Case, Score]) -> list[str]:
    return list(dict.fromkeys(case.world for case in scores))


if __name__ == "__main__":
    main()
