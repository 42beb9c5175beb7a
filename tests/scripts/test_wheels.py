"""The wheels that a bundle needs, followed through what they require."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from bundling.trimming import needed_of_wheel
from bundling.wheels import Downloads, NoWheelError, constraints, macos, this_system, unpack

MAC = macos((15, 0), sys.executable)
PINS = """
# exact versions
a==1.0
b==2.0  # with a reason
Under_Scored==3.0
only-here==4.0; sys_platform == 'linux'
only-mac==5.0; sys_platform == 'darwin'
typer==6.0
extra==7.0
"""


def wheel(folder: Path, name: str, version: str, requires: Sequence[str] = ()) -> Path:
    path = folder / f"{name}-{version}-py3-none-any.whl"
    lines = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}/__init__.py", "")
        archive.writestr(f"{name}/__init__.pyi", "")
        archive.writestr(f"{name}-{version}.data/platlib/{name}/more.py", "")
        archive.writestr(f"{name}-{version}.data/scripts/{name}", "")
        program = zipfile.ZipInfo(f"{name}/program")
        program.external_attr = 0o100755 << 16
        archive.writestr(program, "")
        archive.writestr(
            f"{name}-{version}.dist-info/METADATA",
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{lines}\nA text.\n",
        )
    return path


def names(wheels: Sequence[Path]) -> list[str]:
    return [path.name.split("-")[0] for path in wheels]


def test_versions_are_those_for_the_system() -> None:
    pins = constraints(PINS, MAC)
    assert pins["under-scored"] == "3.0"
    assert "only-here" not in pins
    assert constraints(PINS, this_system(sys.executable, (3, 12)))["a"] == "1.0"


def test_requirements_of_requirements_come_too(tmp_path: Path) -> None:
    wheel(tmp_path, "a", "1.0", ["b>=1", "only-here; sys_platform == 'linux'", "typer"])
    wheel(tmp_path, "b", "2.0", ["a", "Under.Scored", "only-mac; platform_system == 'Darwin'"])
    wheel(tmp_path, "under_scored", "3.0", ["extra; extra == 'more'"])
    wheel(tmp_path, "only_mac", "5.0", ["old; python_version < '3.12'"])
    downloads = Downloads(tmp_path, MAC, constraints(PINS, MAC))
    assert names(downloads.closure(["a"])) == ["a", "b", "only_mac", "under_scored"]


def test_extras_are_followed_where_they_are_asked_for(tmp_path: Path) -> None:
    wheel(tmp_path, "a", "1.0", ["b", "under-scored"])
    wheel(tmp_path, "b", "2.0", ["under-scored[more]"])
    wheel(tmp_path, "under_scored", "3.0", ["extra; extra == 'more'"])
    wheel(tmp_path, "extra", "7.0")
    downloads = Downloads(tmp_path, MAC, constraints(PINS, MAC))
    assert names(downloads.closure(["under-scored"])) == ["under_scored"]
    assert names(downloads.closure(["a"])) == ["a", "b", "extra", "under_scored"]


def test_a_package_without_a_version_stops_it(tmp_path: Path) -> None:
    wheel(tmp_path, "a", "1.0", ["unheard-of"])
    downloads = Downloads(tmp_path, MAC, constraints(PINS, MAC))
    with pytest.raises(NoWheelError, match="unheard-of"):
        downloads.closure(["a"])


def test_packages_are_laid_out_and_scripts_are_not(tmp_path: Path) -> None:
    unpack(wheel(tmp_path, "a", "1.0"), tmp_path / "laid", needed_of_wheel)
    laid = tmp_path / "laid"
    files = {path.relative_to(laid).as_posix() for path in laid.rglob("*")}
    assert {"a/__init__.py", "a/more.py", "a-1.0.dist-info/METADATA"} <= files
    assert not [name for name in files if name.endswith(".pyi") or "scripts" in name]
    assert (laid / "a" / "program").stat().st_mode & 0o777 == 0o755
    assert (laid / "a" / "more.py").stat().st_mode & 0o777 == 0o644


def test_a_wheel_reaches_no_other_folder(tmp_path: Path) -> None:
    path = tmp_path / "bad-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../outside.py", "")
    with pytest.raises(OSError, match="outside"):
        unpack(path, tmp_path / "laid", needed_of_wheel)
