"""Plain values that cross boundaries: between threads, over the pipe, into reports.

Frozen, free of MLX, and named as in the literature (ARCHITECTURE.md has the glossary).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MAX_DEPTH = 8
"""The most tokens drafted in a round (K)."""

MAX_PRESENCE_PENALTY = 2
MAX_BIAS = 100
"""How far a presence penalty and a logit bias may go, either way; OpenAI's ranges."""

Mtp = int | Literal["off", "auto"]
"""The MTP switch: "off", "auto", or a fixed K of 0 to `MAX_DEPTH` drafts a round (0 parks)."""

RoundState = Literal["plain", "drafting", "parked", "probe"]
FinishReason = Literal["stop", "length", "cancelled"]
TokenSource = Literal["target", "draft"]
Verify = Literal["coupled", "block", "token"]
"""How drafts are judged. All three keep the target's distribution; "coupled" also its text."""

DraftPosition = Literal["last-seen", "anchor"]
"""Where the drafter stands: at the last position in the cache, or at the anchor's own."""

Dtype = Literal["auto", "float32", "bfloat16", "float16"]
Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a conversation, as the chat template takes it."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkingSyntax:
    """How a family marks a thought: `opening` `header` … `closing`, all three left unshown."""

    opening: str  # the name of a token
    header: str  # text right after it; "" for none
    closing: str  # the name of a token


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """The transforms of both laws, applied in this order; temperature 0 is greedy decoding.

    `logit_bias` is pairs, not a mapping, so that the whole can be hashed; JSON has no integer keys.
    """

    logit_bias: tuple[tuple[int, float], ...] = ()  # (token id, what is added to its score)
    repetition_penalty: float = 1.0  # on tokens of prompt and reply; 1: off
    presence_penalty: float = 0.0  # taken once from tokens of the reply; 0: off
    temperature: float = 0.0
    top_k: int = 0  # 0: off
    top_p: float = 1.0  # 1: off
    min_p: float = 0.0  # 0: off


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """The numbers of one reply. None means "not measured", never zero."""

    draft_rounds: int  # verify passes with K >= 1
    draft_n: int  # tokens drafted
    draft_n_accepted: int  # tokens drafted and emitted
    acceptance_rate: float | None  # draft_n_accepted / draft_n
    mean_acceptance_length: float | None  # tau = 1 + draft_n_accepted / draft_rounds
    acceptance_histogram: tuple[int, ...]  # rounds by number accepted, 0..K
    acceptance_by_position: tuple[float, ...]  # accepted at i / rounds that drafted >= i
    conditional_acceptance: tuple[float, ...]  # accepted at i / rounds that reached i
    generated_tokens: int
    decode_tps: float | None  # (n - 1) / (t_last - t_first)
    prefill_tps: float | None  # prompt tokens computed / second, reused ones left out
    ttft_s: float | None  # request to first token
    peak_memory_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes held by the engine, as MLX counts them, and what the device recommends at most."""

    active: int
    peak: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairInfo:
    """What is loaded, in words and sizes fit for a window or a report; no paths."""

    target: str
    drafter: str | None
    no_drafter_reason: str | None
    target_bytes: int
    drafter_bytes: int
    quantization: str  # "4-bit affine, group 64", or the dtype
    context_length: int
    sliding_window: int
    draft_position: DraftPosition
    recommended: Sampling
    has_chat_template: bool
