"""The numbers under a reply, and those behind its info button."""

from __future__ import annotations

from dataclasses import dataclass

from app import strings
from app.domain.conversation import ReplyRecord, speed_up
from app.viewmodels import format as fmt
from app.viewmodels.mtp import depth_label
from mtp_mlx.wire import Mtp


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    value: str


def finish_text(reply: ReplyRecord) -> str:
    """One of the engine's words in the user's, or the sentence that was kept."""
    return strings.FINISH.get(reply.finish, reply.finish)


def footer(reply: ReplyRecord) -> str:
    """One line; what was not measured is left out."""
    parts: list[str] = []
    stats = reply.stats
    if stats is not None:
        if stats.decode_tps is not None:
            parts.append(strings.FOOTER_RATE.format(rate=fmt.rate(stats.decode_tps)))
        ratio = speed_up(reply)
        if ratio is not None:
            parts.append(strings.FOOTER_SPEED_UP.format(times=fmt.times(ratio)))
        if stats.acceptance_rate is not None:
            parts.append(
                strings.FOOTER_ACCEPTED.format(
                    percent=fmt.percent(stats.acceptance_rate), drafted=fmt.count(stats.draft_n)
                )
            )
        if stats.ttft_s is not None:
            parts.append(strings.FOOTER_TTFT.format(seconds=fmt.seconds(stats.ttft_s)))
    return strings.SEPARATOR.join([*parts, finish_text(reply)])


def facts(reply: ReplyRecord) -> list[Fact]:
    """Everything worth knowing about one reply, in the order one would ask."""
    stats = reply.stats
    known = [Fact(strings.FACT_FINISH, finish_text(reply))]
    if stats is not None:
        known += [
            Fact(strings.FACT_TOKENS, fmt.count(stats.generated_tokens)),
            *_optional(strings.FACT_RATE, stats.decode_tps, strings.TOKENS_A_SECOND),
            *([] if stats.ttft_s is None else [Fact(strings.FACT_TTFT, fmt.seconds(stats.ttft_s))]),
            Fact(strings.FACT_PROMPT, _prompt(reply)),
            *_optional(strings.FACT_PREFILL, stats.prefill_tps, strings.TOKENS_A_SECOND),
        ]
        if stats.draft_n:
            known += [
                Fact(strings.FACT_ACCEPTED, _accepted(stats.draft_n_accepted, stats.draft_n)),
                *_tau(stats.mean_acceptance_length),
                Fact(strings.FACT_POSITIONS, _positions(stats.acceptance_by_position)),
            ]
        known.append(Fact(strings.FACT_PEAK, fmt.memory(stats.peak_memory_bytes)))
    known += [Fact(strings.FACT_MTP, _mtp(reply)), Fact(strings.FACT_SAMPLING, _sampling(reply))]
    return known


def _optional(label: str, value: float | None, text: str) -> list[Fact]:
    return [] if value is None else [Fact(label, text.format(rate=fmt.rate(value)))]


def _tau(tau: float | None) -> list[Fact]:
    return [] if tau is None else [Fact(strings.FACT_TAU, f"{tau:.2f}")]


def _prompt(reply: ReplyRecord) -> str:
    total = fmt.count(reply.prompt_tokens)
    if not reply.reused_tokens:
        return total
    return strings.PROMPT_REUSED.format(total=total, reused=fmt.count(reply.reused_tokens))


def _accepted(accepted: int, drafted: int) -> str:
    return strings.ACCEPTED_OF.format(
        accepted=fmt.count(accepted),
        drafted=fmt.count(drafted),
        percent=fmt.percent(accepted / drafted),
    )


def _positions(shares: tuple[float, ...]) -> str:
    return strings.SEPARATOR.join(fmt.percent(share) for share in shares)


def _mtp(reply: ReplyRecord) -> str:
    changes = [f"{_mtp_label(s.mtp)} ({fmt.seconds(s.at)})" for s in reply.switches]
    return " → ".join([_mtp_label(reply.mtp), *changes])


def _mtp_label(mtp: Mtp) -> str:
    return strings.EFFECT_OFF if mtp == "off" else depth_label(mtp)


def _sampling(reply: ReplyRecord) -> str:
    law = reply.sampling
    if law.temperature == 0:
        return strings.GREEDY.format(seed=reply.seed)
    return strings.SAMPLED.format(
        temperature=f"{law.temperature:g}", top_k=law.top_k, top_p=f"{law.top_p:g}", seed=reply.seed
    )
