"""Which of the two MLX builds a bundle uses."""

from __future__ import annotations

import pytest
from bundling.inside.sitecustomize import LEAST, NEWER, macos_version, newer_mlx
from bundling.layout import NEWER_FLOOR, NEWER_MLX


@pytest.mark.parametrize(
    ("version", "newer"),
    [
        ("14.8", False),
        ("15.0", False),
        ("15.7", False),
        ("26.0", False),
        ("26.1", False),
        ("26.2", True),
        ("26.10", True),
        ("27.0", True),
    ],
)
def test_the_newer_build_is_for_the_systems_that_it_is_stamped_for(
    version: str, newer: bool
) -> None:
    assert newer_mlx(version) is newer


@pytest.mark.parametrize(
    ("darwin", "version"),
    [
        ("23.6.0", "14.6"),
        ("24.6.0", "15.6"),
        ("25.0.0", "26.0"),
        ("25.1.0", "26.1"),
        ("25.2.0", "26.2"),
        ("26.0.0", "27.0"),
    ],
)
def test_the_kernel_says_which_system_it_is(darwin: str, version: str) -> None:
    assert macos_version(darwin) == version


def test_the_bundle_has_the_build_that_is_chosen() -> None:
    assert (NEWER, LEAST) == (NEWER_MLX, NEWER_FLOOR)
