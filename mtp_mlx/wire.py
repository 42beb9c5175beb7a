"""The messages between the window and the worker: one JSON object a line, with a `type` tag.

Most are a request of `mtp_mlx.api` or an event of `mtp_mlx.events`, with the id of the request.
Both sides ignore unknown fields. The worker answers unknown types, lines that are not JSON and
lines over `MAX_LINE_BYTES` with an `error`, and goes on. Both sides import this module, so it is
free of MLX and Qt.
"""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from mtp_mlx import api, events
from mtp_mlx.api import (
    Message,
    Mtp,
    Prompt,
    Sampling,
    TokenIds,
    Verify,
)
from mtp_mlx.errors import BadMessage

PROTOCOL_VERSION = 2
MAX_LINE_BYTES = 8 * 1024 * 1024


class _Wire(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of the messages that are not derived from a request or an event."""


# To the worker


class Load(api.Load, frozen=True, kw_only=True, tag_field="type", tag="load"):
    """Answered by `loaded` or `error`."""


class Unload(api.Unload, frozen=True, kw_only=True, tag_field="type", tag="unload"):
    """Answered by `unloaded`."""


class Generate(_Wire, frozen=True, kw_only=True, tag="generate"):
    """Write one reply. Exactly one of `messages` and `prompt_ids` is given."""

    id: str
    messages: list[Message] | None = None
    prompt_ids: list[int] | None = None
    continue_reply: bool = False
    thinking: bool = False
    sampling: Sampling | None = None
    mtp: Mtp = "auto"
    verify: Verify = "coupled"
    max_tokens: int = 2048
    seed: int = 0
    ignore_eos: bool = False

    @property
    def request(self) -> api.Generate:
        ids: Prompt = () if self.prompt_ids is None else (TokenIds(tuple(self.prompt_ids)),)
        return api.Generate(
            prompt=(*(self.messages or ()), *ids),
            continue_reply=self.continue_reply,
            thinking=self.thinking,
            sampling=self.sampling,
            mtp=self.mtp,
            verify=self.verify,
            max_tokens=self.max_tokens,
            seed=self.seed,
            ignore_eos=self.ignore_eos,
        )


class SetMtp(_Wire, frozen=True, kw_only=True, tag="set_mtp"):
    """Turn the MTP switch from the next round of the running reply on."""

    mtp: Mtp


class Cancel(_Wire, frozen=True, kw_only=True, tag="cancel"):
    """Stop a reply within one round (or one prompt chunk); it finishes as "cancelled".

    It stops a benchmark too: the current run is dropped, finished runs are kept.
    """

    id: str


class Calibrate(api.Calibrate, frozen=True, kw_only=True, tag_field="type", tag="calibrate"):
    """Answered by `calibrated` or `error`."""


class CountTokens(api.CountTokens, frozen=True, kw_only=True, tag_field="type", tag="count_tokens"):
    """Answered by `token_count`, in its turn."""

    id: str


class Bench(api.Bench, frozen=True, kw_only=True, tag_field="type", tag="bench"):
    """`cancel` ends it. Answered by `bench_finished` or `error`."""

    id: str


class Ping(_Wire, frozen=True, kw_only=True, tag="ping"):
    """Answered by `pong`, at once, also in mid-reply; while nothing runs, by `memory` too."""


class Shutdown(_Wire, frozen=True, kw_only=True, tag="shutdown"):
    """Stop the reply or benchmark, if any, and exit with 0. The end of stdin does the same."""


# From the worker


class Hello(_Wire, frozen=True, kw_only=True, tag="hello"):
    """The first line the worker writes."""

    protocol: int
    versions: dict[str, str]  # mtp-mlx, python, mlx, mlx-lm; from a checkout also commit, clean
    device: dict[str, str | int | bool]  # name, backend, memory_bytes ...


class LoadProgress(
    events.LoadProgress, frozen=True, kw_only=True, tag_field="type", tag="load_progress"
):
    pass


class Loaded(events.Loaded, frozen=True, kw_only=True, tag_field="type", tag="loaded"):
    pass


class Unloaded(events.Unloaded, frozen=True, kw_only=True, tag_field="type", tag="unloaded"):
    pass


class MemoryReport(events.MemoryReport, frozen=True, kw_only=True, tag_field="type", tag="memory"):
    pass


class PromptProgress(
    events.PromptProgress, frozen=True, kw_only=True, tag_field="type", tag="prompt_progress"
):
    id: str


class Round(events.Round, frozen=True, kw_only=True, tag_field="type", tag="round"):
    id: str


class Finished(events.Finished, frozen=True, kw_only=True, tag_field="type", tag="finished"):
    id: str


class TokenCount(events.TokenCount, frozen=True, kw_only=True, tag_field="type", tag="token_count"):
    id: str


class Calibrated(events.Calibrated, frozen=True, kw_only=True, tag_field="type", tag="calibrated"):
    pass


class BenchProgress(
    events.BenchProgress, frozen=True, kw_only=True, tag_field="type", tag="bench_progress"
):
    id: str


class BenchRun(events.BenchRun, frozen=True, kw_only=True, tag_field="type", tag="bench_run"):
    id: str


class BenchFinished(
    events.BenchFinished, frozen=True, kw_only=True, tag_field="type", tag="bench_finished"
):
    """`report` is None where it is too long for a line: then only the file `saved` holds it."""

    id: str


class Pong(_Wire, frozen=True, kw_only=True, tag="pong"):
    pass


class Error(_Wire, frozen=True, kw_only=True, tag="error"):
    """What failed and how to go on; `id` is that of the request that failed, if any."""

    code: str
    message: str
    remedy: str
    id: str | None = None


Command = (
    Load | Unload | Generate | SetMtp | Cancel | Calibrate | Bench | CountTokens | Ping | Shutdown
)
Answer = (
    LoadProgress
    | Loaded
    | Unloaded
    | MemoryReport
    | PromptProgress
    | Round
    | Finished
    | TokenCount
    | Calibrated
    | BenchProgress
    | BenchRun
    | BenchFinished
)
"""The messages that hold an event of `mtp_mlx.events`."""

Event = Hello | Answer | Pong | Error

Request = Load | Unload | Calibrate | CountTokens | Bench
"""The messages that have the fields of a request of `mtp_mlx.api`."""

_REQUESTS: dict[type, type[Request]] = {kind.__base__: kind for kind in get_args(Request)}
_ANSWERS: dict[type, type[Answer]] = {kind.__base__: kind for kind in get_args(Answer)}
_encoder = msgspec.json.Encoder()
_command_decoder: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)
_event_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def ask(request: api.Request, request_id: str) -> Request | Generate:
    """Return the message that asks for `request`. Raises TypeError where there is none."""
    if isinstance(request, api.Generate):
        return _generate(request, request_id)
    kind = _REQUESTS.get(type(request))
    if kind is None:
        raise TypeError(f"No message asks for {type(request).__name__}.")
    fields: dict[str, Any] = msgspec.structs.asdict(request)
    if "id" in kind.__struct_fields__:
        fields["id"] = request_id
    return kind(**fields)


def _generate(request: api.Generate, request_id: str) -> Generate:
    messages = [part for part in request.prompt if isinstance(part, Message)]
    ids = [token for part in request.prompt if isinstance(part, TokenIds) for token in part.ids]
    if not all(isinstance(part, Message | TokenIds) for part in request.prompt):
        raise TypeError("No message holds raw text.")
    return Generate(
        id=request_id,
        messages=messages or None,
        prompt_ids=ids or None,
        continue_reply=request.continue_reply,
        thinking=request.thinking,
        sampling=request.sampling,
        mtp=request.mtp,
        verify=request.verify,
        max_tokens=request.max_tokens,
        seed=request.seed,
        ignore_eos=request.ignore_eos,
    )


def answer(event: events.Event, request_id: str | None) -> Answer:
    """Return the message that sends `event`, an answer to the request `request_id`."""
    kind = _ANSWERS[type(event)]
    fields: dict[str, Any] = msgspec.structs.asdict(event)
    if "id" in kind.__struct_fields__:
        fields["id"] = request_id
    return kind(**fields)


def encode(message: Command | Event) -> bytes:
    """Return the message as one line, newline included."""
    return _encoder.encode(message) + b"\n"


def decode_command(line: bytes) -> Command:
    """Return the command in `line`. Raises BadMessage where it is none of this protocol."""
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
    """Return the event in `line`. Raises BadMessage where it is none of this protocol."""
    try:
        return _event_decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessage(
            f"The engine wrote a line that is no message: {error}.",
            "Restart the engine.",
        ) from error
