"""A reply as the window keeps it, small enough to check by hand."""

from __future__ import annotations

from app.domain.conversation import (
    EngineRecord,
    RejectedRecord,
    ReplyRecord,
    RoundRecord,
    SwitchRecord,
    TokenRecord,
)
from mtp_mlx.api import PairInfo, Sampling, Stats

PAIR = PairInfo(
    target="google/gemma-4-e4b-it",
    drafter="google/gemma-4-e4b-it-assistant",
    no_drafter_reason=None,
    target_bytes=4_000_000_000,
    drafter_bytes=100_000_000,
    quantization="4-bit affine, group 64",
    context_length=131_072,
    sliding_window=512,
    draft_position="last-seen",
    recommended=Sampling(temperature=1.0, top_k=64, top_p=0.95),
    has_chat_template=True,
)
ENVIRONMENT: dict[str, str | int | bool] = {
    "mtp-mlx": "0.1.0",
    "python": "3.12.1",
    "mlx": "0.32.4",
    "mlx-lm": "0.32.2",
    "name": "Apple M4 Pro",
    "backend": "metal",
    "memory_bytes": 25_769_803_776,
    "compiles": True,
    "os": "macOS-26.1",
}
STATS = Stats(
    draft_rounds=1,
    draft_n=3,
    draft_n_accepted=2,
    acceptance_rate=2 / 3,
    mean_acceptance_length=3.0,
    acceptance_histogram=(0, 0, 1, 0),
    acceptance_by_position=(1.0, 1.0, 0.0),
    conditional_acceptance=(1.0, 1.0, 0.0),
    generated_tokens=64,
    decode_tps=60.0,
    prefill_tps=812.5,
    ttft_s=0.25,
    peak_memory_bytes=5_368_709_120,
)
ROUNDS = (
    RoundRecord(
        index=0,
        depth=0,
        drafted=0,
        accepted=0,
        ms=12.0,
        state="plain",
        at=0.25,
        tokens=(TokenRecord(7001, "Private", "target"),),
    ),
    RoundRecord(
        index=1,
        depth=3,
        drafted=3,
        accepted=2,
        ms=31.5,
        state="drafting",
        at=0.3,
        tokens=(
            TokenRecord(7002, "\n```\nwords", "draft"),
            TokenRecord(7003, " unsaid", "draft", thought=True),
            TokenRecord(7004, ".", "target"),
        ),
        rejected=(RejectedRecord(7005, " ghost"),),
    ),
)
REPLY = ReplyRecord(
    rounds=ROUNDS,
    stats=STATS,
    seed=42,
    sampling=Sampling(temperature=1.0, top_k=64, top_p=0.95),
    max_tokens=2048,
    mtp=3,
    switches=(SwitchRecord(0.5, "auto"),),
    finish="finished",
    prompt_tokens=12,
    reused_tokens=5,
    engine=EngineRecord(),
    pair=PAIR,
    plain_tps=30.0,
)
