"""How steady the machine was while it measured. Pure."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Sequence

from mtp_mlx.report.model import Round, Run

_QUARTERS = 4  # parts of the steps whose mean times are compared


def unsteadiness(steps: Sequence[Round]) -> float | None:
    """Return the share by which the mean time of plain steps varies by chance.

    It is twice the standard error of the mean over quarters of the steps. None for too few.
    """
    times = [one.ms for one in steps if one.depth == 0 and one.ms > 0]
    size = len(times) // _QUARTERS
    if size < 2:
        return None
    means = [statistics.fmean(times[i * size : (i + 1) * size]) for i in range(_QUARTERS)]
    return 2 * statistics.stdev(means) / math.sqrt(_QUARTERS) / statistics.fmean(means)


def drift(runs: Sequence[Run]) -> float | None:
    """Return plain decoding's speed in the last third of its runs over that in the first, less 1.

    `runs` are in the order they were made. Each speed is relative to the median of its prompt, so
    that a slow prompt or a long context at the end is no drift. None below two runs a third or
    without repeats.
    """
    plain = [run for run in runs if run.mode == "off" and not run.cut and run.decode_tps]
    by_prompt = defaultdict[tuple[str | None, int], list[float]](list)
    for run in plain:
        by_prompt[run.prompt_id, run.context].append(run.decode_tps or 0)
    if len(plain) < 6 or min(map(len, by_prompt.values())) < 2:
        return None
    usual = {prompt: statistics.median(speeds) for prompt, speeds in by_prompt.items()}
    relative = [(run.decode_tps or 0) / usual[run.prompt_id, run.context] for run in plain]
    third = len(relative) // 3
    return statistics.median(relative[-third:]) / statistics.median(relative[:third]) - 1
