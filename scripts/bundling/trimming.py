"""Which files of the wheels and of Python the program needs: pure rules on paths.

All other packages are laid out whole; only what no program reads at run time is left out of them.
"""

from __future__ import annotations

from pathlib import PurePosixPath

_BINDINGS = ("Core", "Gui", "Widgets", "Svg", "OpenGL", "OpenGLWidgets", "Test")
"""Modules of Qt: those that the window imports, and those that PyQtGraph imports by itself."""

_LIBRARIES = frozenset(
    {
        *_BINDINGS,
        "DBus",  # QtGui links it, on macOS too
        *("XcbQpa", "WaylandClient", "WaylandEglClientHwIntegration"),  # Linux's platforms
    }
)

_PLUGINS = {
    "platforms": ("cocoa", "offscreen", "xcb"),
    "styles": ("macstyle",),
    "iconengines": ("svgicon",),
    "imageformats": ("svg", "jpeg", "icns"),
    "platforminputcontexts": ("compose", "ibus"),
    "xcbglintegrations": ("xcb-glx", "xcb-egl"),
}
"""Folders of Qt's plugins, and the plugins of each."""

_PYSIDE = ("__init__.py", "_config.py", "_git_pyside_version.py")

_UNREAD_SUFFIXES = frozenset(
    {".pyi", ".h", ".hpp", ".a", ".lib", ".c", ".cpp", ".pyx", ".pxd", ".cmake", ".pc", ".exe"}
)
_UNREAD_FOLDERS = frozenset({"__pycache__", "tests", "test", "include", "share"})
_UNREAD_PARTS = (("pyqtgraph", "examples"), ("numpy", "f2py"), ("numpy", "distutils"))
_UNREAD_NAMES = frozenset({"RECORD", "INSTALLER", "py.typed", "direct_url.json", ".DS_Store"})

_UNUSED_LIBRARY = frozenset(
    {
        *("test", "idlelib", "tkinter", "turtledemo", "lib2to3", "ensurepip", "site-packages"),
        *("pydoc_data", "__pycache__", "turtle.py", "__phello__"),
    }
)
_UNUSED_MODULES = ("_tkinter", "_test", "_ctypes_test", "_xxtestfuzz", "xxlimited", "_xxsub")


def needed_of_wheel(path: PurePosixPath) -> bool:
    """Return whether a bundle needs this file; `path` is relative to site-packages."""
    if path.parts[0] == "PySide6":
        return _needed_of_pyside(path)
    if path.parts[0].endswith(".dist-info"):
        return path.name not in _UNREAD_NAMES
    if _UNREAD_FOLDERS & set(path.parts[1:-1]) or path.name in _UNREAD_NAMES:
        return False
    return path.suffix not in _UNREAD_SUFFIXES and path.parts[:2] not in _UNREAD_PARTS


def _needed_of_pyside(path: PurePosixPath) -> bool:
    match path.parts[1:]:
        case (name,):
            stem = name.split(".", 1)[0]
            return name in _PYSIDE or _is_binding(name) or stem == "libpyside6"
        case ("support", name):
            return name != "generate_pyi.py" and name.endswith(".py")
        case ("Qt", "lib", framework, *inside) if framework.endswith(".framework"):
            return framework[2:-10] in _LIBRARIES and "Headers" not in inside
        case ("Qt", "lib", name):
            return _is_library(name)
        case ("Qt", "plugins", folder, name):
            return _plugin(name) in _PLUGINS.get(folder, ())
        case _:
            return False


def _is_binding(name: str) -> bool:
    stem, _, rest = name.partition(".")
    return rest == "abi3.so" and stem.removeprefix("Qt") in _BINDINGS


def _is_library(name: str) -> bool:
    """Whether a library of Qt for Linux is needed: libQt6Core.so.6, libicudata.so.73."""
    stem = name.split(".", 1)[0]
    return stem.startswith("libicu") or stem.removeprefix("libQt6") in _LIBRARIES


def _plugin(name: str) -> str:
    """Return a plugin's own name: cocoa of libqcocoa.dylib, compose of the long one on Linux."""
    stem = name.split(".", 1)[0].removeprefix("lib").removeprefix("q")
    return stem.removesuffix("platforminputcontextplugin").removesuffix("-integration")


def needed_of_python(path: PurePosixPath) -> bool:
    """Return whether a bundle needs this file; `path` is relative to Python's home."""
    match path.parts:
        case ("bin", name):
            return name.startswith("python3") and not name.endswith("-config")
        case ("lib", name):
            is_library = name.endswith(".dylib") or ".so." in name
            return is_library and name.startswith("libpython3.")
        case ("lib", folder, *rest) if folder.startswith("python3.") and rest:
            return _needed_of_library(rest)
        case _:
            return False


def _needed_of_library(parts: list[str]) -> bool:
    """Return whether a file below lib/python3.12 is needed."""
    if parts[0] in _UNUSED_LIBRARY or parts[0].startswith("config-"):
        return False
    if "__pycache__" in parts or "test" in parts[:-1] or "tests" in parts[:-1]:
        return False
    return not (parts[0] == "lib-dynload" and parts[-1].startswith(_UNUSED_MODULES))
