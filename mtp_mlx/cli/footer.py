"""A reply's numbers in one line, as they stand under it."""

from __future__ import annotations

import sys

from mtp_mlx.api import Stats

SEPARATOR = " · "


def footer(stats: Stats) -> str:
    """What was measured, in words; what was not is left out."""
    parts = []
    if stats.decode_tps is not None:
        parts.append(f"{stats.decode_tps:.{0 if stats.decode_tps >= 10 else 1}f} tok/s")
    if stats.acceptance_rate is not None:
        rate = round(100 * stats.acceptance_rate)
        parts.append(f"{rate} % of {stats.draft_n} drafted accepted")
    if stats.mean_acceptance_length is not None:
        parts.append(f"\u03c4 {stats.mean_acceptance_length:.1f}")
    if stats.ttft_s is not None:
        parts.append(f"{stats.ttft_s:.2f} s to first token")
    return SEPARATOR.join(parts)


def dim(text: str) -> str:
    """Quieter than the reply, on a terminal."""
    return f"\x1b[2m{text}\x1b[0m" if sys.stdout.isatty() else text


def statistics(stats: Stats) -> str:
    """Every number of a reply by its name; "not measured" where it was not."""
    lines = []
    for name in Stats.__dataclass_fields__:
        value = getattr(stats, name)
        if isinstance(value, tuple):
            value = " ".join(f"{number:.3g}" for number in value) or None
        elif isinstance(value, float):
            value = f"{value:.3f}"
        lines.append(f"{name:24} {'not measured' if value is None else value}")
    return "\n".join(lines)
