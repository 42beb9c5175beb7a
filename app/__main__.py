"""`python -m app`: open the window, or, in a frozen bundle, be one of its processes."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from app import strings
from mtp_mlx.files import open_standard_files


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return the exit code. Qt is imported only where there is a display."""
    open_standard_files()
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] in (["--worker"], ["--reader"], ["--models"], ["--bench"]):
        return _be(arguments[0].removeprefix("--"), *arguments[1:])
    options = _parser().parse_args(arguments)
    if not _has_display():
        from mtp_mlx.paths import program_command

        sys.stderr.write(f"{strings.NO_DISPLAY.format(command=program_command())}\n")
        return 1
    return _open(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mtp-mlx app", description=strings.APP_HELP)
    parser.add_argument("--theme", choices=list(strings.THEMES), help=strings.THEME_OPTION)
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help=strings.DATA_OPTION)
    return parser


def _has_display() -> bool:
    """Return whether Qt would find a display; without one it aborts the process."""
    if not sys.platform.startswith("linux"):
        return True
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return any(os.environ.get(name) for name in names)


def _open(options: argparse.Namespace) -> int:
    from PySide6.QtCore import QTimer
    from PySide6.QtGui import QIcon

    from app.collector import Collector
    from app.engine.worker import WorkerProcess
    from app.program import Program
    from app.services.log import Faults, LogFile
    from app.services.model_tool import ToolProcess
    from app.views.application import Application
    from app.views.common.preload import PRELOAD_MS, preload
    from mtp_mlx.paths import DATA_VARIABLE, data_folder, resources

    data: Path = options.data_dir or data_folder()
    os.environ[DATA_VARIABLE] = str(data)  # for the engine, which starts as a child
    log = LogFile(data)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Qt's loop would not let Python see Ctrl+C
    application = Application([strings.APP_NAME])
    application.setApplicationName(strings.APP_NAME)
    application.setApplicationDisplayName(strings.APP_NAME)
    application.setWindowIcon(QIcon(str(resources() / "icons" / "app.svg")))
    application.setStyle("Fusion")
    engine = WorkerProcess(worker_command())
    faults = Faults(log.path)
    faults.install()
    collector = Collector(application)
    tool = ToolProcess(tool_command("models"), tool_command("bench"))
    program = Program(engine, data, options.theme, tool=tool)
    faults.said.connect(program.models.engine.say)
    application.aboutToQuit.connect(program.close)
    program.start()
    application.open_with(program.models.opening.open)
    QTimer.singleShot(PRELOAD_MS, preload)
    code = application.exec()
    collector.stop()
    faults.remove()
    log.stop()
    return code


def worker_command() -> list[str]:
    """Return the command of an engine; a frozen bundle has no interpreter and runs itself."""
    if hasattr(sys, "frozen"):
        return [sys.executable, "--worker"]
    return [sys.executable, "-P", "-m", "mtp_mlx", "worker"]


def tool_command(command: Literal["models", "bench"]) -> list[str]:
    """Return how a command of `mtp-mlx` is run by the same interpreter or bundle."""
    if hasattr(sys, "frozen"):
        return [sys.executable, f"--{command}"]
    return [sys.executable, "-P", "-m", "mtp_mlx", command]


def _be(part: str, *arguments: str) -> int:
    from mtp_mlx.__main__ import main as engine_main

    sys.argv = ["mtp-mlx", part, *arguments]
    return engine_main() or 0


if __name__ == "__main__":
    sys.exit(main())
