"""A reply's numbers as text: the line under it, and the facts behind its info button."""

from __future__ import annotations

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


def footer(reply: ReplyRecord) -> str:
    """Return the line under a reply, without the numbers that were not measured."""
    parts: list[str] = []
    numbers = numbers_of(reply)
    if numbers.decode_tps is not None:
        parts.append(strings.FOOTER_RATE.format(rate=fmt.rate(numbers.decode_tps)))
    if numbers.speed_up is not None:
        parts.append(speed_up_text(numbers))
    if numbers.acceptance_rate is not None:
        parts.append(
            strings.FOOTER_ACCEPTED.format(
                percent=fmt.percent(numbers.acceptance_rate), drafted=fmt.count(numbers.draft_n)
            )
        )
    if numbers.ttft_s is not None:
        parts.append(strings.FOOTER_TTFT.format(seconds=fmt.seconds(numbers.ttft_s)))
    return strings.SEPARATOR.join([*parts, finish_text(reply)])


def speed_up_text(numbers: Numbers) -> str:
    """Return the speed-up in words; "" where it was not measured."""
    if numbers.speed_up is None:
        return ""
    text = strings.SPEED_UP_PARTLY if numbers.partly else strings.FOOTER_SPEED_UP
    return text.format(times=fmt.times(numbers.speed_up))


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
            *_worded(strings.FACT_SPEED_UP, speed_up_text(numbers)),
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
        shown.append(Fact(strings.FACT_POSITIONS, _positions(numbers.acceptance_by_position)))
    if stats is not None and stats.peak_memory_bytes is not None:
        shown.append(Fact(strings.FACT_PEAK, fmt.memory(stats.peak_memory_bytes)))
    shown += [Fact(strings.FACT_MTP, _mtp(reply)), Fact(strings.FACT_SAMPLING, _sampling(reply))]
    if reply.verify != "coupled":  # the default needs no line
        shown.append(Fact(strings.VERIFY, RULES[reply.verify][0]))
    return shown


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
