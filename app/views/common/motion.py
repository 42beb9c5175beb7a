"""Whether the user wants things to move."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QStyle

_MAC_CHOICES = Path.home() / "Library" / "Preferences" / "com.apple.universalaccess.plist"


def reduced_motion(platform: str = sys.platform, mac_choices: Path = _MAC_CHOICES) -> bool:
    """The style's own answer; on a Mac also the system's, which Qt does not pass on."""
    duration = QApplication.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration)
    if duration == 0:
        return True
    if platform != "darwin":
        return False
    choices = QSettings(str(mac_choices), QSettings.Format.NativeFormat)
    return bool(choices.value("reduceMotion", 0, int))
