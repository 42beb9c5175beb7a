"""Pairs to damage: written once, copied for every test."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.checkpoints import PairFolders, write_pair
from tests.support.shapes import E4B, Shape
from tests.support.spelling import Quantization, Spelling

Copy = Callable[[str], PairFolders]

SPELLINGS = {
    "plain": Spelling(),
    "sharded": Spelling(shards=3),
    "multimodal": Spelling(keys="multimodal"),
    "packed": Spelling(keys="mlx", quantization=Quantization()),
}


@pytest.fixture(scope="session")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, PairFolders]:
    return {
        name: write_pair(tmp_path_factory.mktemp(name), E4B, spelling=spelling)
        for name, spelling in SPELLINGS.items()
    }


@pytest.fixture
def copy(originals: dict[str, PairFolders], tmp_path: Path) -> Copy:
    def copied(name: str) -> PairFolders:
        for folder in (originals[name].target, originals[name].drafter):
            shutil.copytree(folder, tmp_path / folder.name)
        return PairFolders(tmp_path / "target", tmp_path / "drafter")

    return copied


@pytest.fixture
def pair(copy: Copy) -> PairFolders:
    """A whole pair, which loads."""
    return copy("plain")


@pytest.fixture
def other(tmp_path: Path) -> Callable[[Shape], PairFolders]:
    def written(shape: Shape) -> PairFolders:
        return write_pair(tmp_path / shape.name, shape)

    return written
