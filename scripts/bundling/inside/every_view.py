"""Open every view of the window: `python3 every_view.py DATA PICTURES`, run by a bundle's Python.

It asks the built-in pair something, compares, opens the report REPORT of the folder DATA/reports
and writes it in all formats. A picture of each view is left in PICTURES. Exits with 0, or with the
exceptions that were raised meanwhile.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QDeadlineTimer, QEventLoop, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QWidget

import app.__main__
from app.engine.state import Dead, Ready
from app.program import Program
from app.views.compare.compare_view import CompareDialog
from app.views.palette import Palette

PATIENCE_S = 120
REPORT = "report.json"
QUESTION = "What is MTP? Answer in one sentence."
FORMATS = (".json", ".csv", ".md", ".html", ".txt", ".pdf", ".png")


class Tour:
    """Goes through the views of a window, one after the other, and closes it."""

    def __init__(self, program: Program, pictures: Path) -> None:
        self._program = program
        self._window = program.window
        self._pictures = pictures
        self.seen: list[str] = []

    def go(self) -> None:
        self._wait("the engine", lambda: isinstance(self._state(), Ready | Dead))
        if isinstance(self._state(), Dead):
            raise OSError(f"The engine fails: {self._state()}.")
        self._show("welcome")
        self._chat()
        self._details()
        self._compare()
        self._reports()
        self._models()
        self._dialogs()
        for theme in ("dark", "light"):
            self._window.choose_theme(theme)
            self._show(theme)
        self._window.close()

    def _state(self) -> object:
        return self._program.engine.state

    def _chat(self) -> None:
        chat = self._program.models.chat
        chat.send(QUESTION)
        self._wait("a reply", lambda: not chat.writing)
        reply = chat.last_reply
        if reply is None or not reply.rounds:
            raise RuntimeError("The worker writes no reply.")
        self._show("chat")
        self._window.transcript.set_token_view(shown=True)
        self._show("tokens")
        self._window.transcript.set_token_view(shown=False)
        self._window.find_words()
        self._window.search_chats()
        self._show("search")

    def _details(self) -> None:
        message = self._program.models.chat.messages.messages[-1]
        self._window.show_details(message.id)
        self._show("details")
        self._close_dialogs()

    def _compare(self) -> None:
        self._window.compare()
        dialog = self._window.findChildren(CompareDialog)[-1]
        dialog.question.setPlainText(QUESTION)
        dialog.start.click()
        compare = self._program.models.compare
        self._wait("both runs", lambda: not compare.state.running)
        self._wait("the race", lambda: not compare.race.playing)
        self._show("compare", dialog)
        self._close_dialogs()

    def _reports(self) -> None:
        reports = self._program.models.reports
        self._window.places.reports.show()
        reports.open(REPORT)
        self._wait("the report", lambda: reports.state.shown is not None)
        self._show("report")
        for ending in FORMATS:
            target = self._pictures / f"report{ending}"
            reports.export(target, texts=False)
            self._wait(f"the report as {ending}", target.is_file)
        reports.close()
        self._show("reports")

    def _models(self) -> None:
        self._window.places.models.show()
        models = self._program.models.models
        self._wait("the list of models", lambda: models.state.is_listed)
        if models.state.trouble:
            raise RuntimeError(models.state.trouble)
        self._show("models")
        self._window.places.show_chat()

    def _dialogs(self) -> None:
        for name, show in (
            ("settings", self._window.edit_settings),
            ("palette", self._window.show_palette),
            ("shortcuts", self._window.show_shortcuts),
            ("deleted", self._window.show_deleted),
            ("about", self._window.about_asked.emit),
        ):
            show()
            self._wait(name, lambda: bool(self._open_dialogs()))
            self._show(name, self._open_dialogs()[-1])
            self._close_dialogs()

    def _open_dialogs(self) -> list[QWidget]:
        """Return the dialogs, and the palette, which is a part of the window."""
        kinds = [*self._window.findChildren(QDialog), *self._window.findChildren(Palette)]
        return [dialog for dialog in kinds if dialog.isVisible()]

    def _close_dialogs(self) -> None:
        for dialog in self._open_dialogs():
            dialog.close()
        self._settle()

    def _show(self, name: str, widget: QWidget | None = None) -> None:
        """Keep a picture of the window, or of a dialog."""
        self._settle()
        if not (widget or self._window).grab().save(str(self._pictures / f"{name}.png")):
            raise OSError(f"The picture {name} could not be written.")
        self.seen.append(name)

    def _settle(self) -> None:
        deadline = QDeadlineTimer(300)
        while not deadline.hasExpired():
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)

    def _wait(self, what: str, happened: Callable[[], bool]) -> None:
        deadline = QDeadlineTimer(PATIENCE_S * 1000)
        while not happened():
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)
            if deadline.hasExpired():
                raise TimeoutError(f"Waited {PATIENCE_S} s for {what}.")


def main() -> None:
    data, pictures = Path(sys.argv[1]), Path(sys.argv[2])
    faults: list[str] = []
    tours: list[Tour] = []
    start = Program.start

    def note(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        faults.extend(traceback.format_exception(kind, error, trace))

    def tour(program: Program) -> None:
        sys.excepthook = note
        tours.append(Tour(program, pictures))
        try:
            tours[-1].go()
        except Exception as error:  # noqa: BLE001 - whatever it is, the window must close
            note(type(error), error, error.__traceback__)
            program.window.close()

    def start_and_tour(self: Program) -> None:
        start(self)
        QTimer.singleShot(0, self, lambda: tour(self))

    Program.start = start_and_tour  # type: ignore[method-assign]
    code = app.__main__.main(["--data-dir", str(data)])
    if code or faults:
        sys.exit("".join(faults) or f"The window ends with exit code {code}.")
    print(f"{len(tours[0].seen)} views: {', '.join(tours[0].seen)}")


if __name__ == "__main__":
    main()
