"""A reply's numbers as text: the line under it, and the facts behind its info button."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app import strings
from app.domain.conversation import Died, Failed, ReplyRecord
from app.domain.numbers import Numbers, numbers_of
from app.viewmodels.common import format as fmt
from app.viewmodels.settings.reply_settings import RULES
from app.viewmodels.tokens.timeline import switch_label


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    value: str


def finish_text(reply: ReplyRecord) -> str:
    """Return how the reply ended."""
    match reply.finish:
        case Failed(text=text):
            return strings.FINISH_ERROR.format(message=text)
        case Died(text=text):
            return strings.FINISH_DIED.format(reason=text)
        case word:
            return strings.FINISH[word]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as it is shown, and what it means, in a sentence."""

    text: str
    meaning: str


def footer(reply: ReplyRecord) -> str:
    """Return the line under a reply; what was not measured is left out."""
    return strings.SEPARATOR.join(figure.text for figure in figures(reply))


def figures(reply: ReplyRecord) -> tuple[Figure, ...]:
    """Return the numbers of the line under a reply, from the left.

    They are few and short, to fit in one line; `facts` has all. The last is how the reply ended,
    or how soon it began where it simply finished.
    """
    numbers = numbers_of(reply)
    end = Figure(finish_text(reply), strings.MEANS_FINISH)
    began = _figure(numbers.ttft_s, _first_token, strings.MEANS_TTFT)
    return tuple(
        figure
        for figure in (
            _figure(numbers.decode_tps, _rate, strings.MEANS_RATE),
            Figure(_speed_up_line(numbers), _speed_up_means(numbers)),
            Figure(_accepted_in(numbers), _accepted_means(numbers)),
            began if began.text and reply.finish == "finished" else end,
        )
        if figure.text
    )


def _figure(value: float | None, show: Callable[[float], str], meaning: str) -> Figure:
    return Figure("" if value is None else show(value), meaning)


def _rate(tps: float) -> str:
    return strings.FOOTER_RATE.format(rate=fmt.rate(tps))


def _accepted_in(numbers: Numbers) -> str:
    """Return the share of accepted drafts, and in how many of all rounds drafts were made."""
    if numbers.acceptance_rate is None:
        return ""
    percent, rounds = fmt.percent(numbers.acceptance_rate), drafted_text(numbers)
    if not rounds:
        return strings.FOOTER_ACCEPTED.format(percent=percent)
    return strings.FOOTER_ACCEPTED_IN.format(percent=percent, rounds=rounds)


def _accepted_means(numbers: Numbers) -> str:
    rounds = drafted_text(numbers)
    text = strings.MEANS_ACCEPTED_IN if rounds else strings.MEANS_ACCEPTED_OF
    accepted, drafted = fmt.count(numbers.draft_n_accepted), fmt.count(numbers.draft_n)
    return text.format(accepted=accepted, drafted=drafted, rounds=rounds)


def _first_token(seconds: float) -> str:
    return strings.FOOTER_TTFT.format(seconds=fmt.seconds(seconds))


def _speed_up_means(numbers: Numbers) -> str:
    return strings.MEANS_SPEED_UP.format(note=speed_up_note(numbers))


def _speed_up_line(numbers: Numbers) -> str:
    said = numbers.claim
    if said.outcome == "unmeasured":
        return ""
    if said.ratio is None:
        return said.verdict
    short = speed_up_short(numbers)
    return strings.FOOTER_PARTLY.format(speed_up=short) if numbers.partly else short


def speed_up_text(numbers: Numbers) -> str:
    """Return the speed-up with its word, or "" where none was measured."""
    said = numbers.claim
    if said.outcome == "unmeasured":
        return ""
    if said.ratio is None:
        return said.verdict
    text = strings.SPEED_UP_PARTLY if numbers.partly else strings.SPEED_UP_TEXT
    return text.format(times=fmt.times(said.ratio), word=said.word)


def speed_up_short(numbers: Numbers) -> str:
    """Return the ratio and its word, or the word alone where no number may be shown."""
    said = numbers.claim
    if said.outcome == "unmeasured":
        return ""
    ratio = "" if said.ratio is None else fmt.times(said.ratio)
    return f"{ratio} {said.word}".strip()


def speed_up_note(numbers: Numbers) -> str:
    """Return what may be claimed, and against which plain speed; "" where none was measured."""
    said, plain = numbers.claim, plain_text(numbers)
    if said.outcome == "unmeasured":
        return plain
    return strings.SPEED_UP_NOTE.format(verdict=_capital(said.verdict), plain=plain)


def drafted_text(numbers: Numbers) -> str:
    """Return in how many of all rounds drafts were made; "" where none was made at all."""
    if not numbers.draft_n or not numbers.rounds:
        return ""
    return strings.ROUNDS_OF.format(
        drafted=fmt.count(numbers.draft_rounds), rounds=fmt.count(numbers.rounds)
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def plain_text(numbers: Numbers) -> str:
    """Return the plain speed and the day it was measured; "" where it was not."""
    if numbers.plain is None:
        return ""
    rate = fmt.rate(numbers.plain.tps)
    if numbers.plain.day is None:
        return strings.TOKENS_A_SECOND.format(rate=rate)
    return strings.PLAIN_MEASURED.format(rate=rate, day=numbers.plain.day)


def facts(reply: ReplyRecord) -> list[Fact]:
    """Return all facts about a reply, without the numbers that were not measured."""
    numbers, stats = numbers_of(reply), reply.stats
    shown = [Fact(strings.FACT_FINISH, finish_text(reply))]
    if numbers.generated_tokens:
        shown += [
            Fact(strings.FACT_TOKENS, fmt.count(numbers.generated_tokens)),
            *_optional(strings.FACT_RATE, numbers.decode_tps, strings.TOKENS_A_SECOND),
            *_worded(strings.FACT_SPEED_UP, _speed_up_fact(numbers)),
            *_worded(strings.FACT_DRAFTED, drafted_text(numbers)),
            *_worded(strings.FACT_PLAIN, plain_text(numbers)),
            *_worded(strings.FACT_TTFT, _seconds(numbers.ttft_s)),
        ]
    if stats is not None:
        shown += [
            Fact(strings.FACT_PROMPT, _prompt(reply)),
            *_optional(strings.FACT_PREFILL, stats.prefill_tps, strings.TOKENS_A_SECOND),
        ]
    if numbers.draft_n:
        shown.append(Fact(strings.FACT_ACCEPTED, _accepted(numbers)))
        if numbers.mean_acceptance_length is not None:
            shown.append(Fact(strings.FACT_TAU, fmt.tau(numbers.mean_acceptance_length)))
        if numbers.tokens_per_round is not None:
            shown.append(Fact(strings.FACT_TOKENS_PER_ROUND, fmt.tau(numbers.tokens_per_round)))
        shown.append(Fact(strings.FACT_POSITIONS, _positions(numbers.acceptance_by_position)))
    if stats is not None and stats.peak_memory_bytes is not None:
        shown.append(Fact(strings.FACT_PEAK, fmt.memory(stats.peak_memory_bytes)))
    shown += [Fact(strings.FACT_MTP, _mtp(reply)), Fact(strings.FACT_SAMPLING, _sampling(reply))]
    if reply.verify != "coupled":  # the default needs no line
        shown.append(Fact(strings.VERIFY, RULES[reply.verify][0]))
    return shown


def _speed_up_fact(numbers: Numbers) -> str:
    """Return the speed-up, or how to get one where no plain speed was measured near the reply."""
    if numbers.draft_n and numbers.plain is None:
        return strings.SPEED_UP_UNMEASURED
    return speed_up_text(numbers)


def _seconds(duration: float | None) -> str:
    return "" if duration is None else fmt.seconds(duration)


def _worded(label: str, value: str) -> list[Fact]:
    return [Fact(label, value)] if value else []


def _optional(label: str, value: float | None, text: str) -> list[Fact]:
    return [] if value is None else [Fact(label, text.format(rate=fmt.rate(value)))]


def _prompt(reply: ReplyRecord) -> str:
    total = fmt.count(reply.prompt_tokens)
    if not reply.reused_tokens:
        return total
    return strings.PROMPT_REUSED.format(total=total, reused=fmt.count(reply.reused_tokens))


def _accepted(numbers: Numbers) -> str:
    return strings.ACCEPTED_OF.format(
        accepted=fmt.count(numbers.draft_n_accepted),
        drafted=fmt.count(numbers.draft_n),
        percent=fmt.percent(numbers.draft_n_accepted / numbers.draft_n),
    )


def _positions(shares: tuple[float, ...]) -> str:
    return strings.SEPARATOR.join(fmt.percent(share) for share in shares)


def _mtp(reply: ReplyRecord) -> str:
    changes = [f"{switch_label(s.mtp)} ({fmt.seconds(s.at)})" for s in reply.switches]
    return " → ".join([switch_label(reply.mtp), *changes])


def _sampling(reply: ReplyRecord) -> str:
    sampling = reply.sampling
    if sampling.is_greedy:
        return strings.GREEDY.format(seed=reply.seed)
    return strings.SAMPLED.format(
        temperature=f"{sampling.temperature:g}",
        top_k=sampling.top_k,
        top_p=f"{sampling.top_p:g}",
        seed=reply.seed,
    )
