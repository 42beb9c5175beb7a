"""The reader of Mach-O files, on small crafted ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from bundling.macho import (
    ARM64,
    X86_64,
    Image,
    Library,
    NotMachOError,
    is_macho,
    read,
    slices,
    thinned,
)

from tests.scripts.crafted import PAGE, build_version, fat, text_command, thin

WHOLE = thin(
    text_command("name", "@rpath/libmlx.dylib"),
    text_command("library", "@rpath/libjaccl.dylib"),
    text_command("weak", "/usr/lib/libz.dylib"),
    text_command("rpath", "@loader_path/lib"),
    build_version(15, 2),
)


def test_it_says_what_a_library_links_and_needs() -> None:
    assert read(WHOLE) == Image(
        name="@rpath/libmlx.dylib",
        libraries=(Library("@rpath/libjaccl.dylib"), Library("/usr/lib/libz.dylib", weak=True)),
        rpaths=("@loader_path/lib",),
        minimum=(15, 2),
        sealed=True,
    )


def test_what_is_not_stated_is_not_made_up() -> None:
    bare = read(thin(signed=False))
    assert (bare.minimum, bare.name, bare.libraries, bare.sealed) == (None, None, (), False)


@pytest.mark.parametrize("at", [40, PAGE + 1, 2 * PAGE + 1])
def test_a_changed_byte_breaks_the_seal(at: int) -> None:
    changed = bytearray(thin(build_version(15, 0)))
    changed[at] ^= 1
    assert not read(bytes(changed)).sealed


def test_a_slice_alone_keeps_its_signature() -> None:
    both = fat([(X86_64, thin(cpu=X86_64)), (ARM64, WHOLE)])
    assert [part.cpu for part in slices(both)] == [X86_64, ARM64]
    assert thinned(both) == WHOLE
    assert thinned(WHOLE) == WHOLE
    with pytest.raises(NotMachOError):
        thinned(fat([(X86_64, thin(cpu=X86_64))]))


def test_damaged_files_are_refused() -> None:
    both = fat([(X86_64, thin(cpu=X86_64)), (ARM64, WHOLE)])
    for data in (b"", b"\xca\xfe", both[:30], both[:-PAGE], WHOLE[:40], b"#!/bin/sh\n" * 20):
        with pytest.raises(NotMachOError):
            read(thinned(data))


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (WHOLE, True),
        (fat([(ARM64, WHOLE)]), True),
        (b"\xca\xfe\xba\xbe\x00\x00\x00\x41", False),  # a class of Java 21
        (b"\x7fELF", False),
        (b"", False),
    ],
    ids=["thin", "fat", "Java", "ELF", "empty"],
)
def test_it_knows_a_mach_o_file_by_its_head(head: bytes, expected: bool, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(head)
    assert is_macho(file) is expected
