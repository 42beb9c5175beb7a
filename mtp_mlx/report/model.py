"""The document of a report: its structs, its JSON Schema, and the parts made from engine values.

None means "not measured" and is never filled with a guess. The document holds prompts and replies
only if the user wants them, names and paths never. A field may be added at any time and is null in
older files; the version rises only where an older reader would misread a new meaning.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from mtp_mlx.api import (
    MAX_DEPTH,
    DraftPosition,
    RoundState,
    Sampling,
    Verify,
)

VERSION: Final = 1


def says(text: str) -> Meta:
    """Return the description of a field in the schema."""
    return Meta(description=text)


Count = Annotated[int, Meta(ge=0)]
Amount = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Length = Annotated[float, Meta(ge=1)]
Depth = Annotated[int, Meta(ge=0, le=MAX_DEPTH)]
Mode = Depth | Literal["off", "auto"]
Paper = Literal["a4", "us-letter"]
Ending = Literal["stop", "length", "cancelled", "failed"]
Text = Annotated[str | UnsetType | None, says("Only where it was asked for.")]


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all parts; it ignores fields that a later version added."""


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
    commit_clean: Annotated[bool | None, says("The program is that commit and nothing else.")] = (
        None
    )
    machine: Annotated[str | None, says("The model of the machine.")] = None
    cpu: str | None = None
    cpu_cores: Count | None = None
    fanless: bool | None = None
    power_source_after: str | None = None
    governor: Annotated[str | None, says("What sets the CPU's clock on Linux.")] = None
    load_before: Annotated[
        Amount | None, says("Runnable processes, the mean of the last minute.")
    ] = None
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
    """The MTP switch was turned while a reply was being written."""

    at_s: Amount
    mtp: Mode


class Settings(_Part, frozen=True, kw_only=True):
    sampling: Annotated[Sampling, says("The transforms of the logits; temperature 0 is greedy.")]
    seed: int
    max_tokens: Count | None
    verify: Verify
    draft_position: DraftPosition | None
    mtp: Mode | None = None
    switches: tuple[Switch, ...] = ()
    suite: str | None = None
    interleaved: bool | None = None
    cooldown_s: Amount | None = None
    replay_acceptance: Annotated[
        Share | None, says("Not null: drafts were replaced so that each is right with this chance.")
    ] = None
    planned_runs: Annotated[
        Count | None, says("More than there are runs: the benchmark was cut short.")
    ] = None
    modes: tuple[Mode, ...] | None = None
    repeats: Count | None = None
    suite_sha256: str | None = None
    plan_sha256: Annotated[
        str | None, says("Hash of all that must be the same where a benchmark is resumed.")
    ] = None
    resumed: Annotated[Count | None, says("How often the benchmark was resumed.")] = None
    context_tokens: Annotated[
        tuple[Count, ...] | None,
        says("The lengths of text, in tokens, after which each prompt was measured."),
    ] = None
    context_sha256: Annotated[str | None, says("Hash of what that text is cut from.")] = None


class Round(_Part, frozen=True, kw_only=True, gc=False):
    """One round without its tokens, which would spell the reply."""

    at_s: Annotated[Amount | None, says("When it ended, in seconds since the request.")] = None
    ms: Annotated[Amount, says("How long it took.")]
    state: RoundState | None = None
    depth: Depth
    drafted: Depth  # equals `depth`; readers of version 1 need the field
    accepted: Depth
    tokens: Annotated[Count | None, says("How many it emitted.")] = None


class Run(_Part, frozen=True, kw_only=True):
    """One reply. Its numbers have the names of the engine's statistics."""

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
    prompt_sha256: Annotated[
        str | None, says("Hash of the prompt; with a context before it, of both together.")
    ] = None
    context_tokens: Annotated[
        Count | None, says("Tokens of text before the prompt; `prompt_tokens` counts them as well.")
    ] = None
    tokens_sha256: Annotated[
        str | None, says("Hash of the reply's ids: tells whether two are the same, and no more.")
    ] = None
    prompt: Text = UNSET
    text: Text = UNSET

    @property
    def context(self) -> int:
        """Return the tokens before the prompt; an older report does not say that there are none."""
        return self.context_tokens or 0

    @property
    def cut(self) -> bool:
        """Return whether the run ended early, by neither an end token nor the limit of tokens."""
        return self.finish_reason in {"cancelled", "failed"}


class Group(_Part, frozen=True, kw_only=True):
    """The runs of one category (null: all) and mode: medians, spread, speed-up, interval."""

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
    draft_rounds: Annotated[Count | None, says("Rounds in which drafts were made.")] = None
    rounds: Annotated[Count | None, says("All rounds: with drafts, and plain steps.")] = None
    tokens_per_round: Annotated[Amount | None, says("Over all rounds.")] = None
    speedup_most: Annotated[
        Amount | None,
        says("The greatest speed-up that drafts explain: the runs' median tokens per round."),
    ] = None
    noise: Annotated[
        Amount | None,
        says("Of a speed-up without an interval: the share by which the plain speed varied."),
    ] = None
    context_tokens: Annotated[
        Count | None, says("The tokens before the prompts of its runs; null: of all lengths.")
    ] = None
    contexts: Annotated[
        Count | None,
        says("How many lengths of context its runs have; above 1, its tokens/s mix them."),
    ] = None


class Comparison(_Part, frozen=True, kw_only=True):
    """Whether a mode wrote the text of plain decoding, in all repeats of one prompt."""

    category: str
    prompt_id: str | None
    mode: Mode
    identical: bool
    parts_at: Annotated[Count | None, says("The first token that differs, counted from 0.")]
    margin: Annotated[Amount | None, says("Between the two candidates there, in logits.")]
    repeat: Annotated[Count | None, says("The first repeat in which the texts part.")] = None
    plain_token: Annotated[
        Count | None, says("The candidate's id; null where the text had ended.")
    ] = None
    mode_token: Count | None = None
    margin_bound: Annotated[
        Amount | None, says("The largest margin that rounding explains in the dtype used.")
    ] = None
    rounding_tie: Annotated[bool | None, says("The margin is within its bound.")] = None
    context_tokens: Annotated[Count | None, says("Tokens of text before the prompt.")] = None
    plain_text: Text = UNSET
    mode_text: Text = UNSET


class Identity(_Part, frozen=True, kw_only=True):
    """Whether MTP wrote the same text as plain decoding, token for token."""

    measured: bool
    comparisons: tuple[Comparison, ...]


class Report(_Part, frozen=True, kw_only=True):
    """A speed report: one reply or a whole benchmark. null means: not measured."""

    version: Literal[1] = VERSION
    title: Annotated[str, Meta(min_length=1)]
    created: Annotated[str | None, says("ISO 8601, in UTC.")] = None
    environment: Environment
    pair: Pair
    settings: Settings
    runs: Annotated[tuple[Run, ...], Meta(min_length=1)]
    summary: tuple[Group, ...]
    identity: Identity | None
    plain_drift: Annotated[
        float | None,
        says("Plain decoding's speed in the last third of its runs over the first, less 1."),
    ] = None
    by_context: Annotated[
        tuple[Group, ...] | None,
        says(
            "Not null where contexts of several lengths were measured: a group for each of them "
            "and mode, over all categories. `summary` is over all lengths, and pairs only runs of "
            "one length."
        ),
    ] = None


class Outline(_Part, frozen=True, kw_only=True):
    """What a list shows of a report. The runs, of which there may be thousands, are not read."""

    title: str
    created: str | None = None
    pair: Pair
    settings: Settings
    summary: tuple[Group, ...]


UNMEASURED = Identity(measured=False, comparisons=())


def schema() -> bytes:
    """Return the JSON Schema (draft 2020-12) of a report: `resources/report.schema.json`."""
    document = msgspec.json.schema(Report)
    # msgspec does not require fields with a default, but `saving.decode` requires the version.
    document["$defs"]["Report"]["required"].insert(0, "version")
    del document["$defs"]["Sampling"]["description"]  # which is for programmers
    named = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Speed report"}
    return msgspec.json.format(msgspec.json.encode(named | document), indent=1) + b"\n"


def now() -> str:
    """Return the time as a report states it."""
    return _stamp(datetime.now(UTC))


def moment(at: float) -> str:
    """Return the time `at` seconds after the epoch as a report states it."""
    return _stamp(datetime.fromtimestamp(at, UTC))


def _stamp(time: datetime) -> str:
    """Return a time to the second and in UTC, for a time zone would tell where it is."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
