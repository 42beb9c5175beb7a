"""Values to test with: a pair, rounds, statistics, and a scripted reply made of a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeVar

from PySide6.QtCore import QObject

from mtp_mlx.api import FinishReason, Memory, PairInfo, RoundState, Sampling, Stats
from mtp_mlx.events import Rejected, Token
from mtp_mlx.wire import PROTOCOL_VERSION, Finished, Hello, Loaded, Round

Q = TypeVar("Q", bound=QObject)


def child(parent: QObject, kind: type[Q], name: str) -> Q:
    """The object below `parent` that has this object name."""
    named = parent.findChild(kind, name)
    assert named is not None
    return named


PAIR = PairInfo(
    target="Demo",
    drafter="Demo drafter",
    no_drafter_reason=None,
    target_bytes=40_000_000,
    drafter_bytes=6_000_000,
    quantization="float32",
    context_length=32_768,
    sliding_window=512,
    draft_position="last-seen",
    recommended=Sampling(temperature=1.0, top_k=64, top_p=0.95),
    has_chat_template=True,
)
MEMORY = Memory(active=1_200_000_000, peak=1_400_000_000, limit=16_000_000_000)
HELLO = Hello(
    protocol=PROTOCOL_VERSION,
    versions={"mtp-mlx": "0.1.0", "python": "3.11", "mlx": "0.32.4"},
    device={"name": "A test", "backend": "cpu"},
)
LOADED = Loaded(pair=PAIR, memory=MEMORY)


def round_of(
    reply: str,
    index: int,
    texts: list[str],
    *,
    depth: int = 0,
    state: RoundState = "plain",
    thought: bool = False,
    reason: str | None = None,
) -> Round:
    """All but the last token were drafted; what of `depth` is left was rejected."""
    accepted = max(0, len(texts) - 1) if depth else 0
    tokens = [
        Token(
            id=100 + index, text=text, source="draft" if i < accepted else "target", thought=thought
        )
        for i, text in enumerate(texts)
    ]
    rejected = [Rejected(id=1, text="no")] if accepted < depth else []
    return Round(
        id=reply,
        index=index,
        tokens=tokens,
        depth=depth,
        accepted=accepted,
        rejected=rejected,
        ms=20.0,
        state=state,
        reason=reason,
    )


def rounds(reply: str, text: str, *, depth: int = 3) -> Iterator[Round]:
    """A reply of `text`, with rounds of 1 to `depth` + 1 tokens."""
    words = re.findall(r"\s*\S+|\s+", text)
    yield round_of(reply, 0, words[:1])
    rest = iter(words[1:])
    sizes = [depth + 1, 1 + depth // 2, depth + 1, 1]
    index = 0
    while True:
        index += 1
        size = sizes[index % len(sizes)]
        taken = [word for _, word in zip(range(size), rest, strict=False)]
        if not taken:
            return
        state: RoundState = "drafting" if depth else "plain"
        yield round_of(reply, index, taken, depth=depth, state=state)


def stats(**changes: object) -> Stats:
    known: dict[str, object] = {
        "draft_rounds": 104,
        "draft_n": 312,
        "draft_n_accepted": 243,
        "acceptance_rate": 243 / 312,
        "mean_acceptance_length": 1 + 243 / 104,
        "acceptance_histogram": (4, 10, 20, 70),
        "acceptance_by_position": (0.93, 0.81, 0.6),
        "conditional_acceptance": (0.93, 0.87, 0.74),
        "generated_tokens": 347,
        "decode_tps": 61.3,
        "prefill_tps": 410.0,
        "ttft_s": 0.213,
        "peak_memory_bytes": 1_400_000_000,
    }
    return Stats(**(known | changes))  # type: ignore[arg-type]


def finished(reply: str, reason: FinishReason = "stop", **changes: object) -> Finished:
    return Finished(
        id=reply,
        reason=reason,
        prompt_tokens=42,
        reused_tokens=0,
        seed=7,
        sampling=PAIR.recommended,
        stats=stats(**changes),
    )
