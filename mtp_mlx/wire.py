"""Messages between the window and the worker: one JSON object a line, a `type` tag in each.

Both sides ignore unknown fields; the worker answers unknown types, lines that are not JSON and
lines over `MAX_LINE_BYTES` with an `error` and lives on. Free of MLX and Qt, so that both sides
import it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from mtp_mlx.api import (
    MAX_DEPTH,
    DraftPosition,
    Dtype,
    FinishReason,
    Memory,
    Message,
    Mtp,
    PairInfo,
    RoundState,
    Sampling,
    Stats,
    TokenSource,
    Verify,
)
from mtp_mlx.calibration import Calibration
from mtp_mlx.errors import BadMessage
from mtp_mlx.report.model import Group, Report, Run

PROTOCOL_VERSION = 2
MAX_LINE_BYTES = 8 * 1024 * 1024
DEMO_PAIR = "demo"
"""The name by which `load` asks for the built-in pair."""


class _Wire(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of all messages."""


BenchPhase = Literal["hashing", "warming up", "measuring", "cooling down", "comparing"]


# To the worker


class Load(_Wire, frozen=True, kw_only=True, tag="load"):
    """Load a pair; a pair already loaded is unloaded first. Answered by `loaded` or `error`."""

    target: str  # a folder, a repository id, or DEMO_PAIR
    drafter: str | None = None  # None: the drafter that belongs to the target, where known
    use_drafter: bool = True
    drafter_bits: int | None = None  # quantise the drafter's head to 4 or 8 bits; None: as it is
    dtype: Dtype = "auto"
    draft_position: DraftPosition | None = None  # None: the pair's own


class Unload(_Wire, frozen=True, kw_only=True, tag="unload"):
    """Free the pair and its caches. Answered by `unloaded`."""


class Generate(_Wire, frozen=True, kw_only=True, tag="generate"):
    """Write one reply. Exactly one of `messages` and `prompt_ids` is given.

    With `continue_reply` the last message is the assistant's, its turn stays open, and what is
    written goes on from its last character.
    """

    id: str
    messages: list[Message] | None = None
    prompt_ids: list[int] | None = None
    continue_reply: bool = False
    thinking: bool = False
    sampling: Sampling | None = None  # None: what the model recommends
    mtp: Mtp = "auto"
    verify: Verify = "coupled"
    max_tokens: int = 2048
    seed: int = 0
    ignore_eos: bool = False


class SetMtp(_Wire, frozen=True, kw_only=True, tag="set_mtp"):
    """Turn the MTP switch: effective from the next round of the running reply."""

    mtp: Mtp


class Cancel(_Wire, frozen=True, kw_only=True, tag="cancel"):
    """Stop a reply within one round (or one prompt chunk); it finishes as "cancelled".

    A benchmark likewise: the run at hand is dropped, finished runs are kept.
    """

    id: str


class Calibrate(_Wire, frozen=True, kw_only=True, tag="calibrate"):
    """Measure the loaded pair for auto to start from. Answered by `calibrated` or `error`."""


class CountTokens(_Wire, frozen=True, kw_only=True, tag="count_tokens"):
    """How many tokens `text` is for the loaded pair. Answered by `token_count`, in its turn."""

    id: str
    text: str


class Bench(_Wire, frozen=True, kw_only=True, tag="bench"):
    """Measure the loaded pair, mode against mode, interleaved; `cancel` ends it.

    Answered by `bench_progress` and `bench_run` as it goes, and `bench_finished` or `error`.
    """

    id: str
    suite: str | None = None  # a shipped suite or a file; None: "quick", or random tokens
    modes: tuple[Mtp, ...] = ("off", "auto", 3)
    repeats: int = 3
    max_tokens: int = 128
    temperature: float = 0.0  # above 0 with the model's recommended top-k and top-p
    verify: Verify = "coupled"
    seed: int = 0
    cooldown_s: float | None = None  # None: as the report resumed, or as the machine needs it
    replay_acceptance: float | None = None
    include_text: bool = False
    out: str | None = None  # a file that holds the whole report after every run
    resume: str | None = None  # a report whose runs are kept; it is also `out` where none is given


class Ping(_Wire, frozen=True, kw_only=True, tag="ping"):
    """Answered by `pong`, at once, also in mid-reply."""


class Shutdown(_Wire, frozen=True, kw_only=True, tag="shutdown"):
    """Stop the reply, if any, and exit with 0. The end of stdin means the same."""


# From the worker


class Hello(_Wire, frozen=True, kw_only=True, tag="hello"):
    """The first line the worker writes."""

    protocol: int
    versions: dict[str, str]  # mtp-mlx, python, mlx, mlx-lm
    device: dict[str, str | int | bool]  # name, backend, memory_bytes ...


class LoadProgress(_Wire, frozen=True, kw_only=True, tag="load_progress"):
    phase: str  # "checking", "target", "drafter"
    done: int
    total: int


class Loaded(_Wire, frozen=True, kw_only=True, tag="loaded"):
    pair: PairInfo
    memory: Memory


class Unloaded(_Wire, frozen=True, kw_only=True, tag="unloaded"):
    pass


class PromptProgress(_Wire, frozen=True, kw_only=True, tag="prompt_progress"):
    id: str
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
    """A drafted token the target did not choose, or that lay past the end of the reply."""

    id: int
    text: str


class Round(_Wire, frozen=True, kw_only=True, tag="round"):
    """One round of decoding, sent after its caches are settled."""

    id: str
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


class Finished(_Wire, frozen=True, kw_only=True, tag="finished"):
    id: str
    reason: FinishReason
    prompt_tokens: int
    reused_tokens: int
    seed: int
    sampling: Sampling
    stats: Stats


class Calibrated(_Wire, frozen=True, kw_only=True, tag="calibrated"):
    calibration: Calibration
    words: str  # what a person wants to know of it


class TokenCount(_Wire, frozen=True, kw_only=True, tag="token_count"):
    id: str  # the question's
    tokens: int | None  # None: the model came without a tokenizer


class BenchProgress(_Wire, frozen=True, kw_only=True, tag="bench_progress"):
    """Sent at each change of phase; mode to repeat are those of the run at hand or the next."""

    id: str
    phase: BenchPhase
    done: int  # runs finished, kept ones included
    total: int
    mode: Mtp | None = None
    category: str | None = None
    prompt_id: str | None = None
    repeat: int | None = None
    elapsed_s: float
    left_s: float | None = None  # None: not known yet


class BenchRun(_Wire, frozen=True, kw_only=True, tag="bench_run"):
    """One run, measured; `summary` is of all runs so far."""

    id: str
    done: int
    total: int
    run: Run
    summary: tuple[Group, ...]


class BenchFinished(_Wire, frozen=True, kw_only=True, tag="bench_finished"):
    """The last of a benchmark. A report too long for a line is only in the file `saved`."""

    id: str
    reason: Literal["done", "cancelled", "failed"]
    report: Report | None  # None also where no run was finished
    saved: str | None  # the file it is in
    warnings: tuple[str, ...]  # what failed, such as a disk that refused, with its remedy


class MemoryReport(_Wire, frozen=True, kw_only=True, tag="memory"):
    active: int
    peak: int
    limit: int


class Pong(_Wire, frozen=True, kw_only=True, tag="pong"):
    pass


class Error(_Wire, frozen=True, kw_only=True, tag="error"):
    """What failed and how to go on; `id` names the reply or the count it ended, if any."""

    code: str
    message: str
    remedy: str
    id: str | None = None


Command = (
    Load | Unload | Generate | SetMtp | Cancel | Calibrate | Bench | CountTokens | Ping | Shutdown
)
Event = (
    Hello
    | LoadProgress
    | Loaded
    | Unloaded
    | PromptProgress
    | Round
    | Finished
    | Calibrated
    | BenchProgress
    | BenchRun
    | BenchFinished
    | TokenCount
    | MemoryReport
    | Pong
    | Error
)

_encoder = msgspec.json.Encoder()
_command_decoder: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)
_event_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def encode(message: Command | Event) -> bytes:
    """One line, newline included."""
    return _encoder.encode(message) + b"\n"


def decode_command(line: bytes) -> Command:
    """Raises BadMessage where the line is no command of this protocol."""
    if len(line) > MAX_LINE_BYTES:
        raise BadMessage(
            f"A line of {len(line)} bytes is longer than the {MAX_LINE_BYTES} allowed.",
            "Send a shorter conversation.",
        )
    try:
        return _command_decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessage(
            f"The line is no message of protocol {PROTOCOL_VERSION}: {error}.",
            "Send one JSON object a line, with a known `type`.",
        ) from error


def decode_event(line: bytes) -> Event:
    """Raises BadMessage where the line is no event of this protocol."""
    try:
        return _event_decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessage(
            f"The engine wrote a line that is no message: {error}.",
            "Restart the engine.",
        ) from error


__all__ = [
    "DEMO_PAIR",
    "MAX_DEPTH",
    "MAX_LINE_BYTES",
    "PROTOCOL_VERSION",
    "Bench",
    "BenchFinished",
    "BenchPhase",
    "BenchProgress",
    "BenchRun",
    "Calibrate",
    "Calibrated",
    "Cancel",
    "Command",
    "CountTokens",
    "DraftPosition",
    "Dtype",
    "Error",
    "Event",
    "FinishReason",
    "Finished",
    "Generate",
    "Hello",
    "Load",
    "LoadProgress",
    "Loaded",
    "Memory",
    "MemoryReport",
    "Message",
    "Mtp",
    "PairInfo",
    "Ping",
    "Pong",
    "PromptProgress",
    "Rejected",
    "Round",
    "RoundState",
    "Sampling",
    "SetMtp",
    "Shutdown",
    "Stats",
    "Token",
    "TokenCount",
    "Unload",
    "Unloaded",
    "Verify",
    "decode_command",
    "decode_event",
    "encode",
]
