"""Which rule a reply is written by."""

from __future__ import annotations

from collections.abc import Sequence

from mtp_mlx.api import Sampling, Verify
from mtp_mlx.decode.coupled import Coupled
from mtp_mlx.decode.ratio import block, token_by_token
from mtp_mlx.decode.rejection import Rejection
from mtp_mlx.decode.rule import Rule
from mtp_mlx.sampling.choice import chooser

_ACCEPT = {"block": block, "token": token_by_token}


def rule_of(
    verify: Verify, sampling: Sampling, seed: int, history: Sequence[int], vocabulary: int
) -> Rule:
    """The rule of a reply to the tokens `history`.

    At temperature 0 all rules are one: a draft stands while it is the target's own choice.
    """
    choose = chooser(sampling, seed, history, vocabulary)
    if verify == "coupled" or sampling.temperature == 0:
        return Coupled(choose)
    return Rejection(choose, seed, _ACCEPT[verify], vocabulary)
