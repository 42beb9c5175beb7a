"""A folder that changes, or whose disk goes away, while it is loaded: refused, with the reason."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest

from mtp_mlx import api
from mtp_mlx.errors import LoadError
from mtp_mlx.events import LoadProgress
from mtp_mlx.loading import load_pair
from mtp_mlx.loading.checkpoint import open_checkpoint
from mtp_mlx.loading.weights import first_not_finite
from tests.support.checkpoints import PairFolders

WEIGHTS = "model.safetensors"


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def replace(file: Path) -> None:
    new = file.with_name("new")
    new.write_bytes(bytes(file.stat().st_size))
    new.replace(file)


def spoil(file: Path) -> None:
    """Write other numbers over some of its bytes; its length stays."""
    with file.open("r+b") as stream:
        stream.seek(file.stat().st_size - 64)
        stream.write(bytes(64))


CHANGES: dict[str, tuple[Callable[[PairFolders], Any], Sequence[str]]] = {
    "cut": (lambda pair: cut(pair.target / WEIGHTS), ("model.safetensors of target changed",)),
    "replaced": (
        lambda pair: replace(pair.target / WEIGHTS),
        ("of target changed",),
    ),
    "spoilt": (lambda pair: spoil(pair.target / WEIGHTS), ("of target changed",)),
    "configured": (
        lambda pair: (pair.target / "config.json").write_text("{}"),
        ("config.json of target changed while it was being loaded.",),
    ),
    "a file removed": (
        lambda pair: (pair.target / WEIGHTS).unlink(),
        ("model.safetensors of target went away", "connect its disk"),
    ),
    "removed": (
        lambda pair: shutil.rmtree(pair.target),
        ("target went away while it was being loaded. Put it back, or connect its disk",),
    ),
    "moved": (lambda pair: pair.target.rename(pair.target.with_name("x")), ("target went away",)),
    "drafter cut": (lambda pair: cut(pair.drafter / WEIGHTS), ("of drafter changed",)),
    "drafter removed": (lambda pair: shutil.rmtree(pair.drafter), ("drafter went away",)),
    "both removed": (lambda pair: shutil.rmtree(pair.target.parent), ("target went away",)),
}


@pytest.mark.parametrize("phase", ["target", "drafter"])
@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_while_it_is_loaded_is_refused(
    pair: PairFolders, change: str, phase: str
) -> None:
    act, words = CHANGES[change]
    acts = iter([act])

    def change_in_time(progress: LoadProgress) -> None:
        if progress.phase == phase:
            for once in acts:
                once(pair)

    with pytest.raises(LoadError) as refused:
        load_pair(api.Load(target=str(pair.target), drafter=str(pair.drafter)), change_in_time)
    for part in words:
        assert part in str(refused.value)


def test_other_files_may_come_and_go(pair: PairFolders) -> None:
    def change(_: LoadProgress) -> None:
        (pair.target / "notes.md").write_text("words")
        (pair.target / ".DS_Store").write_text("words")

    load_pair(api.Load(target=str(pair.target), drafter=str(pair.drafter)), change)


def test_a_file_that_may_not_be_looked_at_is_no_changed_one(
    pair: PairFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = open_checkpoint(pair.target)
    checkpoint.check_unchanged()

    def stat(_: Path) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", stat)
        with pytest.raises(LoadError, match=r"of target cannot be read: Input.*its disk is"):
            checkpoint.check_unchanged()


def test_a_drafter_is_named_where_it_is_at_fault(pair: PairFolders) -> None:
    """Its reason alone would be taken for the target's."""
    (pair.drafter / "config.json").write_text("{")
    with pytest.raises(LoadError, match=r"^Its drafter drafter cannot be used: config\.json"):
        load_pair(api.Load(target=str(pair.target), drafter=str(pair.drafter)))


def test_no_file_is_asked_for_numbers_after_it_went_away(pair: PairFolders) -> None:
    file = pair.target / WEIGHTS
    mx.save_safetensors(str(file), {"a": mx.array([float("nan")])})
    assert first_not_finite([file]) == "a in model.safetensors"
    file.unlink()
    assert first_not_finite([file]) is None
