"""Rounds as the window keeps them, made of a few numbers."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.conversation import (
    EngineRecord,
    Finish,
    RejectedRecord,
    ReplyRecord,
    RoundRecord,
    SwitchRecord,
    TokenRecord,
)
from mtp_mlx.api import Mtp, RoundState, Sampling, Stats
from tests.app.helpers import PAIR

ENGINE = EngineRecord(
    versions={"mtp-mlx": "0.1.0", "mlx": "0.32.4"}, device={"name": "A test", "backend": "cpu"}
)


def a_round(
    index: int,
    at: float,
    *,
    tokens: int = 1,
    depth: int = 0,
    state: RoundState | None = None,
    texts: Sequence[str] = (),
    reason: str | None = None,
    first_id: int = 0,
) -> RoundRecord:
    """All but the last token were drafted, where anything was; what is left of K was rejected."""
    words = list(texts) or [f"w{index}.{i} " for i in range(tokens)]
    accepted = len(words) - 1 if depth else 0
    return RoundRecord(
        index=index,
        depth=depth,
        drafted=depth,
        accepted=accepted,
        ms=20.0,
        state=state or ("drafting" if depth else "plain"),
        at=at,
        tokens=tuple(
            TokenRecord(first_id + i, word, "draft" if i < accepted else "target")
            for i, word in enumerate(words)
        ),
        rejected=tuple(RejectedRecord(900 + i, f"no{i} ") for i in range(depth - accepted)),
        reason=reason,
    )


def plain_rounds(
    count: int, *, gap: float = 0.05, index: int = 0, at: float = 0.0
) -> list[RoundRecord]:
    """`count` steps of one token, the first at `at` + `gap`."""
    return [a_round(index + i, at + (i + 1) * gap, first_id=index + i) for i in range(count)]


def drafting_rounds(
    count: int, *, tokens: int = 3, gap: float = 0.05, index: int = 1, at: float = 0.05
) -> list[RoundRecord]:
    return [
        a_round(
            index + i,
            at + (i + 1) * gap,
            tokens=tokens,
            depth=3,
            first_id=1 + i * tokens,
        )
        for i in range(count)
    ]


def drafted_reply(count: int = 40, *, tokens: int = 3, gap: float = 0.05) -> list[RoundRecord]:
    """A prompt's token at 0.05 s, then rounds of `tokens` tokens."""
    return [a_round(0, 0.05), *drafting_rounds(count, tokens=tokens, gap=gap)]


def reply_of(
    rounds: Sequence[RoundRecord],
    *,
    mtp: Mtp = "auto",
    switches: Sequence[SwitchRecord] = (),
    stats: Stats | None = None,
    finish: Finish = "finished",
    plain_tps: float | None = None,
    plain_day: str | None = None,
) -> ReplyRecord:
    return ReplyRecord(
        rounds=tuple(rounds),
        stats=stats,
        seed=7,
        sampling=Sampling(),
        max_tokens=512,
        mtp=mtp,
        switches=tuple(switches),
        finish=finish,
        prompt_tokens=10,
        reused_tokens=0,
        engine=ENGINE,
        pair=PAIR,
        plain_tps=plain_tps,
        plain_day=plain_day,
    )
