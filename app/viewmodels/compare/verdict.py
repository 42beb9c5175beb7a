"""What a comparison came to, in words: the speeds, their ratio, and the two texts."""

from __future__ import annotations

from dataclasses import dataclass

from app import strings
from app.domain.comparison import Comparison
from app.domain.conversation import ReplyRecord, TokenRecord
from app.domain.numbers import numbers_of
from app.viewmodels.common import format as fmt
from app.viewmodels.tokens.token_view import pieces


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    headline: str
    texts: str
    details: str


def verdict(comparison: Comparison) -> Verdict:
    return Verdict(
        headline=_headline(comparison.speed_up),
        texts=_texts(comparison),
        details=strings.SEPARATOR.join(_details(comparison)),
    )


def lane_text(reply: ReplyRecord) -> str:
    """The figures of one run, in a line."""
    numbers = numbers_of(reply)
    parts = [strings.LANE_TOKENS.format(count=fmt.count(numbers.generated_tokens))]
    if numbers.acceptance_rate is not None:
        parts.append(
            strings.LANE_ACCEPTED.format(
                percent=fmt.percent(numbers.acceptance_rate), drafted=fmt.count(numbers.draft_n)
            )
        )
    if numbers.mean_acceptance_length is not None:
        parts.append(strings.LANE_TAU.format(tau=fmt.tau(numbers.mean_acceptance_length)))
    parts.append(strings.FINISH.get(reply.finish, reply.finish))
    return strings.SEPARATOR.join(parts)


def _headline(ratio: float | None) -> str:
    if ratio is None:
        return strings.COMPARED_TOO_SHORT
    return strings.COMPARED_RATIO.format(times=fmt.times(ratio))


def _texts(comparison: Comparison) -> str:
    parting, count = comparison.parting, fmt.count(comparison.compared)
    if parting is not None:
        at = fmt.count(parting.at + 1)
        return strings.COMPARED_PARTS.format(at=at, off=_token(parting.off), on=_token(parting.on))
    whole = strings.COMPARED_SAME if comparison.whole else strings.COMPARED_SAME_SO_FAR
    return whole.format(count=count)


def _details(comparison: Comparison) -> list[str]:
    order = strings.ORDER_OFF_FIRST if comparison.first == "off" else strings.ORDER_ON_FIRST
    seed = strings.SAME_SEED.format(seed=comparison.on.seed)
    said = [order, seed, strings.ONE_RUN_EACH]
    greedy = comparison.on.sampling.temperature == 0
    if comparison.on.verify != "coupled" and not greedy:
        said.append(strings.RULE_MAY_DIFFER.format(rule=comparison.on.verify))
    return said


def _token(token: TokenRecord | None) -> str:
    if token is None:
        return strings.COMPARED_END
    text = "".join(piece.text for piece in pieces(token.text))
    return strings.COMPARED_WORD.format(text=text)
