"""A report as a card to share, 1200 x 630: what the page's head says, and nothing else. Pure.

A slow-down stands as large as a gain, in the colour of warnings and with the word. A speed-up that
is not sure is no large number: the verdict stands in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap

from mtp_mlx.report import answer, naming, svg, words
from mtp_mlx.report.answer import Verdict
from mtp_mlx.report.derived import headline
from mtp_mlx.report.model import Report
from mtp_mlx.report.svg import DARK, Palette
from mtp_mlx.report.words import measured
from mtp_mlx.report.writer import SEPARATOR

WIDTH, HEIGHT = 1200, 630
_EDGE = 64
_TITLE, _LONG_TITLE = 46, 60  # letters of a line of the title
_FOOT = 90  # letters that fit beside each other at the foot
_BARS = 690.0  # x at which the right half begins
_LETTERS = 42  # of a line of the verdict, which ends before the right half
_LONGEST = WIDTH - _EDGE - _BARS  # length of the fastest bar


def card(report: Report, palette: Palette = DARK) -> str:
    """Return the card as an SVG image."""
    said = answer.verdict(report)
    shapes = [
        svg.rect(0, 0, WIDTH, HEIGHT, palette.paper, round_by=0),
        *_title(report, palette),
        *_verdict(said, palette),
        *_speeds(report, said, palette),
        *_figures(report, palette),
        *_footing(report, palette),
    ]
    told = f"{report.title}. {said.text} {said.drafted}"
    return svg.drawing(shapes, WIDTH, HEIGHT, told)


def _title(report: Report, palette: Palette) -> Iterator[str]:
    """Yield the title in two lines, in smaller letters where it is long."""
    size, letters = 38, _TITLE
    if len(wrap(words.line(report.title), letters)) > 2:
        size, letters = 29, _LONG_TITLE
    for i, line in enumerate(wrap(words.shortened(report.title, 2 * letters - 8), letters)[:2]):
        yield svg.text(_EDGE, 92 + 46 * i, line, palette.ink, size=size, bold=True)


def _verdict(said: Verdict, palette: Palette) -> Iterator[str]:
    colour = _colour(said, palette)
    size = 108 if said.tone != "plain" else 54
    yield svg.text(_EDGE, 278, said.large, colour, size=size, bold=True)
    for i, line in enumerate(wrap(f"{said.text} {said.drafted}", _LETTERS)[:6]):
        yield svg.text(_EDGE, 328 + 31 * i, line, palette.ink, size=23)


def _colour(said: Verdict, palette: Palette) -> str:
    tones = {"warning": palette.warning, "faster": palette.series[1], "plain": palette.ink}
    return tones[said.tone]


@dataclass(frozen=True, slots=True)
class _Bar:
    name: str
    tps: float | None
    colour: str


def _speeds(report: Report, said: Verdict, palette: Palette) -> Iterator[str]:
    """Yield the speed of the headline's mode beside plain decoding's; two modes, two bars."""
    group = headline(report)
    shown = group or next(iter(sorted(report.summary, key=lambda one: one.mode == "off")), None)
    if shown is None:
        return
    is_on = shown.mode != "off"
    on = palette.series[0] if said.tone == "plain" else _colour(said, palette)
    bars = [
        _Bar("MTP off", shown.plain_tps if is_on else shown.decode_tps, palette.series[0]),
        _Bar(
            answer.mode_name(shown.mode) if is_on else "MTP on",
            shown.decode_tps if is_on else None,
            on,
        ),
    ]
    most = max((bar.tps or 0 for bar in bars), default=0)
    for i, bar in enumerate(bars):
        yield from _speed(bar, most, 222 + 88 * i, palette)


def _speed(bar: _Bar, most: float, y: float, palette: Palette) -> Iterator[str]:
    speed = measured(lambda tps: f"{words.rate(tps)} tokens/s")(bar.tps)
    yield svg.text(_BARS, y, bar.name, palette.quiet, size=23)
    yield svg.text(WIDTH - _EDGE, y, speed, palette.ink, anchor="end", size=27, bold=True)
    yield svg.rect(_BARS, y + 14, _LONGEST, 24, palette.grid, round_by=5)
    if bar.tps and most:
        yield svg.rect(_BARS, y + 14, _LONGEST * bar.tps / most, 24, bar.colour, round_by=5)


def _figures(report: Report, palette: Palette) -> Iterator[str]:
    """Yield the page's figures but the first, which the bars show."""
    for i, one in enumerate(answer.figures(report)[1:]):
        y = 394 + 38 * i
        yield svg.text(_BARS, y, one.name, palette.quiet, size=19)
        yield svg.text(WIDTH - _EDGE, y, one.value, palette.ink, anchor="end", size=21, bold=True)


def _footing(report: Report, palette: Palette) -> Iterator[str]:
    yield svg.line((_EDGE, 520), (WIDTH - _EDGE, 520), palette.grid, 2)
    disturbed = answer.disturbances(report)
    conditions = SEPARATOR.join(answer.conditions(report))
    yield svg.text(_EDGE, 556, words.shortened(conditions, 100), palette.quiet, size=20)
    if disturbed:
        warned = words.shortened(disturbed, 104)
        yield svg.text(_EDGE, 586, warned, palette.warning, size=19)
    made = SEPARATOR.join(answer.made(report))
    if not naming.program_name(report.environment):
        made = f"MTP MLX{SEPARATOR}{made}"
    y = 556 if len(conditions) + len(made) <= _FOOT else 614
    yield svg.text(WIDTH - _EDGE, y, made, palette.ink, anchor="end", size=20)
