"""The command: a sentence without a display, and a window without the engine's weight."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from app.__main__ import main

ROOT = Path(__file__).parents[2]


def test_without_a_display_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert main([]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "scripts/run chat" in told


def test_a_wrong_theme_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--theme", "purple"])
    assert end.value.code == 2
    assert "light" in capsys.readouterr().err


def test_the_window_imports_no_mlx_and_no_plotting() -> None:
    """Both would cost the second in which the window has to be there."""
    code = (
        "import sys, app.program, app.engine.worker\n"
        "heavy = {'mlx', 'numpy', 'pyqtgraph', 'mlx_lm', 'transformers'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
