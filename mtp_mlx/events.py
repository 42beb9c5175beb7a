"""The events with which a `Host` answers the requests of `mtp_mlx.api`.

They are plain and frozen, free of MLX and of any transport. The docstring of each request names
its events; a request that fails ends with an error of `mtp_mlx.errors` in place of the last.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from mtp_mlx.api import (
    FinishReason,
    Memory,
    Mtp,
    PairInfo,
    Pressure,
    RoundState,
    Sampling,
    Stats,
    TokenSource,
)
from mtp_mlx.calibration import Calibration
from mtp_mlx.report.model import Group, Report, Run

LoadPhase = Literal["checking", "fetching", "target", "drafter", "warm-up"]
BenchPhase = Literal["hashing", "warming up", "measuring", "cooling down", "comparing"]


class LoadProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A load goes on: with bytes fetched, or bytes of the weights in memory."""

    phase: LoadPhase
    done: int = 0
    total: int = 0  # 0: unknown
    waits: str | None = None  # why nothing comes, of a fetch
    note: str | None = None  # a sentence, said once: what is to be known before it is loaded


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    pair: PairInfo
    memory: Memory


class Unloaded(msgspec.Struct, frozen=True, kw_only=True):
    pass


class MemoryReport(msgspec.Struct, frozen=True, kw_only=True):
    """The values of `Memory`: while a reply is written, at its end, after unloading, when asked."""

    active: int
    peak: int
    limit: int
    need: int | None = None
    pressure: Pressure | None = None
    context: int | None = None


class PromptProgress(msgspec.Struct, frozen=True, kw_only=True):
    done: int  # prompt tokens in the cache, the reused ones included
    total: int
    reused: int


class Token(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One emitted token. The texts of a reply's tokens, joined, are the reply.

    `text` is "" while a character is incomplete and for control tokens.
    """

    id: int
    text: str
    source: TokenSource
    thought: bool = False  # inside the model's thinking channel


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """A drafted token that the target did not choose, or that lay past the end of the reply."""

    id: int
    text: str


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One round of decoding, sent after its caches are settled."""

    index: int  # 0: the token that prefill yields
    tokens: list[Token]
    depth: int  # K, the number of tokens drafted
    accepted: int  # drafted and emitted: never past an end token or a length cut
    rejected: list[Rejected]
    ms: float  # wall time of the round
    draft_ms: float | None = None  # None: not measured (a round waits for the device once)
    verify_ms: float | None = None
    state: RoundState = "plain"
    reason: str | None = None  # why this state, where it is not what the switch asks for


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a reply, with the settings that were used and the numbers that were measured."""

    reason: FinishReason
    prompt_tokens: int
    reused_tokens: int
    seed: int
    sampling: Sampling
    stats: Stats


class TokenCount(msgspec.Struct, frozen=True, kw_only=True):
    tokens: int | None  # None: the model came without a tokenizer


class Calibrated(msgspec.Struct, frozen=True, kw_only=True):
    calibration: Calibration
    words: str  # the calibration in one sentence


class BenchProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A benchmark enters a phase.

    `mode`, `category`, `prompt_id`, `repeat` and `context_tokens` are those of the current run or,
    between runs, of the next.
    """

    phase: BenchPhase
    done: int  # runs finished, those of a resumed report included
    total: int
    mode: Mtp | None = None
    category: str | None = None
    prompt_id: str | None = None
    repeat: int | None = None
    context_tokens: int | None = None  # before the prompt
    elapsed_s: float
    left_s: float | None = None  # estimated; None before the first run


class BenchRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run was measured; `summary` is that of all runs so far."""

    done: int
    total: int
    run: Run
    summary: tuple[Group, ...]
    warning: str | None = None  # why the report could not be saved; the benchmark goes on


class BenchFinished(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a benchmark."""

    reason: Literal["done", "cancelled", "failed"]
    report: Report | None  # None where no run was finished, or where it is too long for a line
    saved: str | None  # the path of the file that holds the report
    warnings: tuple[str, ...]  # each problem, such as a full disk, with its remedy
    failure: str | None = None  # the warning that ended the benchmark or the saving of its report


ReplyEvent = PromptProgress | Round | Finished
Event = (
    LoadProgress
    | Loaded
    | Unloaded
    | MemoryReport
    | ReplyEvent
    | TokenCount
    | Calibrated
    | BenchProgress
    | BenchRun
    | BenchFinished
)
"""Every event that a Host sends."""
