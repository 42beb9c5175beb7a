"""Reports for the terminal, in 79 columns. Pure.

`table` shows the numbers of a report, `report` adds pair, settings and machine, `comparison` shows
two reports side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from mtp_mlx.numbers import acceptance_of
from mtp_mlx.report import words
from mtp_mlx.report.claims import claim_of
from mtp_mlx.report.comparing import Row, SideBySide, side_by_side
from mtp_mlx.report.contents import rounding, sections
from mtp_mlx.report.model import Comparison, Group, Identity, Report
from mtp_mlx.report.warnings import notes
from mtp_mlx.report.words import NONE, NOT_MEASURED, Fact, line, percent, shortened

_CATEGORY = 16  # width of the column of categories
_WIDTH = 79


def report(shown: Report) -> str:
    """Return the whole report: its numbers, then pair, settings and machine."""
    return "\n".join(_lines(shown))


def comparison(a: Report, b: Report) -> str:
    """Return the numbers of each report, then what differs between them and their ratios."""
    both = side_by_side(a, b)
    alone = (f"{name}: {line(one.title)}\n\n{rows(one)}\n" for name, one in (("A", a), ("B", b)))
    return "\n".join([*alone, *_warnings(both.warnings), _side_by_side(both)])


def table(shown: Report) -> str:
    """Return modes and categories with their ratios, whether the texts are the same, and notes."""
    noted = _warnings(notes(shown))
    return "\n".join([rows(shown), *(["", *noted[:-1]] if noted else [])])


def rows(shown: Report) -> str:
    """Return modes and categories with their ratios, and whether the texts are the same."""
    lines = [
        f"{'':16}{'mode':>6}{'tok/s':>9}{'speed-up':>10}  {'95 %':13}{'accepted':>9}{words.TAU:>6}"
    ]
    lines += [row for group in shown.summary for row in _group(group)]
    if shown.identity is not None and shown.identity.measured:
        lines += ["", *_identity(shown.identity)]
    return "\n".join(lines)


def _warnings(sentences: Iterable[str]) -> list[str]:
    """Return the sentences in lines, and an empty line behind them."""
    lines = [row for sentence in sentences for row in wrap(line(sentence), _WIDTH)]
    return [*lines, ""] if lines else []


def parting(compared: Comparison) -> str:
    """Return where two texts part, and whether rounding explains it."""
    at, bound = compared.parts_at, compared.margin_bound
    place = f"{line(compared.prompt_id or NONE)}, {words.mode(compared.mode)}: parts "
    place += "from plain decoding" if at is None else f"at token {at}"
    if compared.margin is None:
        return place
    margin = f"margin {words.margin(compared.margin)} logits"
    if bound is None or compared.rounding_tie is None:
        return f"{place}, {margin}"
    return f"{place}, {rounding(compared)}: {margin}, rounding up to {words.margin(bound)}"


def _group(group: Group) -> Iterator[str]:
    """Yield the numbers of a group and, where it has a speed-up, what may be claimed of it."""
    said = claim_of(group)
    yield (
        f"{_category(group.category)}{words.mode(group.mode):>6}"
        f"{_cell(words.rate, group.decode_tps):>9}{_cell(words.times, said.ratio):>10}"
        f"  {words.spread(said.low, said.high):13}{_cell(words.percent, group.acceptance_rate):>9}"
        f"{_cell(words.length, group.mean_acceptance_length):>6}"
    ).rstrip()
    if said.outcome != "unmeasured":
        each = group.tokens_per_round
        tokens = "" if each is None else f"{words.length(each)} tokens/round"
        told = (said.verdict, said.drafted, tokens)
        yield f"{'':{_CATEGORY}}  {', '.join(filter(None, told))}"


def _category(name: str | None) -> str:
    return f"{shortened(words.category(name), _CATEGORY - 1):{_CATEGORY}}"


def _cell(show: words.Show, value: float | None) -> str:
    """Return the value or a dash, for "not measured" is too wide for a column."""
    return NONE if value is None else show(value)


def _identity(identity: Identity) -> list[str]:
    compared = identity.comparisons
    same = sum(comparison.identical for comparison in compared)
    parted = [f"  {parting(comparison)}" for comparison in compared if not comparison.identical]
    return [f"Same text as plain decoding: {same} of {len(compared)} prompts and modes.", *parted]


def _lines(shown: Report) -> Iterator[str]:
    yield line(shown.title)
    yield from ("", table(shown), "")
    yield from _positions(shown)
    for section in sections(shown):
        yield f"\n{section.name}"
        yield from _facts(section.facts)


def _positions(shown: Report) -> Iterator[str]:
    places = acceptance_of(r for run in shown.runs for r in run.rounds).positions
    shares = [percent(place.share) for place in places]
    if shares:
        yield f"Accepted by position: {', '.join(shares)}"


def _facts(facts: Sequence[Fact]) -> Iterator[str]:
    """Yield a line for each fact that was measured, then one line with the names of the others."""
    measured = [fact for fact in facts if fact.value != NOT_MEASURED]
    yield from (f"  {fact.name:28}{line(fact.value)}" for fact in measured)
    absent = [fact.name.lower() for fact in facts if fact.value == NOT_MEASURED]
    if absent:
        yield f"  Not measured: {', '.join(absent)}"


def _side_by_side(both: SideBySide) -> str:
    lines = ["Pair, settings and machine are the same."]
    if both.differences:
        lines = ["They differ in:"]
        lines += [f"  {d.name}: {line(d.a)} | {line(d.b)}" for d in both.differences]
    lines += ["", *_ratios(both)]
    return "\n".join(lines)


def _ratios(both: SideBySide) -> list[str]:
    if not both.rows:
        return ["No prompt is known to be the same in both, so no ratio is measured."]
    head = f"{'':16}{'mode':>6}{'pairs':>7}{'A tok/s':>9}{'B tok/s':>9}{'B / A':>8}  95 %"
    return [head, *map(_ratio, both.rows)]


def _ratio(row: Row) -> str:
    ratio = row.ratio
    spread = words.between(ratio.low, ratio.high) if ratio.has_spread else NOT_MEASURED
    return (
        f"{_category(row.category)}{words.mode(row.mode):>6}{row.pairs:>7}"
        f"{words.rate(row.a_tps):>9}{words.rate(row.b_tps):>9}{words.times(ratio.median):>8}"
        f"  {spread:13}  B: {row.verdict}"
    )
