"""Whether the user wants less motion on the screen."""

from __future__ import annotations

from collections.abc import Callable
from ctypes import c_bool, c_void_p

from PySide6.QtWidgets import QApplication, QStyle

from mtp_mlx.objc import Runtime, appkit


def reduced_motion(runtime: Callable[[], Runtime | None] = appkit) -> bool:
    """Return it by Qt's style and by a Mac's settings, which Qt hands on from 6.12 only."""
    duration = QApplication.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration)
    return duration == 0 or _on_a_mac(runtime())


def _on_a_mac(mac: Runtime | None) -> bool:
    if mac is None:
        return False
    with mac.pool():
        workspace = mac.send(mac.class_of("NSWorkspace"), "sharedWorkspace", c_void_p)
        return bool(mac.send(workspace, "accessibilityDisplayShouldReduceMotion", c_bool))
