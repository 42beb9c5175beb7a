"""The kinds of values options take. NaN and infinity are never among them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

import click

from mtp_mlx.api import MAX_BIAS, MAX_DEPTH, Mtp


def real(
    least: float, most: float = math.inf, *, open_below: bool = False
) -> Callable[[str], float]:
    """A finite number of `least` (with `open_below`: more than that) to `most`."""
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
    """ID=X: a token id and what is added to its score."""
    token, _, bias = text.partition("=")
    if not (token.isascii() and token.isdigit() and bias):
        raise click.BadParameter(f"{text!r} is not of the form ID=X.")
    return int(token), real(-MAX_BIAS, MAX_BIAS)(bias)


def mtp_switch(text: str) -> Mtp:
    """off, auto, or a fixed number of drafts a round."""
    found = read_mtp(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is not off, auto or 0 to {MAX_DEPTH}.")
    return found


def mtp_modes(text: str) -> tuple[Mtp, ...]:
    """Settings of the switch, separated by commas, each once."""
    return tuple(dict.fromkeys(mtp_switch(word) for word in text.split(",")))


def read_mtp(text: str) -> Mtp | None:
    """The MTP switch as people write it; None for anything else."""
    word = text.strip().lower()
    if word in ("off", "auto"):
        return cast("Mtp", word)
    if len(word) == 1 and word in "0123456789" and int(word) <= MAX_DEPTH:
        return int(word)
    return None
