"""Bytes into a report and back. Pure.

Fields this version does not know are ignored here, and kept where a JSON file is made from another
(`tidy`): what a later program wrote is not lost by passing through this one.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from mtp_mlx.errors import DamagedReport, NewerReport
from mtp_mlx.report.model import VERSION, Outline, Report

_INDENT = 1


Read = TypeVar("Read", Report, Outline)


class _Head(msgspec.Struct, frozen=True):
    version: int


def decode(data: bytes, name: str = "The report") -> Report:
    """`name` is what errors call it. Raises DamagedReport, NewerReport."""
    return _decoded(data, Report, name)


def outline(data: bytes, name: str = "The report") -> Outline:
    """What a list tells of it; damage inside its runs is found by `decode` only. Raises alike."""
    return _decoded(data, Outline, name)


def _decoded(data: bytes, kind: type[Read], name: str) -> Read:
    try:
        head = msgspec.json.decode(data, type=_Head)
        if head.version > VERSION:
            raise NewerReport(
                f"{name} has version {head.version}, and this program reads up to {VERSION}.",
                "Update the program.",
            )
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DamagedReport(
            f"{name} is no report, or a damaged one: {_reason(error)}.",
            "Take the JSON file as the benchmark saved it.",
        ) from error


def encode(report: Report) -> bytes:
    """Exact: `decode` gives the same report, and encoding that gives the same bytes."""
    return tidy(msgspec.json.encode(report))


def tidy(data: bytes) -> bytes:
    """JSON with our indentation, every field and digit as it was."""
    return msgspec.json.format(data, indent=_INDENT) + b"\n"


def _reason(error: Exception) -> str:
    """The place is told; values are not, for they may be anyone's words."""
    return str(error).rstrip(".") or type(error).__name__
