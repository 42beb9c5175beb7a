"""What auto and a calibration measured of a pair on this machine, kept between processes.

One small JSON file a pair, device and quantisation, in the user's data folder. It only saves time:
a file that is missing, damaged or of another version counts as nothing measured and is written
anew. A disk that takes no file costs a few rounds of measuring, never a reply.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from mtp_mlx.api import MAX_DEPTH, PairInfo
from mtp_mlx.calibration import Calibration
from mtp_mlx.depth.control import Learned
from mtp_mlx.depth.costs import DraftCost, DraftKey, VerifyCost, VerifyKey, band_of
from mtp_mlx.files import write_atomically
from mtp_mlx.paths import data_folder

VERSION = 2  # of the file; it changes with what the file holds
DEPTHS = range(1, MAX_DEPTH + 1)
_SUFFIX = ".json"


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """The pair, device and versions that costs and acceptance belong to; no paths."""

    target: str
    drafter: str | None
    target_bytes: int
    drafter_bytes: int
    quantization: str
    device: str
    backend: str
    mlx: str

    @property
    def file(self) -> Path:
        digest = hashlib.sha256(msgspec.json.encode(self)).hexdigest()
        return folder() / f"{digest[:20]}{_SUFFIX}"


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """One file."""

    subject: Subject
    auto: Learned | None = None
    calibration: Calibration | None = None
    version: int = VERSION


def subject_of(pair: PairInfo, device: str, backend: str, mlx: str) -> Subject:
    return Subject(
        target=pair.target,
        drafter=pair.drafter,
        target_bytes=pair.target_bytes,
        drafter_bytes=pair.drafter_bytes,
        quantization=pair.quantization,
        device=device,
        backend=backend,
        mlx=mlx,
    )


def folder() -> Path:
    return data_folder() / "pairs"


def start_from(calibration: Calibration) -> Learned:
    """Return what auto can take from a calibration: costs, and nothing of acceptance."""
    costs = calibration.costs
    band = band_of(costs.context)
    verify = [VerifyCost(VerifyKey(1, band), costs.plain_ms)]
    if costs.draft_ms is None:
        return Learned(verify=tuple(verify))
    verify += [VerifyCost(VerifyKey(k + 1, band), costs.verify_ms[k]) for k in DEPTHS]
    draft = [DraftCost(DraftKey("drafter", k), k * costs.draft_ms) for k in DEPTHS]
    return Learned(verify=tuple(verify), draft=tuple(draft))


def recall(subject: Subject) -> Known:
    """Return what was kept of `subject`, which may be nothing."""
    kept = _read(subject.file)
    return kept if kept is not None and kept.subject == subject else Known(subject=subject)


def recall_all() -> Iterator[Known]:
    """Yield everything that was kept on this machine."""
    with contextlib.suppress(OSError):
        for file in sorted(folder().glob(f"*{_SUFFIX}")):
            kept = _read(file)
            if kept is not None:
                yield kept


def remember(known: Known) -> None:
    """Write a file whole or not at all; do nothing where the disk refuses."""
    with contextlib.suppress(OSError):
        write_atomically(known.subject.file, msgspec.json.encode(known))


def _read(file: Path) -> Known | None:
    try:
        kept = msgspec.json.decode(file.read_bytes(), type=Known)
    except (OSError, ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None
    return kept if kept.version == VERSION else None
