"""What the project makes of a bundle itself: icon, Info.plist, licences, the choice of Python."""

from __future__ import annotations

import hashlib
import io
import plistlib
import site
import sys
import tarfile
from pathlib import Path

import pytest
from bundling import icon, information, licences, relocatable
from bundling.inside import sitecustomize
from bundling.layout import Layout
from PySide6.QtGui import QImage

from mtp_mlx import __version__
from mtp_mlx.paths import resources


def test_the_icon_has_all_sizes_and_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "app.icns"
    icon.write(resources() / "icons" / "app.svg", file)
    assert icon.faults(file) == []
    entries = icon.unpacked(file.read_bytes())
    sides = {kind: QImage.fromData(data).width() for kind, data in entries.items()}
    assert sides == icon.SIZES
    largest = QImage.fromData(entries["ic10"])
    assert largest.pixelColor(0, 0).alpha() == 0  # outside of the rounded square
    assert largest.pixelColor(512, 200).alpha() == 255


def test_a_wrong_picture_in_an_icon_is_named(tmp_path: Path) -> None:
    file = tmp_path / "app.icns"
    icon.write(resources() / "icons" / "app.svg", file)
    entries = icon.unpacked(file.read_bytes())
    file.write_bytes(icon.packed({**entries, "ic07": entries["ic08"]}))
    assert icon.faults(file) == ["app.icns: the picture ic07 is no PNG of 128 pixels a side."]
    file.write_bytes(icon.packed({**entries, "ic08": b"no picture"}))
    assert "ic08" in icon.faults(file)[0]
    del entries["ic10"]
    file.write_bytes(icon.packed(entries))
    assert "ic10" in icon.faults(file)[0]


def test_info_plist_says_what_macos_must_know(tmp_path: Path) -> None:
    file = tmp_path / "Info.plist"
    information.write(file)
    keys = plistlib.loads(file.read_bytes())
    assert keys["CFBundleName"] == "MTP MLX"
    assert keys["CFBundleExecutable"] == "MTP MLX"
    assert keys["CFBundleShortVersionString"] == keys["CFBundleVersion"] == __version__
    assert keys["LSMinimumSystemVersion"] == "15.0"
    assert keys["LSArchitecturePriority"] == ["arm64"]
    assert keys["NSHighResolutionCapable"] is True
    (kind,) = keys["CFBundleDocumentTypes"]
    assert kind["LSItemContentTypes"] == ["public.json"]
    assert kind["LSHandlerRank"] == "Alternate"
    assert not keys.keys() & information.FORBIDDEN.keys()


def lay_package(layout: Layout, name: str, metadata: str, **files: str) -> None:
    folder = layout.packages / f"{name}-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\n{metadata}\n\nText.\n")
    for file, text in files.items():
        (folder / file).write_text(text)


@pytest.fixture
def laid(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "MTP MLX.app")
    font = layout.packages / "mtp_mlx" / "resources" / "maths" / "OFL.txt"
    font.parent.mkdir(parents=True)
    font.write_text("the font's licence")
    (layout.standard_library / "LICENSE.txt").write_text("Python's licence")
    return layout


def test_the_page_has_the_licence_of_every_part(laid: Layout) -> None:
    lay_package(laid, "plain", "License-Expression: MIT", LICENSE="the plain text")
    lay_package(laid, "PySide6_Essentials", "License: LGPL")
    lay_package(laid, "silent", "License: Apache-2.0\nProject-URL: Home, https://example.org")
    page = licences.page(laid)
    for words in (
        "  plain 1.0: MIT",
        "the plain text",
        "the font's licence",
        "Python's licence",
        "GNU LESSER GENERAL PUBLIC LICENSE",
        "silent (https://example.org) comes under the Apache License, Version 2.0",
        "sqlite, in Python",
    ):
        assert words in page


def test_a_part_without_a_licence_stops_it(laid: Layout) -> None:
    lay_package(laid, "nameless", "Summary: It states nothing.")
    with pytest.raises(OSError, match="nameless"):
        licences.page(laid)


def test_without_an_address_no_python_is_named() -> None:
    with pytest.raises(relocatable.NoPythonError, match="SHA-256"):
        relocatable.pinned()


@pytest.mark.parametrize("url", ["http://example.org/python.tar.gz", "file:///python.tar.gz"])
def test_python_comes_from_a_checked_address_alone(url: str, tmp_path: Path) -> None:
    pin = tmp_path / "python.toml"
    pin.write_text(f'url = "{url}"\nsha256 = "{"0" * 64}"\n')
    with pytest.raises(relocatable.NoPythonError, match="https"):
        relocatable.pinned(pin)


def packed_python(file: Path) -> None:
    with tarfile.open(file, "w:gz") as archive:
        for name in ("bin/python3.12", "lib/python3.12/os.py", "lib/python3.12/test/x.py"):
            archive.addfile(tarfile.TarInfo(f"python/{name}"), io.BytesIO())
        link = tarfile.TarInfo("python/bin/python3")
        link.type, link.linkname = tarfile.SYMTYPE, "python3.12"
        archive.addfile(link)


def test_an_archive_of_python_is_laid_out_trimmed(tmp_path: Path) -> None:
    file = tmp_path / "python.tar.gz"
    packed_python(file)
    pin = relocatable.Pin(
        url="https://example.org/python.tar.gz",
        sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
    )
    assert relocatable.archive(pin, tmp_path) == file  # it is there: nothing is asked for
    layout = Layout(tmp_path / "MTP MLX.app")
    relocatable.lay_archive(file, layout)
    assert layout.interpreter.is_symlink()
    assert (layout.standard_library / "os.py").is_file()
    assert not (layout.standard_library / "test").exists()


def test_another_archive_than_the_named_one_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "python.tar.gz"
    packed_python(file)
    pin = relocatable.Pin(url="https://example.org/python.tar.gz", sha256="0" * 64)
    with pytest.raises(relocatable.NoPythonError, match="SHA-256"):
        relocatable.archive(pin, tmp_path)
    assert not file.exists()


def test_a_python_of_another_version_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "python.tar.gz"
    packed_python(file)
    with pytest.raises(relocatable.NoPythonError, match=r"python3\.13"):
        relocatable.lay_archive(file, Layout(tmp_path / "MTP MLX.app", (3, 13)))


def test_python_looks_into_nobodys_own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "ENABLE_USER_SITE", True)
    monkeypatch.setattr(site, "getusersitepackages", lambda: "/home/me/packages")
    monkeypatch.setattr(sys, "path", ["/bundle", "/home/me/packages"])
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    sitecustomize.choose()
    assert sys.path == ["/bundle"]
    assert sys.dont_write_bytecode
    assert not site.ENABLE_USER_SITE
