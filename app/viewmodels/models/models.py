"""People's own models: what is on this disk, what fits, and the acts on them.

Everything is asked of `mtp-mlx models`, in processes of their own; the engine only loads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal

from app import strings
from app.domain.models import Inventory, LocalModel, RemovalPlan
from app.domain.settings import PairChoice, PairOptions
from app.services.data_folder import SettingsStore
from app.services.model_tool import ModelTool
from app.services.report_files import ReportFiles
from app.services.store_thread import StoreThread
from app.viewmodels.common.format import memory
from app.viewmodels.common.undo import Undo
from app.viewmodels.models.cards import FirstOffer, cards, first_offer
from app.viewmodels.models.fetching import fetch_row
from app.viewmodels.models.judging import Judging
from app.viewmodels.models.options import LoadingOptions
from app.viewmodels.models.rows import (
    ConversionRow,
    LocalRow,
    ModelsState,
    choice_of,
    local_rows,
    place_rows,
    title_of,
)
from app.viewmodels.models.switching import PairSwitching
from app.viewmodels.models.work import Work
from mtp_mlx.api import DEMO_PAIR


class ModelsViewModel(QObject):
    """`state` is everything that the page shows."""

    changed = Signal(object)  # ModelsState
    asked_to_load = Signal(object, str)  # PairChoice, and the question
    asked_to_remove = Signal(object, str)  # RemovalPlan, and the question
    said = Signal(str)  # one sentence: what was done, or why it was not
    attached = Signal(list)  # Path: of what was dropped, those that are no folders

    def __init__(
        self,
        tool: ModelTool,
        pairs: PairSwitching,
        work: Work,
        undo: Undo,
        settings: SettingsStore,
        reader: StoreThread[ReportFiles],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._tool = tool
        self.pairs = pairs
        self._undo = undo
        self._settings = settings
        self._reader = reader
        self.work = work
        self.fetching = work.fetching
        self._inventory: Inventory | None = None
        self._judging = Judging(tool, pairs, self)
        self._has_looked = False
        self._is_looking = False
        self._looks_again = False
        self._trouble = ""
        self._after: list[Callable[[Inventory], None]] = []  # acts at the end of the next look
        self._acts: list[Callable[[Inventory], None]] = []  # at the end of the look under way
        self.state = ModelsState()
        pairs.changed.connect(self._on_pair)
        self._judging.changed.connect(self._show)
        work.changed.connect(self._show)
        work.said.connect(self.said)
        work.fetching.done.connect(self._on_fetched)
        work.converting.made.connect(self._look)

    # The state, read

    def refresh(self) -> None:
        """Look through the folders of models again, and judge anew what fits."""
        self._judging.forget()
        self._look()

    def _look(self) -> None:
        """List what is here; a look under way is followed by another."""
        if self._is_looking:
            self._looks_again = True
            return
        self._is_looking = self._has_looked = True
        self._acts, self._after = self._after, []
        answer = self._tool.ask(("list", "--json"), Inventory, self)
        answer.then(self._on_listed).failed(self._on_not_listed)
        self._show()

    @property
    def first_offer(self) -> FirstOffer | None:
        """Return what to say of real pairs while the built-in one answers; None before a look."""
        return first_offer(self.state) if self._is_built_in else None

    @property
    def _is_built_in(self) -> bool:
        loaded = self.pairs.loaded
        return loaded is not None and loaded.target == DEMO_PAIR

    def _on_pair(self) -> None:
        """Look around once while the built-in pair answers: a real one may be offered."""
        if self._is_built_in and not self._has_looked:
            self.refresh()
        else:
            self._show()

    # Acts

    def load(self, row: LocalRow) -> None:
        """Load a target with its drafter; what is too big is asked about first."""
        if row.choice is None:
            return
        if row.verdict is not None and row.verdict.is_too_big:
            words = strings.MODEL_LOAD_ANYWAY_ASK.format(name=row.title, sum=row.verdict.sum)
            choice = msgspec.structs.replace(row.choice, anyway=True)
            self.asked_to_load.emit(choice, words)
            return
        self.pairs.load(row.choice)

    def load_choice(self, choice: PairChoice) -> None:
        """Load what was asked about."""
        self.pairs.load(choice)

    def choose_options(self, row: LocalRow, options: LoadingOptions) -> None:
        """Load a target in this way from now on."""
        chosen = PairOptions(
            target=row.key, context=options.context, drafter_bits=options.drafter_bits
        )
        self.pairs.choose(chosen)
        if self._inventory is not None:
            self._judging.judge_one(row.key, self._inventory)

    def stop_loading(self) -> None:
        self.pairs.cancel()

    def get(self, row: ConversionRow) -> None:
        self.fetching.begin(row.repository, row.title, row.size or 0)

    def finish(self, row: LocalRow) -> None:
        """Fetch what is missing of a download that another program or session began."""
        if row.repository is not None:
            self.fetching.begin(row.repository, row.title)

    def get_drafter(self, row: LocalRow) -> None:
        if row.drafter is not None:
            name = strings.MODEL_DRAFTER_TITLE.format(name=row.title)
            self.fetching.begin(row.drafter, name)

    def ask_to_remove(self, row: LocalRow) -> None:
        """Find out how many bytes removing a model would free, then ask the user."""
        answer = self._tool.ask(("remove", row.repository or row.key, "--json"), RemovalPlan, self)
        answer.then(self._on_removal_planned).failed(self._say)

    def remove(self, plan: RemovalPlan) -> None:
        """Remove a model, as the user has agreed to."""
        self.fetching.cancel(plan.repository)
        name = plan.repository if "/" in plan.repository else plan.folder or plan.repository
        answer = self._tool.ask(("remove", name, "--yes", "--json"), RemovalPlan, self)
        answer.then(self._on_removed).failed(self._say)

    def decline_folder(self) -> None:
        """Offer to add a folder no more; the page's button stays."""
        kept = self._settings.current
        self._settings.update(msgspec.structs.replace(kept, folder_offered=True))
        self._show()

    def add_folder(self, folder: Path) -> None:
        self.decline_folder()
        answer = self._tool.ask(("add", str(folder)), str, self)
        answer.then(lambda _words: self._look()).failed(self._say)

    def forget_folder(self, path: str) -> None:
        answer = self._tool.ask(("forget", path), str, self)
        answer.then(lambda _words: self._look()).failed(self._say)

    def drop(self, paths: Sequence[Path]) -> None:
        """Open a folder that was dropped on the window; files are for the message."""

        def sort(folders: set[Path]) -> None:
            files = [path for path in paths if path not in folders]
            if files:
                self.attached.emit(files)
            for folder in folders:
                self.open_folder(folder)

        answer = self._reader.run(lambda _files: {one for one in paths if one.is_dir()}, self)
        answer.then(sort).failed(self._say)

    def open_folder(self, folder: Path) -> None:
        """Remember a folder that was dropped, and ask whether the model in it is to be loaded."""
        before = self._inventory.places if self._inventory else ()
        was_known = any(_lies_in(str(folder), Path(place.path)) for place in before)

        def added(_words: str) -> None:
            self._after.append(
                lambda inventory: self._offer(folder, inventory, was_known=was_known)
            )
            self._look()

        self._tool.ask(("add", str(folder)), str, self).then(added).failed(self._say)

    # Answers

    def _on_listed(self, inventory: Inventory) -> None:
        self._inventory, self._trouble = inventory, ""
        self._is_looking = False
        self.work.converting.see(inventory)
        self._judging.judge(inventory)
        acts, self._acts = self._acts, []
        self._end_look()
        for act in acts:
            act(inventory)

    def _on_not_listed(self, error: Exception) -> None:
        self._trouble = strings.MODELS_NOT_LISTED.format(reason=error)
        self._is_looking = False
        self._acts.clear()
        self._end_look()

    def _end_look(self) -> None:
        again, self._looks_again = self._looks_again, False
        self._show()
        if again:
            self._look()

    def _on_fetched(self, repository: str) -> None:
        def offer(inventory: Inventory) -> None:
            model = next((one for one in inventory.models if one.repository == repository), None)
            if model is not None and model.is_usable and model.part == "target":
                choice = self._choice(model, inventory)
                words = strings.FETCH_DONE.format(name=title_of(model))
                self._undo.say(words, strings.FETCH_DONE_LOAD, lambda: self.pairs.load(choice))

        self._after.append(offer)
        self._look()

    def _on_removal_planned(self, plan: RemovalPlan) -> None:
        words = [
            strings.MODEL_REMOVE_ASK.format(name=plan.repository, size=memory(plan.freed_bytes))
        ]
        if plan.is_loaded:
            words.append(strings.MODEL_REMOVE_LOADED)
        if plan.readers:
            words.append(strings.MODEL_REMOVE_READERS.format(names=", ".join(plan.readers)))
        if plan.copies:
            words.append(strings.MODEL_REMOVE_COPIES.format(names=", ".join(plan.copies)))
        self.asked_to_remove.emit(plan, " ".join(words))

    def _on_removed(self, plan: RemovalPlan) -> None:
        self.said.emit(
            strings.MODEL_REMOVED.format(name=plan.repository, size=memory(plan.freed_bytes))
        )
        self._look()

    def _offer(self, folder: Path, inventory: Inventory, *, was_known: bool) -> None:
        """Ask whether to load what lies in a dropped folder, or say why that is impossible."""
        inside = [model for model in inventory.models if _lies_in(model.path, folder)]
        targets = [model for model in inside if model.is_usable and model.part == "target"]
        if targets:
            words = strings.DROP_LOAD_ASK.format(name=title_of(targets[0]))
            self.asked_to_load.emit(self._choice(targets[0], inventory), words)
            return
        drafters = [model for model in inside if model.is_usable]
        if drafters:  # it is listed with its targets
            return
        problems = (f"{one.problem} {one.remedy or ''}" for one in inside if one.problem)
        is_partial = any(p.is_partial for p in inventory.places if p.path == str(folder))
        nothing = strings.DROP_TOO_MUCH if is_partial else strings.DROP_NOTHING
        reason = next(problems, nothing).strip()
        self.said.emit(strings.DROP_NO_MODEL.format(name=folder.name, reason=reason))
        if not was_known:
            self.forget_folder(str(folder))

    def _choice(self, model: LocalModel, inventory: Inventory) -> PairChoice:
        pairings = {pairing.target.path: pairing for pairing in inventory.pairings}
        options = self.pairs.now.options_of(model.path)
        return choice_of(model, pairings.get(model.path), options)

    def _say(self, error: Exception) -> None:
        self.said.emit(str(error))

    def _show(self) -> None:
        self.state = self._state()
        self.changed.emit(self.state)

    def _misses_folder(self) -> bool:
        """Whether nothing was found and the user was never asked for a folder.

        A program that the Finder starts sees no variable of the shell, such as HF_HOME.
        """
        if self._inventory is None or self._settings.current.folder_offered:
            return False
        places = self._inventory.places
        return not any(place.owner == "own" or place.models for place in places)

    def _state(self) -> ModelsState:
        fetches = tuple(map(fetch_row, self.fetching.all))
        inventory = self._inventory or Inventory()
        wanted = [fetch.repository for fetch in fetches]
        rows = tuple(local_rows(inventory, self._judging.fits, self.pairs.now))
        shown = [row for row in rows if row.status != "unusable" and row.repository not in wanted]
        return ModelsState(
            is_looking=self._is_looking,
            is_listed=self._inventory is not None,
            trouble=self._trouble,
            local=tuple(sorted(shown, key=_order)),
            unusable=tuple(row for row in rows if row.status == "unusable"),
            places=tuple(place_rows(inventory.places)),
            cards=tuple(cards(inventory, self._judging.report, wanted, self.work.trying.results)),
            fetches=fetches,
            jobs=tuple(self.work.rows),
            goes_on=self.fetching.goes_on,
            offers_folder=self._misses_folder(),
        )


def _order(row: LocalRow) -> int:
    """Models that can be loaded come first, then those that are too big, then downloads."""
    return 2 if row.choice is None else int(row.verdict is not None and row.verdict.is_too_big)


def _lies_in(path: str, folder: Path) -> bool:
    return Path(path) == folder or folder in Path(path).parents
