"""The options that commands share, and the parsers of their values. NaN and infinity are errors."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, cast

import click

from mtp_mlx.api import (
    DEMO_PAIR,
    MAX_BIAS,
    MAX_DEPTH,
    MAX_PRESENCE_PENALTY,
    DraftPosition,
    Dtype,
    Load,
    Mtp,
    Sampling,
    Verify,
)
from mtp_mlx.errors import UsageError

LARGEST_SEED = 2**64 - 1
SEED = "Default: 0 for generate, another each time for chat."


def real(
    least: float, most: float = math.inf, *, open_below: bool = False
) -> Callable[[str], float]:
    """Return a parser of finite numbers from `least` to `most`; `open_below` leaves `least` out."""
    bounds = f"above {least:g}" if open_below else f"{least:g} or more"
    if math.isfinite(most):
        bounds += f", {most:g} at most"

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        enough = value > least if open_below else value >= least
        if not (math.isfinite(value) and enough and value <= most):
            raise click.BadParameter(f"{text!r} is no number {bounds}.")
        return value

    return number


def token_bias(text: str) -> tuple[int, float]:
    """Parse ID=X: a token id and the bias that is added to its logit."""
    token, _, bias = text.partition("=")
    if not (token.isascii() and token.isdigit() and bias):
        raise click.BadParameter(f"{text!r} is not of the form ID=X.")
    return int(token), real(-MAX_BIAS, MAX_BIAS)(bias)


def mtp_switch(text: str) -> Mtp:
    """Parse off, auto, or a fixed number of drafts a round."""
    mtp = read_mtp(text)
    if mtp is None:
        raise click.BadParameter(f"{text!r} is not off, auto or 0 to {MAX_DEPTH}.")
    return mtp


def mtp_modes(text: str) -> tuple[Mtp, ...]:
    """Parse settings of the switch, separated by commas; keep each once."""
    return tuple(dict.fromkeys(mtp_switch(word) for word in text.split(",")))


def token_counts(text: str) -> tuple[int, ...]:
    """Parse numbers of tokens, separated by commas; keep each once."""
    words = [word.strip() for word in text.split(",")]
    wrong = [word for word in words if not (word.isascii() and word.isdigit() and len(word) < 10)]
    if wrong:
        raise click.BadParameter(f"{wrong[0][:20]!r} is no number of tokens such as 0 or 4096.")
    return tuple(dict.fromkeys(map(int, words)))


def read_mtp(text: str) -> Mtp | None:
    """Return the setting of the MTP switch that `text` names; None for anything else."""
    word = text.strip().lower()
    if word in ("off", "auto"):
        return cast("Mtp", word)
    if len(word) == 1 and word in "0123456789" and int(word) <= MAX_DEPTH:
        return int(word)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The values of the shared options; None where one is left out and the pair's own holds."""

    target: str
    drafter: str | None
    no_drafter: bool
    drafter_bits: int | None
    context: int | None
    dtype: Dtype
    draft_position: DraftPosition | None
    system: str | None
    max_tokens: int
    temperature: float | None
    top_k: int | None
    top_p: float | None
    min_p: float | None
    repetition_penalty: float | None
    presence_penalty: float | None
    logit_bias: tuple[tuple[int, float], ...]
    seed: int | None
    mtp: Mtp
    verify: Verify
    ignore_eos: bool
    anyway: bool

    def load(self) -> Load:
        return Load(
            target=self.target,
            drafter=self.drafter,
            use_drafter=not self.no_drafter,
            drafter_bits=self.drafter_bits,
            context=self.context,
            dtype=self.dtype,
            draft_position=self.draft_position,
            anyway=self.anyway,
        )

    def sampling(self, recommended: Sampling) -> Sampling:
        """Return the pair's recommended sampling, with these options in place of its values."""
        names = [field.name for field in fields(Sampling)]
        values = {name: getattr(self, name) for name in names}
        given = {name: value for name, value in values.items() if value is not None}
        return Sampling(**{name: getattr(recommended, name) for name in names} | given)


target = click.option(
    "--target", default=DEMO_PAIR, help="A folder or repository id; else the built-in pair."
)
drafter = click.option("--drafter", help="A folder or repository id; else the target's own.")
dtype = click.option(
    "--dtype",
    type=click.Choice(["auto", "float32", "bfloat16", "float16"]),
    default="auto",
    show_default=True,
)
drafter_bits = click.option(
    "--drafter-bits",
    type=click.Choice(["4", "8"]),
    callback=lambda _context, _option, bits: bits and int(bits),
    help="Quantise the drafter's head; most of a dense drafter's time goes into reading it.",
)
context = click.option(
    "--context",
    type=click.IntRange(min=1),
    metavar="N",
    help="Tokens of prompt and reply together, by which its memory is judged. Default: as many as"
    " the target was made for.",
)
anyway = click.option(
    "--anyway", is_flag=True, help="Load what is too big for this machine all the same."
)
_CHOICES = (
    target,
    drafter,
    click.option("--no-drafter", is_flag=True, help="Load the target alone."),
    drafter_bits,
    context,
    click.option("--system", help="The system prompt."),
    click.option(
        "--max-tokens", type=click.IntRange(min=1), metavar="N", default=2048, show_default=True
    ),
    click.option(
        "--temperature", type=real(0, 100), metavar="X", help="0: greedy. Default: the model's own."
    ),
    click.option("--top-k", type=click.IntRange(min=0), metavar="N", help="0: off."),
    click.option("--top-p", type=real(0, 1, open_below=True), metavar="X", help="1: off."),
    click.option("--min-p", type=real(0, 1), metavar="X", help="0: off."),
    click.option(
        "--repetition-penalty", type=real(0, open_below=True), metavar="X", help="1: off."
    ),
    click.option(
        "--presence-penalty",
        type=real(-MAX_PRESENCE_PENALTY, MAX_PRESENCE_PENALTY),
        metavar="X",
        help="Subtracted from the logits of tokens that the reply already has. 0: off.",
    ),
    click.option(
        "--logit-bias",
        type=token_bias,
        metavar="ID=X",
        multiple=True,
        help="Added to the logit of token ID; may be given for several tokens.",
    ),
    click.option("--seed", type=click.IntRange(0, LARGEST_SEED), metavar="N", help=SEED),
    click.option(
        "--mtp",
        type=mtp_switch,
        metavar="off|auto|N",
        default="auto",
        show_default=True,
        help="How many tokens a round drafts.",
    ),
    click.option(
        "--verify",
        type=click.Choice(["coupled", "block", "token"]),
        default="coupled",
        show_default=True,
        help="How drafts are judged.",
    ),
    click.option(
        "--draft-position",
        type=click.Choice(["last-seen", "anchor"]),
        help="The drafter's position (RoPE). Default: what `calibrate` measured, or the model's.",
    ),
    click.option("--ignore-eos", is_flag=True, help="Write on past end tokens."),
    dtype,
    anyway,
)


def engine_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the shared options; it takes them as its first argument, `Options`."""

    @functools.wraps(function)
    def gathered(**values: Any) -> Any:
        shared = {field.name: values.pop(field.name) for field in fields(Options)}
        return function(checked(Options(**shared)), **values)

    for option in reversed(_CHOICES):
        option(gathered)
    return gathered


def checked(options: Options) -> Options:
    """Return `options`. Raises UsageError where two contradict each other."""
    if options.drafter is not None and options.no_drafter:
        raise UsageError("--drafter and --no-drafter exclude each other.", "Give one of them.")
    biased = [token for token, _ in options.logit_bias]
    if len(set(biased)) < len(biased):
        raise UsageError("--logit-bias names a token twice.", "Give each token one bias.")
    return options
