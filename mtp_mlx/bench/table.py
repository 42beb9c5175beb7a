"""A benchmark's result for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from mtp_mlx.bench.runs import Run
from mtp_mlx.bench.summary import Group, comparisons, groups
from mtp_mlx.values import Mtp

NOT_MEASURED = "–"  # noqa: RUF001 - a dash, as in printed tables


def table(runs: Sequence[Run], *, identity: bool) -> str:
    """Modes and categories with their ratios, and whether the texts are the same."""
    lines = [f"{'':16}{'mode':>6}{'tok/s':>9}{'speed-up':>10}  {'95 %':13}{'accepted':>9}{'τ':>6}"]
    lines += [_line(group) for group in groups(runs)]
    if identity:
        found = comparisons(runs)
        same = sum(one.parts_at is None for one in found)
        lines.append(f"\nSame text as plain decoding: {same} of {len(found)} prompts and modes.")
        lines += [
            f"  {one.prompt_id}, {words(one.mode)}: parts at token {one.parts_at}"
            for one in found
            if one.parts_at is not None
        ]
    return "\n".join(lines)


def words(mode: Mtp) -> str:
    return f"K {mode}" if isinstance(mode, int) else mode


def _line(group: Group) -> str:
    speed = group.speedup
    ratio = f"{speed.median:.2f}×" if speed else NOT_MEASURED  # noqa: RUF001 - a times sign
    spread = f"{speed.low:.2f} to {speed.high:.2f}" if speed and speed.known else ""
    return (
        f"{group.category or 'all':16}{words(group.mode):>6}{_number(group.decode_tps, 1):>9}"
        f"{ratio:>10}  {spread:13}{_share(group.acceptance_rate):>9}"
        f"{_number(group.mean_acceptance_length, 2):>6}"
    )


def _number(value: float | None, digits: int) -> str:
    return NOT_MEASURED if value is None else f"{value:.{digits}f}"


def _share(value: float | None) -> str:
    return NOT_MEASURED if value is None else f"{100 * value:.0f} %"
