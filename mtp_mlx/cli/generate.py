"""`mtp-mlx generate`: one reply, streamed as text or printed as one JSON object.

`--profile` also prints where the time of a round goes.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from mtp_mlx.api import Generate, Message, Mtp, PairInfo, Prompt, RawText, Stats, TokenIds
from mtp_mlx.cli.options import Options, engine_options
from mtp_mlx.cli.terminal import footer, from_stdin, load, stops_on_interrupt
from mtp_mlx.decode.watch import Laps, Timing
from mtp_mlx.errors import UsageError
from mtp_mlx.events import Finished, Round
from mtp_mlx.printable import json_line, printable

if TYPE_CHECKING:
    from mtp_mlx.host import Host

INTERRUPTED = 130


@click.command("generate", short_help="Write one reply and end.")
@click.argument("prompt", required=False)
@click.option(
    "--prompt-ids",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="A JSON list of token ids instead of a prompt ('-': stdin).",
)
@click.option("--raw", is_flag=True, help="Give the prompt as it is, with no chat template.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--profile", is_flag=True, help="Print to stderr where the time of a round goes.")
@engine_options
def command(
    options: Options,
    prompt: str | None,
    prompt_ids: Path | None,
    raw: bool,
    as_json: bool,
    profile: bool,
) -> int:
    """Write one reply to PROMPT ('-': read it from stdin) and end.

    Sampling options stand in for what the model itself recommends.
    """
    if (prompt is None) == (prompt_ids is None):
        raise UsageError("Exactly one prompt is needed.", "Give PROMPT or --prompt-ids FILE.")
    if options.system is not None and (raw or prompt_ids is not None):
        raise UsageError("--system needs a chat template.", "Leave out --raw and --prompt-ids.")
    ids = None if prompt_ids is None else read_ids(prompt_ids)
    text = from_stdin(sys.stdin.read) if prompt == "-" else prompt or ""
    host = load(options.load())
    given = _prompt(options, text, ids, raw=raw)
    return write(host, _request(host, options, given), as_json=as_json, profile=profile)


def read_ids(file: Path) -> list[int]:
    """Return the token ids in a file. Raises UsageError for anything but a list of ids."""
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


def _prompt(options: Options, text: str, ids: list[int] | None, *, raw: bool) -> Prompt:
    if ids is not None:
        return (TokenIds(tuple(ids)),)
    if raw:
        return (RawText(text),)
    question = Message(role="user", content=text)
    if options.system is None:
        return (question,)
    return (Message(role="system", content=options.system), question)


def _request(host: Host, options: Options, prompt: Prompt) -> Generate:
    return Generate(
        prompt=prompt,
        sampling=options.sampling(host.pair.recommended),
        mtp=options.mtp,
        verify=options.verify,
        max_tokens=options.max_tokens,
        seed=options.seed or 0,
        ignore_eos=options.ignore_eos,
    )


@dataclass(slots=True)
class Written:
    """A reply: its rounds and its end."""

    rounds: list[Round] = field(default_factory=list)
    finished: Finished | None = None


def write(host: Host, request: Generate, *, as_json: bool, profile: bool = False) -> int:
    """Run a request, print the reply, and return the exit code."""
    from mtp_mlx.engine import BARE, Instruments

    timed = Profile() if profile else None
    ticket = host.submit(request, instruments=Instruments(watch=timed) if timed else BARE)
    written = Written()
    has_text = host.pair.has_tokenizer
    undrafted = why_undrafted(host.pair, request.mtp)
    shown = answer if has_text else numbers
    with stops_on_interrupt(ticket):
        for event in ticket:
            if isinstance(event, Round):
                written.rounds.append(event)
                if not as_json:
                    print(printable(shown([event])), end="", flush=True)
            elif isinstance(event, Finished):
                written.finished = event
    print(as_object(written, has_text=has_text, reason=undrafted) if as_json else "")
    if undrafted is not None and request.mtp != "auto":
        print(f"mtp-mlx: Nothing was drafted: {printable(undrafted)}.", file=sys.stderr)
    if timed and written.finished is not None:
        decoded = [r for r in written.rounds if r.index > 0]
        print(timed.table(decoded, written.finished.stats), file=sys.stderr)
    if sys.stderr.isatty() and written.finished is not None:
        print(footer(written.finished.stats), file=sys.stderr)
    return INTERRUPTED if ticket.is_cancelled else 0


def why_undrafted(pair: PairInfo, mtp: Mtp) -> str | None:
    """Return why drafts that were asked for cannot come; None where they can or nobody asked."""
    if pair.drafter is not None or mtp in ("off", 0):
        return None
    return (pair.no_drafter_reason or "this target has no drafter").rstrip(".")


def answer(rounds: list[Round]) -> str:
    """Return the text of some rounds, thoughts left out."""
    return "".join(t.text for r in rounds for t in r.tokens if not t.thought)


def numbers(rounds: list[Round]) -> str:
    """Return the ids of some rounds, for a pair without a tokenizer."""
    return "".join(f"{token.id} " for r in rounds for token in r.tokens)


def as_object(written: Written, *, has_text: bool, reason: str | None) -> str:
    """Return the JSON object of `--json`, whose rounds leave out round 0, which prefill yields.

    `reason` says why nothing was drafted, where drafts were asked for.
    """
    finished = written.finished
    assert finished is not None  # always the engine's last event
    stats = msgspec.to_builtins(finished.stats)
    stats["rounds"] = [round_object(r) for r in written.rounds if r.index > 0]
    reply = {
        "tokens": [token.id for r in written.rounds for token in r.tokens],
        "text": answer(written.rounds) if has_text else None,
        "finish_reason": finished.reason,
        "reason": reason,
        "prompt_tokens": finished.prompt_tokens,
        "reused_tokens": finished.reused_tokens,
        "seed": finished.seed,
        "stats": stats,
    }
    return json_line(reply)


def round_object(r: Round) -> dict[str, Any]:
    """Return a round of `--json`; accepted drafts come first, so `drafted` is in draft order."""
    drafted = [token.id for token in r.tokens if token.source == "draft"]
    drafted += [rejected.id for rejected in r.rejected]
    return {
        "depth": r.depth,
        "drafted": drafted,
        "accepted": r.accepted,
        "ms": r.ms,
        "reason": r.reason,
    }


NOTE = (
    "Each part was waited for before the next was built, so these rounds are slower than usual. "
    "Plain steps overlap and have no parts."
)
PARTS = {
    "draft_build": "draft, built by the host",
    "draft_wait": "draft, run by the device",
    "verify_build": "verify, built by the host",
    "verify_wait": "verify, run by the device",
}


class Profile(Timing):
    """Times rounds part by part and keeps their times."""

    def __init__(self) -> None:
        super().__init__()
        self._laps: list[Laps] = []

    def laps(self) -> Laps:
        self._laps.append(super().laps())
        return self._laps[-1]

    def table(self, rounds: Sequence[Round], stats: Stats) -> str:
        """Return the milliseconds of the parts of a drafting round, and of a plain step."""
        drafting = [r for r in rounds if r.depth > 0]
        lines = self._drafting(drafting, _between(rounds, stats)) if self._laps else []
        plain = [r.ms for r in rounds if r.depth == 0]
        if plain:
            lines.append(f"{len(plain)} plain steps, {statistics.mean(plain):.2f} ms each.")
        return "\n".join([*lines, NOTE])

    def _drafting(self, rounds: Sequence[Round], between: float) -> list[str]:
        parts = {
            words: statistics.mean(getattr(laps, name) for laps in self._laps)
            for name, words in PARTS.items()
        }
        mean = statistics.mean(r.ms for r in rounds)
        parts["read, settled, committed"] = mean - sum(parts.values())
        parts["between rounds: text, events"] = between
        whole = sum(parts.values())
        depth = statistics.mean(r.depth for r in rounds)
        tokens = statistics.mean(len(r.tokens) for r in rounds)
        return [
            f"{'':30}{'ms a round':>10}{'share':>8}",
            *(f"{words:30}{ms:10.2f}{100 * ms / whole:6.0f} %" for words, ms in parts.items()),
            f"{'together':30}{whole:10.2f}",
            f"{len(rounds)} drafting rounds, mean K {depth:.1f}, {tokens:.2f} tokens a round.",
        ]


def _between(rounds: Sequence[Round], stats: Stats) -> float:
    """Return the mean milliseconds between two rounds."""
    if stats.decode_tps is None:
        return 0.0
    decode_ms = (stats.generated_tokens - 1) / stats.decode_tps * 1e3
    return max(decode_ms - sum(r.ms for r in rounds), 0.0) / len(rounds)
