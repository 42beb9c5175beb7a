"""A report as a card to share, 1200 x 630: its speed-up, pair, machine and day. Pure.

A slow-down stands as large as a gain, in the colour of warnings and with the word. A speed-up that
is not sure is no large number: the verdict stands in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap

from mtp_mlx.report import svg, words
from mtp_mlx.report.claims import Claim, claim_of
from mtp_mlx.report.derived import headline
from mtp_mlx.report.model import Group, Report
from mtp_mlx.report.svg import DARK, Palette
from mtp_mlx.report.words import NOT_MEASURED, measured

WIDTH, HEIGHT = 1200, 630
_EDGE = 64
_BARS = 640.0  # x at which the right half begins
_LETTERS = 24  # of a line of the verdict, which ends before the right half
_LONGEST = WIDTH - _EDGE - _BARS  # length of the fastest bar


def card(report: Report, palette: Palette = DARK) -> str:
    """Return the card as an SVG image."""
    group = headline(report)
    shown = _group(report)
    shapes = [
        svg.rect(0, 0, WIDTH, HEIGHT, palette.paper, round_by=0),
        *_subject(report, palette),
        *_ratio(group, palette),
        *_speeds(shown, palette),
        *_acceptance(shown, palette),
        *_footing(report, palette),
    ]
    return svg.drawing(shapes, WIDTH, HEIGHT, report.title)


def _group(report: Report) -> Group | None:
    """Return the group whose speeds are shown; without a speed-up, one of MTP if there is any."""
    groups = sorted(report.summary, key=lambda group: group.mode == "off")
    return headline(report) or next(iter(groups), None)


def _subject(report: Report, palette: Palette) -> Iterator[str]:
    pair = report.pair
    drafter = f"+ {pair.drafter}" if pair.drafter else "no drafter"
    yield svg.text(_EDGE, 92, words.shortened(pair.target, 46), palette.ink, size=36, bold=True)
    yield svg.text(_EDGE, 134, words.shortened(drafter, 60), palette.quiet, size=24)
    if pair.quantization:
        yield svg.text(_EDGE, 168, words.shortened(pair.quantization, 60), palette.quiet, size=22)


def _ratio(group: Group | None, palette: Palette) -> Iterator[str]:
    """Yield the ratio, large where the claim is sure, and else what may be said in its place."""
    said = None if group is None else claim_of(group)
    if group is None or said is None or said.outcome == "unmeasured":
        yield svg.text(_EDGE, 300, "Speed-up", palette.quiet, size=28)
        yield svg.text(_EDGE, 364, NOT_MEASURED, palette.ink, size=54, bold=True)
        return
    ratio = "" if said.ratio is None else words.times(said.ratio)
    mode = f"MTP {words.mode(group.mode)}"
    if said.is_sure:
        colour = _colour(said, palette)
        yield svg.text(_EDGE, 340, ratio, colour, size=132, bold=True)
        words_colour = colour if said.tone == "warning" else palette.ink
        yield svg.text(_EDGE, 396, f"{said.verdict}, {mode}", words_colour, size=32, bold=True)
    else:
        for i, row in enumerate(wrap(said.verdict[:1].upper() + said.verdict[1:], _LETTERS)):
            yield svg.text(_EDGE, 252 + 50 * i, row, palette.ink, size=42, bold=True)
        facts = f"{mode}, {ratio}" if ratio else mode
        yield svg.text(_EDGE, 396, facts, palette.quiet, size=28)
    spread = words.spread(said.low, said.high)
    if spread:
        yield svg.text(_EDGE, 434, f"95 %: {spread}", palette.quiet, size=24)


def _colour(said: Claim, palette: Palette) -> str:
    tones = {"warning": palette.warning, "faster": palette.series[2], "plain": palette.series[0]}
    return tones[said.tone]


@dataclass(frozen=True, slots=True)
class _Bar:
    name: str
    tps: float | None
    colour: str


def _speeds(group: Group | None, palette: Palette) -> Iterator[str]:
    on = palette.series[0] if group is None else _colour(claim_of(group), palette)
    is_on = group is not None and group.mode != "off"
    bars = [
        _Bar("MTP off", group.plain_tps if group else None, palette.series[0]),
        _Bar("MTP on", group.decode_tps if group and is_on else None, on),
    ]
    most = max((bar.tps or 0 for bar in bars), default=0)
    for i, bar in enumerate(bars):
        yield from _speed(bar, most, 226 + 92 * i, palette)


def _speed(bar: _Bar, most: float, y: float, palette: Palette) -> Iterator[str]:
    speed = measured(lambda tps: f"{words.rate(tps)} tok/s")(bar.tps)
    yield svg.text(_BARS, y, bar.name, palette.quiet, size=24)
    yield svg.text(WIDTH - _EDGE, y, speed, palette.ink, anchor="end", size=28, bold=True)
    yield svg.rect(_BARS, y + 14, _LONGEST, 26, palette.grid, round_by=5)
    if bar.tps and most:
        yield svg.rect(_BARS, y + 14, _LONGEST * bar.tps / most, 26, bar.colour, round_by=5)


def _acceptance(group: Group | None, palette: Palette) -> Iterator[str]:
    share = measured(words.percent)(group.acceptance_rate if group else None)
    tau = measured(words.length)(group.mean_acceptance_length if group else None)
    each = measured(words.length)(group.tokens_per_round if group else None)
    per_round = each if each == tau else f"{each}, {tau}"
    rows = (
        ("Drafts accepted", share),
        ("Drafted in", _rounds(group)),
        (f"Tokens/round, {words.TAU} where drafted", per_round),
    )
    for i, (name, value) in enumerate(rows):
        y = 386 + 36 * i
        yield svg.text(_BARS, y, name, palette.quiet, size=22)
        yield svg.text(WIDTH - _EDGE, y, value, palette.ink, anchor="end", size=24, bold=True)


def _rounds(group: Group | None) -> str:
    if group is None or group.draft_rounds is None or group.rounds is None:
        return NOT_MEASURED
    return f"{group.draft_rounds} of {group.rounds} rounds"


def _footing(report: Report, palette: Palette) -> Iterator[str]:
    yield svg.line((_EDGE, 484), (WIDTH - _EDGE, 484), palette.grid, 2)
    for i, line in enumerate((_machine(report), _conditions(report))):
        yield svg.text(_EDGE, 526 + 34 * i, words.shortened(line, 84), palette.quiet, size=22)
    day = (report.created or "")[:10] or "date: not recorded"
    yield svg.text(_EDGE, 602, "MTP MLX", palette.ink, size=22, bold=True)
    yield svg.text(WIDTH - _EDGE, 602, day, palette.ink, anchor="end", size=22)


def _machine(report: Report) -> str:
    environment = report.environment
    size = environment.memory_bytes
    memory = "" if size is None else f", {words.memory(size)}"
    versions = f" \N{MIDDLE DOT} mlx {environment.mlx}" if environment.mlx else ""
    return f"{environment.device or 'device: not recorded'}{memory}{versions}"


def _conditions(report: Report) -> str:
    """Return the conditions of the speed-up in one line, for readers who know nothing of it."""
    settings, runs = report.settings, len(report.runs)
    conditions = [f"{runs} run{'s' * (runs != 1)}"]
    conditions += ["interleaved"] if settings.interleaved else ["not interleaved"]
    conditions += [f"temperature {settings.sampling.temperature:g}"]
    if settings.planned_runs is not None and runs < settings.planned_runs:
        conditions.insert(0, f"cut short: {runs} of {settings.planned_runs}")
    if settings.replay_acceptance is not None:
        conditions.insert(0, f"replayed acceptance {settings.replay_acceptance:g}")
    return " \N{MIDDLE DOT} ".join(conditions)
