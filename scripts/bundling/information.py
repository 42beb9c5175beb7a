"""Info.plist: what macOS is told of the program."""

from __future__ import annotations

import plistlib
from pathlib import Path

from app.strings import APP_NAME
from bundling.layout import FLOOR, dotted
from mtp_mlx import __version__

IDENTIFIER = "io.github.mtp-mlx.MTP-MLX"
"""The program's name among all programs. Settings of macOS hang on it: it must not change."""

FORBIDDEN = {
    "NSRequiresAquaSystemAppearance": "it ends the dark mode",
    "CFBundleURLTypes": "a page of the web could open the program with input of its own",
    "NSServices": "there are none",
    "LSUIElement": "the program would have no Dock icon and no menus",
    "LSBackgroundOnly": "likewise",
    "LSEnvironment": "the stub sets what Python needs",
    "NSAppTransportSecurity": "nothing needs unencrypted connections",
    "NSAppSleepDisabled": "it spends the battery also while nothing is written",
}
"""Keys that must not be there, each with its reason."""


def information() -> dict[str, object]:
    """Return the keys and values of Info.plist."""
    return {
        "CFBundleDevelopmentRegion": "en",
        "CFBundleDisplayName": APP_NAME,
        "CFBundleDocumentTypes": [
            {
                "CFBundleTypeName": "Speed report",
                "CFBundleTypeRole": "Viewer",
                "LSHandlerRank": "Alternate",  # other programs stay the default for JSON
                "LSItemContentTypes": ["public.json"],
            }
        ],
        "CFBundleExecutable": APP_NAME,
        "CFBundleIconFile": "app.icns",
        "CFBundleIdentifier": IDENTIFIER,
        "CFBundleInfoDictionaryVersion": "6.0",
        "CFBundleName": APP_NAME,
        "CFBundlePackageType": "APPL",
        "CFBundleShortVersionString": __version__,
        "CFBundleVersion": __version__,
        "LSApplicationCategoryType": "public.app-category.developer-tools",
        "LSArchitecturePriority": ["arm64"],
        "LSMinimumSystemVersion": dotted(FLOOR),
        "LSRequiresNativeExecution": True,
        "NSHighResolutionCapable": True,
        "NSHumanReadableCopyright": "Apache License, Version 2.0",
        "NSPrincipalClass": "NSApplication",
        "NSSupportsAutomaticGraphicsSwitching": True,
    }


def write(file: Path) -> None:
    file.write_bytes(plistlib.dumps(information()))


def faults(file: Path) -> list[str]:
    """Return what is wrong with an Info.plist, a sentence each."""
    try:
        keys = plistlib.loads(file.read_bytes())
    except (OSError, ValueError, plistlib.InvalidFileException) as error:
        return [f"Info.plist cannot be read: {error}."]
    present = [
        f"Info.plist has {key}: {reason}." for key, reason in FORBIDDEN.items() if key in keys
    ]
    wrong = [
        f"Info.plist has {key} {keys.get(key)!r}, not {value!r}."
        for key, value in information().items()
        if keys.get(key) != value
    ]
    return present + wrong
