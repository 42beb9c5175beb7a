"""The recorded values of tests/golden (see scripts/make_golden.py), typed."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from mtp_mlx.api import DraftPosition
from tests.support.shapes import Shape

FOLDER = Path(__file__).parents[1] / "golden"


class Top(msgspec.Struct, frozen=True):
    """The best tokens of one draft step, best first."""

    ids: list[int]
    logits: list[float]


class GoldenRound(msgspec.Struct, frozen=True):
    anchor: int
    length: int  # tokens seen
    drafts: list[int]
    top: list[Top]  # a step each
    accepted: int


class Run(msgspec.Struct, frozen=True):
    """What the reference computes with one size of window."""

    window: int
    logits: list[list[float]]  # of the prompt's last rows
    hidden: list[list[float]]
    text: list[int]
    rounds: dict[DraftPosition, list[GoldenRound]]


class Golden(msgspec.Struct, frozen=True):
    reference: dict[str, str]
    prompt: list[int]
    windows: tuple[Run, Run]  # wider than everything recorded; narrower than the prompt


@cache
def golden(shape: Shape) -> Golden:
    return msgspec.json.decode((FOLDER / f"{shape.name}.json").read_bytes(), type=Golden)
