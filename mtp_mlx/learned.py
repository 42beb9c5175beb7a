"""The files that keep what auto and a calibration measured of a pair, from process to process.

Each pair, device and quantisation has a small JSON file in the user's data folder. A file only
saves time: one that is missing, damaged or of another version is read as an empty record and is
replaced. If the disk refuses a write, auto measures anew in the next process; no reply fails.
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

VERSION = 2  # of the file; it rises when `Record` changes, and older files are then ignored
DEPTHS = range(1, MAX_DEPTH + 1)
_SUFFIX = ".json"


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """The pair, device and versions that a record was measured with; it holds no paths."""

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


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The content of one file; None where nothing was measured."""

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
    """Return the costs of a calibration as auto takes them; acceptance is left to be learned."""
    costs = calibration.costs
    band = band_of(costs.context)
    verify = [VerifyCost(VerifyKey(1, band), costs.plain_ms)]
    if costs.draft_ms is None:
        return Learned(verify=tuple(verify))
    verify += [VerifyCost(VerifyKey(k + 1, band), costs.verify_ms[k]) for k in DEPTHS]
    draft = [DraftCost(DraftKey("drafter", k), k * costs.draft_ms) for k in DEPTHS]
    return Learned(verify=tuple(verify), draft=tuple(draft))


def recall(subject: Subject) -> Record:
    """Return the record of `subject`; an empty one where no file of it can be read."""
    record = _read(subject.file)
    return record if record is not None and record.subject == subject else Record(subject=subject)


def recall_all() -> Iterator[Record]:
    """Yield every record in the data folder."""
    with contextlib.suppress(OSError):
        for file in sorted(folder().glob(f"*{_SUFFIX}")):
            record = _read(file)
            if record is not None:
                yield record


def remember(record: Record) -> None:
    """Write the file of `record`, whole or not at all; do nothing where the disk refuses."""
    with contextlib.suppress(OSError):
        write_atomically(record.subject.file, msgspec.json.encode(record))


def _read(file: Path) -> Record | None:
    try:
        record = msgspec.json.decode(file.read_bytes(), type=Record)
    except (OSError, ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None
    return record if record.version == VERSION else None
