from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QProxyStyle

from app.views.common.motion import reduced_motion
from mtp_mlx import objc
from tests.support.mac import Answer, FakeObjc, Message

SHARED = ("NSWorkspace", "sharedWorkspace")
REDUCES = ("the workspace", "accessibilityDisplayShouldReduceMotion")


@pytest.mark.parametrize("reduces", [True, False])
def test_a_mac_is_asked_for_its_setting(reduces: bool, qapp: QApplication) -> None:
    mac = FakeObjc(methods={SHARED: "the workspace", REDUCES: reduces})
    assert reduced_motion(lambda: objc.load("AppKit", mac.open, "darwin")) is reduces
    assert mac.messages == [Message(*SHARED), Message(*REDUCES)]
    assert mac.pools == ["push", "pop"]
    assert mac.paths[0] == "/System/Library/Frameworks/AppKit.framework/AppKit"


@pytest.mark.parametrize("missing", [SHARED, REDUCES], ids=" ".join)
def test_a_mac_without_the_setting_moves(missing: tuple[str, str], qapp: QApplication) -> None:
    methods: dict[tuple[str, str], Answer] = {SHARED: "the workspace", REDUCES: True}
    del methods[missing]
    mac = FakeObjc(methods=methods)
    assert not reduced_motion(lambda: objc.load("AppKit", mac.open, "darwin"))


class Still(QProxyStyle):
    def styleHint(self, *_given: object) -> int:  # noqa: N802
        return 0


def test_a_style_may_ask_for_it(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    still = Still("Fusion")
    monkeypatch.setattr(QApplication, "style", lambda: still)
    assert reduced_motion(lambda: None)


def test_elsewhere_there_is_no_such_setting(qapp: QApplication) -> None:
    assert not reduced_motion()
