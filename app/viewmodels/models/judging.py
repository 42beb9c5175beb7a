"""What fits this machine, asked of `mtp-mlx models fit`: each pair as it would be loaded now."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from app.domain.models import Fit, FitReport, Inventory, LocalModel, Pairing
from app.domain.settings import PairChoice
from app.services.model_tool import ModelTool
from app.viewmodels.models.rows import choice_of
from app.viewmodels.models.switching import PairSwitching


class Judging(QObject):
    """The catalogue is judged at once, and one by one what is loaded in another way."""

    changed = Signal()

    def __init__(
        self, tool: ModelTool, pairs: PairSwitching, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._tool = tool
        self._pairs = pairs
        self.fits: dict[str, Fit] = {}  # by the path or the name of a target
        self.report = FitReport()
        self._is_stale = True
        self._questions = 0  # looks whose verdicts were asked for

    def forget(self) -> None:
        """Judge everything anew at the next look: memory may be another now."""
        self._is_stale = True

    def judge(self, inventory: Inventory) -> None:
        """Ask what fits now. After an act on a model only what nothing is known of."""
        self._questions += 1
        question = self._questions
        pairings = inventory.pairings
        if not self._is_stale:
            new = [p for p in pairings if not self.fits.keys() & {p.target.path, p.target.name}]
            self._judge_next(new, question)
            return

        def keep(report: FitReport) -> None:
            self.report, self._is_stale = report, False
            listed = {fit.target: fit for pair in report.pairs for fit in pair.targets}
            own = [one for one in pairings if self._is_other(one, listed.get(one.target.name))]
            shown = {one.target.path for one in own}  # until they are judged
            self.fits = {key: fit for key, fit in self.fits.items() if key in shown} | listed
            self.changed.emit()
            self._judge_next(own, question)

        answer = self._tool.ask(("fit", *self._here()), FitReport, self)
        answer.then(keep).failed(lambda _error: None)  # without a verdict a model is listed too

    def judge_one(self, path: str, inventory: Inventory) -> None:
        """Ask about one target, which is to be loaded in another way from now on."""
        chosen = [one for one in inventory.pairings if one.target.path == path]
        self._judge_next(chosen, self._questions)

    def _is_other(self, pairing: Pairing, fit: Fit | None) -> bool:
        """Tell whether a target would be loaded otherwise than it was judged in the report."""
        choice = self._choice(pairing)
        if fit is None or choice.context is not None or choice.drafter_bits is not None:
            return True
        return fit.drafter is not None and fit.drafter != choice.drafter_name

    def _choice(self, pairing: Pairing) -> PairChoice:
        target: LocalModel = pairing.target
        return choice_of(target, pairing, self._pairs.now.options_of(target.path))

    def _here(self) -> Sequence[str]:
        """Return the memory to judge by: the engine's own figure, where it told one."""
        have = self._pairs.have
        return ("--json",) if have is None else ("--have", str(have), "--json")

    def _judge_next(self, left: Sequence[Pairing], question: int) -> None:
        """Ask about one after the other: each is a process, and the engine wants the cores."""
        if not left or question != self._questions:
            return
        pairing, *rest = left
        choice = self._choice(pairing)

        def keep(fit: Fit) -> None:
            if choice == self._choice(pairing):  # or else it was asked again
                self.fits[pairing.target.path] = fit
                self.changed.emit()
            self._judge_next(rest, question)

        answer = self._tool.ask((*_words(choice), *self._here()), Fit, self)
        answer.then(keep).failed(lambda _error: self._judge_next(rest, question))


def _words(choice: PairChoice) -> Sequence[str]:
    """Return how to ask about a pair exactly as it would be loaded."""
    words = ["fit", choice.target]
    words += ["--no-drafter"] if choice.drafter is None else ["--drafter", choice.drafter]
    if choice.context is not None:
        words += ["--context", str(choice.context)]
    if choice.drafter_bits is not None:
        words += ["--drafter-bits", str(choice.drafter_bits)]
    return words
