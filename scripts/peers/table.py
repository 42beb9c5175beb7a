"""The findings as Markdown.

Beside the ratio of medians stand two that a busy machine disturbs less: `paired`, the median ratio
of runs that took turns, and `best`, from the fastest run of each prompt. `CPU ms` is a token's
processor time over all threads.
"""

from __future__ import annotations

from collections.abc import Sequence

from peers import numbers
from peers.identity import Parting, parting
from peers.numbers import Efficiency, Runs
from peers.schedule import OUR_PLAIN, OURS, Group

PLAIN_GOAL = 0.98  # of the faster peer
GREEDY_GOAL = 1.15  # of mlx-vlm at the same K
SAMPLED_GOAL = 1.8  # at T = 1
TAU_GOAL = 1.4  # at T = 1
LOOP_GOAL = 0.95  # of the speed-up that the passes allow

Found = dict[tuple[Group, str], Runs]


def speeds(found: Found) -> list[str]:
    lines = [
        "| | engine | tok/s | CPU ms | ours ÷ it (range) | paired | best | τ | accepted | text |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for (group, rival), runs in found.items():
        ours = found[group, OURS]
        against = paired = best = ""
        if rival != OURS:
            against = str(numbers.ratio(ours, runs))
            paired = f"{numbers.paired(ours, runs):.3f}"
            best = f"{numbers.best_speed(ours) / numbers.best_speed(runs):.3f}"
        total = numbers.counts(runs)
        assert total.deepest in (0, group.depth), "an engine drafted another depth"
        cells = [
            group.title,
            rival,
            f"{numbers.speed(runs):.1f}",
            f"{numbers.cpu_ms(runs):.1f}",
            against,
            paired,
            best,
            f"{numbers.tau(runs):.3f}" if total.rounds else "",
            f"{numbers.acceptance(runs):.3f}" if total.rounds else "",
            same_text(found, group, rival),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def same_text(found: Found, group: Group, rival: str) -> str:
    """Greedy: as our plain reply. Sampled: as the engine's own plain reply with the same seed."""
    whose = OURS if group.temperature == 0 else rival
    plain = next(g for g, _ in found if g.temperature == group.temperature and g.depth == 0)
    pairs = [
        (a.tokens, b.tokens)
        for these, those in zip(found[group, rival], found[plain, whose], strict=True)
        for a, b in zip(these, those, strict=True)
    ]
    same = sum(parting(a, b) is None for a, b in pairs)
    return f"{same} of {len(pairs)}"


def efficiencies(rows: Sequence[Efficiency]) -> list[str]:
    lines = [
        "| K | τ | speed-up (range) | plain ms | verify ms | draft ms | allowed | efficiency |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        cells = [
            str(r.depth),
            f"{r.tau:.3f}",
            str(r.speed_up),
            f"{r.costs.plain_ms:.2f}",
            f"{r.costs.verify_ms[r.depth]:.2f}",
            f"{r.costs.draft_ms:.2f}",
            f"{r.allowed:.3f}",
            str(r.efficiency),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def goals(found: Found, rows: Sequence[Efficiency]) -> list[str]:
    lines = []
    for group in dict.fromkeys(group for group, _ in found):
        ours = found[group, OURS]
        rivals = {
            name: runs
            for (g, name), runs in found.items()
            if g == group and name not in (OURS, OUR_PLAIN)
        }
        fastest = max(rivals, key=lambda name: numbers.speed(rivals[name]))
        goal = _goal(group)
        if goal is not None:
            ratio = numbers.ratio(ours, rivals[fastest])
            lines.append(_verdict(f"{group.title}, speed ÷ {fastest}", ratio.value, goal))
        if group.temperature > 0 and group.depth > 0:
            longest = max(rivals, key=lambda name: numbers.tau(rivals[name]))
            taus = numbers.tau(ours) / numbers.tau(rivals[longest])
            lines.append(_verdict(f"{group.title}, τ ÷ {longest}", taus, TAU_GOAL))
    lines += [
        _verdict(f"greedy, K = {r.depth}, loop efficiency", r.efficiency.value, LOOP_GOAL)
        for r in rows
    ]
    return lines


def _goal(group: Group) -> float | None:
    if group.depth == 0:
        return PLAIN_GOAL if group.temperature == 0 else None
    return GREEDY_GOAL if group.temperature == 0 else SAMPLED_GOAL


def _verdict(what: str, value: float, goal: float) -> str:
    return f"- {what}: {value:.3f}, goal {goal:g}: {'met' if value >= goal else 'MISSED'}"


def identity(partings: Sequence[Parting]) -> list[str]:
    if not partings:
        return ["Before timing, the greedy texts of all engines at all depths were the same."]
    return ["Before timing, greedy texts parted:", *(f"- {one}" for one in partings)]
