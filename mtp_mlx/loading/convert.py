"""Quantise a checkpoint into a folder of its own, tensor by tensor.

The result is written in a hidden folder beside its place, which no list of models looks into. A
file of weights that is whole is noted there with its SHA-256, so that a conversion which was killed
goes on behind it. Once all files are whole and the result was loaded, the folder gets its name.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from mtp_mlx.errors import (
    DamagedModel,
    MtpMlxError,
    OutOfMemory,
)
from mtp_mlx.families import family_of
from mtp_mlx.families.base import Part
from mtp_mlx.files import LARGEST, brief, write_atomically
from mtp_mlx.hub.cache import TEXTS
from mtp_mlx.hub.conversions import (
    FORMAT,
    LOCK,
    NOTES,
    Finished,
    Notes,
    TensorError,
    read_notes,
    write_notes,
)
from mtp_mlx.hub.in_use import hold
from mtp_mlx.hub.listing import RESERVE_BYTES, free_bytes, size_at
from mtp_mlx.hub.progress import Progress
from mtp_mlx.hub.weight_files import INDEX
from mtp_mlx.loading.checkpoint import Checkpoint, open_checkpoint
from mtp_mlx.loading.conversion_file import SourceGone, sha256_of, write_file
from mtp_mlx.loading.conversion_place import alone, check_place, disk, full
from mtp_mlx.loading.conversion_plan import Plan, Shard, check_bits, make_plan
from mtp_mlx.loading.device import compute_dtype, prepare
from mtp_mlx.loading.memory import machine_memory, pair_size
from mtp_mlx.loading.perplexity import perplexity
from mtp_mlx.loading.weights import fill, in_parts

MOST_OF_MEMORY = 0.6
"""The part of this machine's free memory up to which a source is loaded to be compared."""

SUSPECT = 2.0
"""A result whose perplexity is so many times that of its source is not to be trusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """A conversion that is whole, and how near it is to its source."""

    folder: Path
    part: Part
    bits: int
    group: int
    size_bytes: int  # of its weights
    source_bytes: int
    worst: TensorError
    perplexity: float | None = None  # None: not measured, for a drafter or for the reason below
    source_perplexity: float | None = None
    unmeasured: str | None = None  # why one of the two was not measured, as a sentence

    @property
    def is_suspect(self) -> bool:
        """Tell whether the result is far worse than its source on a short text."""
        if self.perplexity is None:
            return False
        source = self.source_perplexity
        return not math.isfinite(self.perplexity) or (
            source is not None and self.perplexity > SUSPECT * source
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a conversion would write."""

    part: Part
    size_bytes: int
    source_bytes: int


def plan(source: Path, *, bits: int, group: int | None = None) -> Planned:
    """Return what `convert` would write. Raises UsageError or LoadError."""
    check_bits(bits, group)
    made = make_plan(open_checkpoint(source), bits, group)
    return Planned(part=made.part, size_bytes=made.size, source_bytes=made.source_bytes)


def convert(
    source: Path, out: Path, progress: Progress, *, bits: int, group: int | None = None
) -> Converted:
    """Quantise the model in `source` into the folder `out`, which must not exist yet.

    Raises UsageError or LoadError; what was finished by then is kept, and a new call goes on there.
    """
    check_bits(bits, group)
    prepare()
    checkpoint = open_checkpoint(source)
    progress.begin("checking", checkpoint.name)
    plan = make_plan(checkpoint, bits, group)
    check_place(out)
    held = hold(source)  # so that this program's other processes do not remove it
    with disk(out), alone(out) as work:
        conversion = _Conversion(checkpoint, plan, work, out, progress)
        converted = conversion.run()
    del held
    return converted


class _Conversion:
    """One model on its way into its folder."""

    def __init__(
        self, checkpoint: Checkpoint, plan: Plan, work: Path, out: Path, progress: Progress
    ) -> None:
        self._checkpoint = checkpoint
        self._plan = plan
        self._work = work
        self._out = out
        self._progress = progress
        self._source = _digest_of_source(checkpoint)
        self._files: dict[str, Finished] = {}

    def run(self) -> Converted:
        self._take_up()
        self._check_space()
        self._note()
        for shard in self._plan.shards:
            if shard.name not in self._files:
                self._write(shard)
        _copy_texts(self._checkpoint.folder, self._work)
        self._write_json("config.json", self._plan.config)
        index = self._plan.index()
        if index is not None:
            self._write_json(INDEX, index)
        converted = self._tested()
        self._check_source()
        self._work.rename(self._out)
        for name in (NOTES, LOCK):
            with suppress(OSError):
                (self._out / name).unlink(missing_ok=True)
        # Only now: a system that ends this process for its memory takes nothing with it.
        return converted if converted.perplexity is None else self._compared(converted)

    def _take_up(self) -> None:
        """Keep the finished files of an earlier call that are still what they were."""
        noted = self._noted()
        done = 0
        self._progress.plan(0, self._plan.source_bytes)
        for shard in self._plan.shards:
            finished = noted.get(shard.name)
            if finished is not None and self._is_right(shard, finished):
                self._files[shard.name] = finished
                done += shard.source_bytes
        self._progress.plan(done, self._plan.source_bytes)
        for entry in self._work.iterdir():
            if entry.name not in (*self._files, NOTES, LOCK) and entry.is_file():
                entry.unlink()

    def _noted(self) -> Mapping[str, Finished]:
        notes = read_notes(self._work)
        if notes is None:
            return {}
        same = (notes.format, notes.source, notes.plan) == (
            FORMAT, self._source, _digest(_as_values(self._plan))
        )  # fmt: skip
        return notes.files if same else {}

    def _note(self) -> None:
        """Write down what is made of what, and which files of it are whole. Raises OSError."""
        plan = self._plan
        done = sum(shard.source_bytes for shard in plan.shards if shard.name in self._files)
        write_notes(
            self._work,
            Notes(
                format=FORMAT,
                source=self._source,
                plan=_digest(_as_values(plan)),
                files=self._files,
                origin=str(self._checkpoint.folder),
                bits=plan.bits,
                group=plan.group,
                done=done,
                total=plan.source_bytes,
            ),
        )

    def _is_right(self, shard: Shard, finished: Finished) -> bool:
        file = self._work / shard.name
        size = size_at(file)
        if size is None:
            return False
        self._progress.begin("verifying", self._checkpoint.name, shard.name, (0, size))
        return sha256_of(file, self._progress.add) == finished.sha256

    def _check_space(self) -> None:
        missing = sum(s.size for s in self._plan.shards if s.name not in self._files)
        free = free_bytes(self._work)
        if missing and free < missing + RESERVE_BYTES:
            raise full(self._out, missing, free)

    def _write(self, shard: Shard) -> None:
        """Write a file under another name, and give it its own once it is on the disk."""
        self._progress.begin("converting", self._checkpoint.name, shard.name)
        part = self._work / f"{shard.name}.part"
        try:
            finished = write_file(part, shard, self._progress.add)
        except SourceGone as error:
            self._check_source()
            raise DamagedModel(
                f"The source {brief(self._checkpoint.name)} went away: {error}.",
                "Connect its disk and start again: what is finished is kept.",
            ) from error
        except OSError:
            part.unlink(missing_ok=True)  # it would begin anew, and the disk may be full
            raise
        self._check_source()
        part.rename(self._work / shard.name)
        self._files[shard.name] = finished
        self._note()

    def _check_source(self) -> None:
        try:
            same = _digest_of_source(self._checkpoint) == self._source
        except OSError:
            same = True  # it went away: whoever reads it says so
        if not same:
            raise DamagedModel(
                f"{brief(self._checkpoint.name)} changed while it was converted.",
                "Start again once it is whole: the conversion begins anew.",
            )

    def _write_json(self, name: str, value: Mapping[str, Any]) -> None:
        text = json.dumps(value, indent=2, ensure_ascii=False)
        write_atomically(self._work / name, text.encode(errors="replace"))

    def _tested(self) -> Converted:
        """Load the result, and measure it and its source where there is a text to measure."""
        plan = self._plan
        self._progress.begin("testing", self._checkpoint.name)
        result = unmeasured = None
        if plan.part == "drafter":
            _load_drafter(self._work)
        else:
            try:
                result = perplexity(self._work)
            except OutOfMemory as error:
                unmeasured = f"The result was not measured: {error.message}"
            if result is not None and not math.isfinite(result):
                raise DamagedModel(
                    "The scores of the conversion are not finite.",
                    "Choose 8 bits, or convert another copy of the model.",
                )
        worst = (f.worst for f in self._files.values() if f.worst is not None)
        return Converted(
            folder=self._out,
            part=plan.part,
            bits=plan.bits,
            group=plan.group,
            size_bytes=plan.size,
            source_bytes=plan.source_bytes,
            worst=max(worst, key=lambda each: each.error),
            perplexity=result,
            unmeasured=unmeasured,
        )

    def _compared(self, converted: Converted) -> Converted:
        """Measure the source too, where it fits into the memory with room to spare."""
        source = self._checkpoint
        blueprint = family_of(source.config).blueprint(source.config, None)
        needed = pair_size(blueprint, source, None, compute_dtype("auto")).target
        have = machine_memory().have
        if needed > MOST_OF_MEMORY * have:
            return replace(
                converted,
                unmeasured=f"The source was not measured: it needs {needed / 1e9:.1f} GB of "
                f"memory, and {have / 1e9:.1f} GB are free.",
            )
        try:
            return replace(converted, source_perplexity=perplexity(source.folder))
        except MtpMlxError as error:  # the result is whole, whatever the source is worth
            return replace(converted, unmeasured=f"The source was not measured: {error.message}")


def _load_drafter(folder: Path) -> None:
    """Load a drafter without its target. Raises LoadError."""
    import mlx.core as mx

    checkpoint = open_checkpoint(folder)
    recipe = family_of(checkpoint.config).recipe(checkpoint.config)
    weights = recipe.tensors(checkpoint.weights())
    network = recipe.network(weights)
    fill(network, weights)
    for part in in_parts(network):
        mx.eval(part)


def _copy_texts(source: Path, work: Path) -> None:
    """Copy the tokenizer, the template and what else an engine reads beside weights."""
    for entry in source.iterdir():
        is_text = any(fnmatch(entry.name, pattern) for pattern in TEXTS)
        is_ours = entry.name == "config.json" or entry.name.endswith(".safetensors.index.json")
        size = size_at(entry)
        if is_text and not is_ours and not entry.name.startswith("."):
            if size is None or size > LARGEST:
                continue
            shutil.copyfile(entry, work / entry.name)


def _digest_of_source(checkpoint: Checkpoint) -> str:
    """Return a digest of the sizes and times of the files that are converted. Raises OSError."""
    files = (checkpoint.folder / "config.json", *checkpoint.files)
    stats = ((file.name, file.stat()) for file in files)
    return _digest([[name, stat.st_size, stat.st_mtime_ns, stat.st_ino] for name, stat in stats])


def _digest(values: object) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _as_values(plan: Plan) -> object:
    return [
        [shard.name, [[w.name, w.dtype, w.shape] for p in shard.pieces for w in p.written()]]
        for shard in plan.shards
    ]
