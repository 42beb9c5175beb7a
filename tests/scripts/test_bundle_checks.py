"""The static checks, on a bundle of a few small files that breaks one promise at a time."""

from __future__ import annotations

import plistlib
from collections.abc import Callable
from pathlib import Path

import pytest
from bundling import checks, icon, information
from bundling.assembly import link_framework
from bundling.layout import Layout
from bundling.macho import read

from mtp_mlx import __version__
from mtp_mlx.paths import resources
from tests.scripts.crafted import build_version, text_command, thin

Break = Callable[[Layout], object]


def program(*commands: bytes, minimum: tuple[int, int] = (15, 0)) -> bytes:
    return thin(build_version(*minimum), *commands, padding=64)


def lay(file: Path, data: bytes = b"") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("icon") / "app.icns"
    icon.write(resources() / "icons" / "app.svg", file)
    return file.read_bytes()


@pytest.fixture
def bundle(tmp_path: Path, drawn: bytes, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """A bundle that keeps every promise."""
    layout = Layout(tmp_path / "MTP MLX.app")
    packages = layout.packages
    lay(layout.icon, drawn)
    information.write(layout.information)
    for file in (layout.window, layout.command, layout.interpreter):
        lay(file, program()).chmod(0o755)
    lay(packages / "PySide6" / "Qt" / "plugins" / "platforms" / "libqcocoa.dylib", program())
    for name in ("app/__main__.py", "sitecustomize.py"):
        lay(packages / name)
    shipped = packages / "mtp_mlx" / "resources"
    lay(shipped / "licences.txt")
    lay(shipped / "demo_pair" / "target" / "model.safetensors")
    core = program(
        text_command("rpath", "@loader_path/lib"), text_command("library", "@rpath/libmlx.dylib")
    )
    for place, least in ((packages, (15, 0)), (layout.newer_mlx, (26, 2))):
        lay(place / "mlx" / "core.so", core)
        links = text_command("library", "@rpath/libjaccl.dylib")
        lay(place / "mlx" / "lib" / "libmlx.dylib", program(links, minimum=least))
        lay(place / "mlx" / "lib" / "libjaccl.dylib", program(minimum=least))
        lay(place / "mlx" / "lib" / "mlx.metallib")
    contents = tmp_path / "contents.txt"
    contents.write_text("\n".join(checks.contents(layout)))
    monkeypatch.setattr(checks, "CONTENTS", contents)
    return layout


def test_a_whole_bundle_has_no_fault(bundle: Layout) -> None:
    assert checks.faults(bundle, python=False) == []


def rewritten(name: str, data: bytes) -> Break:
    return lambda layout: (layout.packages / name).write_bytes(data)


def changed_plist(**keys: object) -> Break:
    def change(layout: Layout) -> None:
        values = plistlib.loads(layout.information.read_bytes())
        layout.information.write_bytes(plistlib.dumps(values | keys))

    return change


def linked(place: str, target: str) -> Break:
    return lambda layout: (layout.root / place).symlink_to(target)


def changed_byte(layout: Layout) -> None:
    file = layout.packages / "mlx" / "lib" / "libmlx.dylib"
    data = file.read_bytes()
    file.write_bytes(data.replace(b"\xaa", b"\xab", 1))


MLX = "mlx/lib/libmlx.dylib"
BROKEN: dict[str, tuple[Break, str]] = {
    "no kernels": (
        lambda layout: (layout.newer_mlx / "mlx/lib/mlx.metallib").unlink(),
        "mlx26/mlx/lib/mlx.metallib is missing.",
    ),
    "no window": (lambda layout: layout.window.unlink(), "MacOS/MTP MLX is missing."),
    "no execution": (lambda layout: layout.command.chmod(0o644), "mtp-mlx cannot be executed."),
    "later system": (
        rewritten(MLX, program(minimum=(26, 2))),
        "libmlx.dylib needs macOS 26.2, where 15.0 is promised.",
    ),
    "no system": (rewritten(MLX, thin()), "needs no version, where 15.0 is promised."),
    "no signature": (
        rewritten(MLX, thin(build_version(15, 0), signed=False)),
        "libmlx.dylib is not signed, or was changed after it was.",
    ),
    "outside": (
        rewritten(MLX, program(text_command("library", "/opt/homebrew/lib/libssl.dylib"))),
        "links /opt/homebrew/lib/libssl.dylib, which is outside of the bundle.",
    ),
    "builder's path": (
        rewritten(MLX, program(text_command("rpath", "/Users/runner/lib"))),
        "looks for libraries in /Users/runner/lib.",
    ),
    "nowhere": (
        rewritten(MLX, program(text_command("library", "@rpath/libgone.dylib"))),
        "links @rpath/libgone.dylib, which is not in the bundle.",
    ),
    "damaged": (rewritten(MLX, program()[:40]), "libmlx.dylib cannot be read"),
    "dark mode": (
        changed_plist(NSRequiresAquaSystemAppearance=True),
        "has NSRequiresAquaSystemAppearance: it ends the dark mode.",
    ),
    "version": (changed_plist(CFBundleVersion="0"), f"not '{__version__}'."),
    "no plist": (lambda layout: layout.information.write_bytes(b"{}"), "cannot be read"),
    "icon": (
        lambda layout: layout.icon.write_bytes(layout.icon.read_bytes()[:-1]),
        "app.icns cannot be read",
    ),
    "stub files": (
        lambda layout: lay(layout.packages / "app" / "more.pyi"),
        "more.pyi is not needed.",
    ),
    "new package": (
        lambda layout: lay(layout.packages / "surprise" / "module.py"),
        "surprise is in the bundle, and not in contents.txt.",
    ),
    "absolute link": (linked("Contents/link", "/usr/lib"), "leads out of the bundle or nowhere."),
    "absolute link inside": (
        lambda layout: (layout.contents / "link").symlink_to(layout.icon),
        "leads out of the bundle or nowhere.",
    ),
    "dead link": (linked("Contents/link", "gone"), "leads out of the bundle or nowhere."),
    "stray link": (linked("Contents/link", "../../.."), "leads out of the bundle or nowhere."),
    "changed byte": (changed_byte, "was changed after it was."),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_promise_is_named(bundle: Layout, name: str) -> None:
    break_it, words = BROKEN[name]
    break_it(bundle)
    assert [fault for fault in checks.faults(bundle, python=False) if words in fault]


def test_size_and_number_have_a_limit(bundle: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MOST_MB", 0)
    monkeypatch.setattr(checks, "MOST_NEWER_MB", 0)
    monkeypatch.setattr(checks, "MOST_MACHOS", 3)
    told = "\n".join(checks.faults(bundle, python=False))
    assert "The bundle without the newer MLX has" in told
    assert "The newer MLX has" in told
    assert "programs and libraries, more than 3." in told


def test_bytecode_must_stand_for_good(bundle: Layout) -> None:
    compiled = bundle.packages / "app" / "__pycache__" / "__main__.cpython-312.pyc"
    fault = "site-packages/app/__main__.py has no bytecode that stands for good."
    for head, holds in ((b"", False), (bytes(16), False), (b"\3" + bytes(15), False)):
        lay(compiled, head)
        assert any(fault in told for told in checks.unsealed_modules(bundle)) is not holds
    lay(compiled, b"\xcb\x0d\x0d\x0a\x01\x00\x00\x00" + bytes(8))
    assert not any(fault in told for told in checks.unsealed_modules(bundle))


def test_a_framework_gets_the_links_that_wheels_cannot_hold(tmp_path: Path) -> None:
    framework = tmp_path / "QtCore.framework"
    inside = framework / "Versions" / "A"
    lay(inside / "QtCore", program())
    lay(inside / "Resources" / "Info.plist")
    lay(framework / "Resources" / "Info.plist")
    for _ in range(2):  # again changes nothing
        link_framework(framework)
        links = {
            path.name: str(path.readlink()) for path in framework.rglob("*") if path.is_symlink()
        }
        assert links == {
            "Current": "A",
            "QtCore": "Versions/Current/QtCore",
            "Resources": "Versions/Current/Resources",
        }
        assert read((framework / "QtCore").read_bytes()).sealed
