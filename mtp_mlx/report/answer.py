"""What a report says, in sentences: the verdict, four figures, what disturbed the run. Pure.

Page, card, message and list take these sentences from here, so that none says more than another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mtp_mlx.report import naming, words
from mtp_mlx.report.claims import PARKED, PARKED_EVEN, Claim, claim_of
from mtp_mlx.report.derived import headline
from mtp_mlx.report.model import Group, Identity, Mode, Report
from mtp_mlx.report.warnings import notes
from mtp_mlx.report.words import NONE, NOT_MEASURED, TAU, measured

_DOT = " \N{MIDDLE DOT} "

Tone = Literal["faster", "warning", "plain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The sentence that a report is about, and the share of rounds that drafted."""

    text: str
    drafted: str  # a sentence, or "" where rounds were not counted
    large: str  # "2.10x" where the claim is sure, else a few words
    word: str  # faster, slower or what may be said instead
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    name: str
    value: str
    note: str  # what the value is of, or is to be compared with; ""


def verdict(report: Report) -> Verdict:
    """Return what the report may claim of MTP."""
    group = headline(report)
    if group is None:
        return Verdict(
            text=_unmeasured(report), drafted="", large=NOT_MEASURED.capitalize(),
            word=NOT_MEASURED, tone="plain",
        )  # fmt: skip
    said = claim_of(group)
    same = _same_text(report.identity, group.mode)
    is_large = said.is_sure and said.ratio is not None
    return Verdict(
        text=_with_text(_claimed(group, said), same, said),
        drafted=_drafted(group, said),
        large=words.times(said.ratio) if is_large and said.ratio else said.word.capitalize(),
        word=said.word,
        tone=said.tone,
    )


def _unmeasured(report: Report) -> str:
    """Return why there is no speed-up."""
    modes = {run.mode for run in report.runs}
    if modes == {"off"}:
        return "MTP took no part in this report: it measures plain decoding alone."
    if "off" not in modes:
        return "This report has no speed-up: plain decoding was not measured beside it."
    return "This report has no speed-up: no run with MTP has a plain run to set against it."


def _claimed(group: Group, said: Claim) -> str:
    """Return the claim as the first part of a sentence."""
    mode, ratio = mode_name(group.mode), words.ratio(said.ratio or 1.0)
    spread = _spread(said)
    match said.outcome:
        case "busy":
            return f"The machine was busy, so this run gives no speed-up of {mode}: measure again"
        case "parked":
            return (
                f"{mode} parked, because drafting did not pay here: it wrote at {ratio} times the "
                f"speed of plain decoding{spread}"
            )
        case "even":
            return (
                f"This run shows no clear difference between {mode} and plain decoding: "
                f"{ratio} times its speed{spread}"
            )
        case "slower":
            return (
                f"{mode} was slower: it wrote at {ratio} times the speed of plain decoding{spread}"
            )
        case _:
            return f"{mode} wrote {ratio} times as fast as plain decoding{spread}"


def _spread(said: Claim) -> str:
    spread = words.spread(said.low, said.high)
    return f" (95 %: {spread})" if spread else " in one run each, which has no interval"


def _same_text(identity: Identity | None, mode: Mode) -> str:
    """Return in how many prompts the mode wrote the text of plain decoding; "" if not compared."""
    here = [one for one in identity.comparisons if one.mode == mode] if identity else []
    if identity is None or not identity.measured or not here:
        return ""
    return (
        f"the same text for {sum(one.identical for one in here)} of {len(here)} "
        f"prompt{'s' * (len(here) != 1)}"
    )


def _with_text(claimed: str, same: str, said: Claim) -> str:
    """Return whole sentences of the claim and of in how many prompts the text was the same."""
    if not same:
        return f"{claimed}."
    return f"{claimed}. It wrote {same}." if said.outcome == "busy" else f"{claimed}, {same}."


def _drafted(group: Group, said: Claim) -> str:
    if not group.rounds or group.draft_rounds is None:
        return ""
    share = words.percent(group.draft_rounds / group.rounds)
    rounds = f"{words.count(group.draft_rounds)} of {words.count(group.rounds)} rounds"
    parked = f" {_PARKED[said.verdict]}" if said.verdict in _PARKED else ""
    return f"Drafts were made in {rounds} ({share}).{parked}"


_PARKED = {
    PARKED: "So the difference comes from the machine.",
    PARKED_EVEN: "This run shows no clear difference.",
}


def figures(report: Report) -> tuple[Figure, ...]:
    """Return the speed with MTP off and on, acceptance, tau and time to the first token."""
    group = headline(report) or next(
        iter(sorted(report.summary, key=lambda one: one.mode == "off")), None
    )
    if group is None:
        return ()
    off = next((one for one in report.summary if one.mode == "off" and one.category is None), None)
    on = None if group.mode == "off" else group
    first = measured(words.seconds)(group.ttft_s)
    plain_first = None if off is None else off.ttft_s
    return (
        Figure(
            name="Tokens/s, MTP off and on",
            value=f"{_rate(group.plain_tps if on else group.decode_tps)} \N{RIGHTWARDS ARROW} "
            f"{_rate(on.decode_tps if on else None)}",
            note="medians",
        ),
        Figure(
            name="Drafts accepted",
            value=measured(words.percent)(on.acceptance_rate if on else None),
            note="of the drafted tokens",
        ),
        Figure(
            name=f"{TAU}, tokens per drafting round",
            value=measured(words.length)(on.mean_acceptance_length if on else None),
            note=_per_round(on),
        ),
        Figure(
            name="First token",
            value=first,
            note=""
            if plain_first is None or on is None
            else f"{words.seconds(plain_first)} with MTP off",
        ),
    )


def _rate(tps: float | None) -> str:
    return NONE if tps is None else words.rate(tps)


def _per_round(on: Group | None) -> str:
    if on is None or on.tokens_per_round is None:
        return ""
    return f"{words.length(on.tokens_per_round)} over all rounds"


def mode_name(mode: Mode) -> str:
    return f"MTP with K {mode}" if isinstance(mode, int) else f"MTP {mode}"


def disturbances(report: Report) -> str:
    """Return what makes the numbers doubtful, each with its consequence, or "" for a calm run."""
    return " ".join(notes(report))


def conditions(report: Report) -> tuple[str, ...]:
    """Return how the numbers were measured, each fact in a few words."""
    settings, made = report.settings, len(report.runs)
    return tuple(
        filter(
            None,
            (
                f"{words.count(made)} run{'s' * (made != 1)}",
                "interleaved" if settings.interleaved else "not interleaved",
                f"temperature {settings.sampling.temperature:g}",
                _replayed(settings.replay_acceptance),
            ),
        )
    )


def _replayed(share: float | None) -> str:
    return "" if share is None else f"drafts replayed at {words.percent(share)} acceptance"


_DEMO = "a small pair that comes with the program, to try MTP with"


def about(report: Report) -> tuple[str, ...]:
    """Return what was measured, on what and when, as far as each is known."""
    machine = report.environment
    memory = None if machine.memory_bytes is None else words.whole_memory(machine.memory_bytes)
    facts = (*subject(report), memory, machine.os, *made(report))
    return tuple(fact for fact in facts if fact)


def subject(report: Report) -> tuple[str, ...]:
    """Return the pair and the device, as far as they are known."""
    pair = report.pair
    drafter = f" + {pair.drafter}" if pair.drafter else ", no drafter"
    names = _DEMO if pair.target == naming.BUILT_IN else f"{pair.target}{drafter}"
    return tuple(filter(None, (names, pair.quantization, report.environment.device)))


def made(report: Report) -> tuple[str, ...]:
    """Return the program, where it is known, and the day."""
    day = naming.day(report.created) or "date not recorded"
    return tuple(filter(None, (naming.program_name(report.environment), day)))


def message(report: Report) -> str:
    """Return five lines for a message: title, verdict, figures, conditions, program and day."""
    return "\n".join(map(words.line, _lines(report)))


def _lines(report: Report) -> Iterator[str]:
    said = verdict(report)
    first, *more = [*notes(report)] or [""]
    others = f" ({len(more)} more in the report.)" if more else ""
    yield report.title
    yield f"{said.text} {said.drafted}".strip()
    yield _DOT.join(f"{one.name}: {one.value}" for one in figures(report))
    yield f"{_DOT.join(conditions(report))}. {first}{others}".strip()
    program = naming.program_name(report.environment) or "MTP MLX"
    yield _DOT.join(filter(None, (program, naming.day(report.created))))
