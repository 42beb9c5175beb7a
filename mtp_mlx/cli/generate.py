"""`mtp-mlx generate`: one reply, streamed as text or told as one JSON object."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from mtp_mlx import wire
from mtp_mlx.api import Message
from mtp_mlx.cli.footer import footer
from mtp_mlx.cli.interrupt import stops_on_interrupt
from mtp_mlx.cli.loading import load
from mtp_mlx.cli.options import Options, engine_options
from mtp_mlx.errors import UsageError

if TYPE_CHECKING:
    from mtp_mlx.engine import Engine

INTERRUPTED = 130


@click.command("generate", short_help="Write one reply and leave.")
@click.argument("prompt", required=False)
@click.option(
    "--prompt-ids",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="A JSON list of token ids instead of a prompt ('-': stdin).",
)
@click.option("--raw", is_flag=True, help="Give the prompt as it is, with no chat template.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--profile", is_flag=True, help="Tell on stderr where the time of a round goes.")
@engine_options
def command(
    options: Options,
    prompt: str | None,
    prompt_ids: Path | None,
    raw: bool,
    as_json: bool,
    profile: bool,
) -> int:
    """Write one reply to PROMPT ('-': read it from stdin) and leave.

    Sampling options stand in for what the model itself recommends.
    """
    if (prompt is None) == (prompt_ids is None):
        raise UsageError("Exactly one prompt is needed.", "Give PROMPT or --prompt-ids FILE.")
    if options.system is not None and (raw or prompt_ids is not None):
        raise UsageError("--system needs a chat template.", "Leave out --raw and --prompt-ids.")
    ids = None if prompt_ids is None else read_ids(prompt_ids)
    text = sys.stdin.read() if prompt == "-" else prompt or ""
    engine = load(options.load())
    request = _request(engine, options, text, ids, raw=raw)
    return write(engine, request, as_json=as_json, profile=profile)


def read_ids(file: Path) -> list[int]:
    """The token ids in a file. Raises UsageError for anything but a list of them."""
    text = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    try:
        ids = msgspec.json.decode(text, type=list[int])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(
            f"--prompt-ids holds no JSON list of token ids: {error}.", "Write it as [2, 105, 7]."
        ) from error
    if any(i < 0 for i in ids):
        raise UsageError("--prompt-ids holds a negative id.", "Use ids of the model's vocabulary.")
    return ids


def _request(
    engine: Engine, options: Options, prompt: str, ids: list[int] | None, *, raw: bool
) -> wire.Generate:
    messages = None
    if ids is None and raw:
        ids = _encoded(engine, prompt)
    elif ids is None:
        messages = [Message(role="user", content=prompt)]
        if options.system is not None:
            messages.insert(0, Message(role="system", content=options.system))
    return wire.Generate(
        id="generate",
        messages=messages,
        prompt_ids=ids,
        sampling=options.sampling(engine.pair.recommended),
        mtp=options.mtp,
        verify=options.verify,
        max_tokens=options.max_tokens,
        seed=options.seed or 0,
        ignore_eos=options.ignore_eos,
    )


def _encoded(engine: Engine, prompt: str) -> list[int]:
    if engine.tokenizer is None:
        raise UsageError("The model's folder has no tokenizer.", "Give token ids: --prompt-ids.")
    return engine.tokenizer.encode(prompt)


@dataclass(slots=True)
class Written:
    """A reply as it came: its rounds and how it ended."""

    rounds: list[wire.Round] = field(default_factory=list)
    finished: wire.Finished | None = None


def write(engine: Engine, request: wire.Generate, *, as_json: bool, profile: bool = False) -> int:
    """Run a request and print it; the exit code."""
    from mtp_mlx.cli.profile import Profile
    from mtp_mlx.engine import Control, Instruments

    timed = Profile() if profile else None
    instruments = Instruments(watch=timed) if timed else Instruments()
    control = Control(mtp=request.mtp)
    written = Written()
    shown = answer if engine.tokenizer is not None else numbers
    with stops_on_interrupt(control):
        for event in engine.generate(request, control, instruments):
            if isinstance(event, wire.Round):
                written.rounds.append(event)
                if not as_json:
                    print(shown([event]), end="", flush=True)
            elif isinstance(event, wire.Finished):
                written.finished = event
    print(as_object(written, has_text=engine.tokenizer is not None) if as_json else "")
    if timed and written.finished is not None:
        decoded = [told for told in written.rounds if told.index > 0]
        print(timed.table(decoded, written.finished.stats), file=sys.stderr)
    if sys.stderr.isatty() and written.finished is not None:
        print(footer(written.finished.stats), file=sys.stderr)
    return INTERRUPTED if control.cancelled else 0


def answer(rounds: list[wire.Round]) -> str:
    """The text of some rounds, thoughts left out."""
    return "".join(t.text for told in rounds for t in told.tokens if not t.thought)


def numbers(rounds: list[wire.Round]) -> str:
    """The ids of some rounds, where there is no tokenizer to make a text of them."""
    return "".join(f"{token.id} " for told in rounds for token in told.tokens)


def as_object(written: Written, *, has_text: bool) -> str:
    """The JSON object of `--json`. Round 0, the token that prefill yields, is no round there."""
    finished = written.finished
    assert finished is not None  # the engine's last event, always
    stats = msgspec.to_builtins(finished.stats)
    stats["rounds"] = [round_object(told) for told in written.rounds if told.index > 0]
    found = {
        "tokens": [token.id for told in written.rounds for token in told.tokens],
        "text": answer(written.rounds) if has_text else None,
        "finish_reason": finished.reason,
        "prompt_tokens": finished.prompt_tokens,
        "reused_tokens": finished.reused_tokens,
        "seed": finished.seed,
        "stats": stats,
    }
    return msgspec.json.encode(found).decode()


def round_object(told: wire.Round) -> dict[str, Any]:
    """Accepted drafts come first in a round, so these are the drafts in their order."""
    drafted = [token.id for token in told.tokens if token.source == "draft"]
    drafted += [rejected.id for rejected in told.rejected]
    return {"depth": told.depth, "drafted": drafted, "accepted": told.accepted, "ms": told.ms}
