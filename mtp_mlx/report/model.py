"""The document itself; its shape is `resources/report.schema.json`.

null means "not measured" and is never filled with a guess. Prompts and replies are in it only where
they were asked for; names and paths never are. Versions: a field may be added at any time and is
null in older files; the version rises only when an older reader would misread the new meaning.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from mtp_mlx.api import MAX_DEPTH, DraftPosition, RoundState, Sampling, Verify

VERSION: Final = 1

Count = Annotated[int, Meta(ge=0)]
Amount = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Length = Annotated[float, Meta(ge=1)]
Depth = Annotated[int, Meta(ge=0, le=MAX_DEPTH)]
Mode = Depth | Literal["off", "auto"]
Ending = Literal["stop", "length", "cancelled", "failed"]


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all parts: fields of later writers are ignored."""


class Environment(_Part, frozen=True, kw_only=True):
    app_version: str | None = None
    commit: str | None = None
    python: str | None = None
    mlx: str | None = None
    mlx_lm: str | None = None
    os: str | None = None
    device: str | None = None
    backend: str | None = None
    gpu_cores: Count | None = None
    memory_bytes: Count | None = None
    power_source: str | None = None
    low_power_mode: bool | None = None
    thermal_before: str | None = None
    thermal_after: str | None = None
    commit_clean: bool | None = None  # the program is that commit and nothing else
    machine: str | None = None  # its model
    cpu: str | None = None
    cpu_cores: Count | None = None
    fanless: bool | None = None
    power_source_after: str | None = None
    governor: str | None = None  # what sets the CPU's clock on Linux
    load_before: Amount | None = None  # runnable processes, the mean of the last minute
    load_after: Amount | None = None


class Pair(_Part, frozen=True, kw_only=True):
    target: str
    target_revision: str | None = None
    target_bytes: Count | None = None
    target_sha256: str | None = None
    drafter: str | None
    drafter_revision: str | None = None
    drafter_bytes: Count | None = None
    drafter_sha256: str | None = None
    quantization: str | None
    context_length: Count | None = None
    sliding_window: Count | None = None


class Switch(_Part, frozen=True, kw_only=True):
    """The MTP switch, as it was turned in mid-reply."""

    at_s: Amount
    mtp: Mode


class Settings(_Part, frozen=True, kw_only=True):
    sampling: Sampling
    seed: int
    max_tokens: Count | None
    verify: Verify
    draft_position: DraftPosition | None
    mtp: Mode | None = None
    switches: tuple[Switch, ...] = ()
    suite: str | None = None
    interleaved: bool | None = None
    cooldown_s: Amount | None = None
    replay_acceptance: Share | None = None
    planned_runs: Count | None = None
    modes: tuple[Mode, ...] | None = None
    repeats: Count | None = None
    suite_sha256: str | None = None
    plan_sha256: str | None = None  # of all that must be the same where a benchmark is resumed
    resumed: Count | None = None  # how often it was


class Round(_Part, frozen=True, kw_only=True, gc=False):
    """One round without its tokens, which would spell the reply."""

    at_s: Amount | None = None  # its end, in seconds since the request
    ms: Amount
    state: RoundState | None = None
    depth: Depth
    drafted: Depth  # the same as `depth`; readers of version 1 ask for it
    accepted: Depth
    tokens: Count | None = None


class Run(_Part, frozen=True, kw_only=True):
    """One reply by the names of `api.Stats`. `prompt` and `text` only where asked for."""

    mode: Mode
    category: str
    prompt_id: str | None
    repeat: Count
    finish_reason: Ending
    prompt_tokens: Count | None
    reused_tokens: Count | None
    draft_rounds: Count | None
    draft_n: Count | None
    draft_n_accepted: Count | None
    acceptance_rate: Share | None
    mean_acceptance_length: Length | None
    acceptance_histogram: tuple[Count, ...] | None
    acceptance_by_position: tuple[Share, ...] | None
    conditional_acceptance: tuple[Share, ...] | None
    generated_tokens: Count | None
    decode_tps: Amount | None
    prefill_tps: Amount | None
    ttft_s: Amount | None
    peak_memory_bytes: Count | None
    rounds: tuple[Round, ...]
    prompt_sha256: str | None = None
    tokens_sha256: str | None = None  # of the reply's ids: tells whether two are the same, no more
    prompt: str | UnsetType | None = UNSET
    text: str | UnsetType | None = UNSET

    @property
    def cut(self) -> bool:
        """Ended by someone or something else than the model or the limit of tokens."""
        return self.finish_reason in {"cancelled", "failed"}


class Group(_Part, frozen=True, kw_only=True):
    """The runs of one category (None: all) and mode: medians, spread, speed-up, interval."""

    category: str | None
    mode: Mode
    runs: Count
    decode_tps: Amount | None
    decode_tps_low: Amount | None = None
    decode_tps_high: Amount | None = None
    ttft_s: Amount | None = None
    acceptance_rate: Share | None = None
    mean_acceptance_length: Length | None = None
    plain_tps: Amount | None
    baseline: str | None = None
    speedup: Amount | None
    speedup_low: Amount | None = None
    speedup_high: Amount | None = None


class Comparison(_Part, frozen=True, kw_only=True):
    """A mode's text against plain decoding's, over all repeats of one prompt."""

    category: str
    prompt_id: str | None
    mode: Mode
    identical: bool
    parts_at: Count | None  # the first token that differs
    margin: Amount | None  # between the two candidates there, in logits
    repeat: Count | None = None  # the first in which they part
    plain_token: Count | None = None  # the candidates' ids; null where a text had ended
    mode_token: Count | None = None
    margin_bound: Amount | None = None  # what rounding explains at most, in the dtype used
    rounding_tie: bool | None = None  # the margin is within it
    plain_text: str | UnsetType | None = UNSET
    mode_text: str | UnsetType | None = UNSET


class Identity(_Part, frozen=True, kw_only=True):
    measured: bool
    comparisons: tuple[Comparison, ...]


class Report(_Part, frozen=True, kw_only=True):
    version: Literal[1] = VERSION
    title: Annotated[str, Meta(min_length=1)]
    created: str | None = None  # ISO 8601, in UTC
    environment: Environment
    pair: Pair
    settings: Settings
    runs: Annotated[tuple[Run, ...], Meta(min_length=1)]
    summary: tuple[Group, ...]
    identity: Identity | None
    plain_drift: float | None = None  # plain decoding's speed at the end over the start, less 1


class Outline(_Part, frozen=True, kw_only=True):
    """What a list tells of a report. Its runs are not read: there may be thousands of each."""

    title: str
    created: str | None = None
    pair: Pair
    settings: Settings
    summary: tuple[Group, ...]


UNMEASURED = Identity(measured=False, comparisons=())
