"""A stage for the Models page: the window of a Mac with 24 GB, of which every answer is scripted.

The engine and `mtp-mlx models` say what a scene wants. The catalogue and what fits are real.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace

if sys.platform.startswith("linux"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import msgspec
from memory_page import have
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMenu, QMessageBox, QScrollArea, QWidget
from window_scenes import PAIR, finished, pump, rounds_of, scripted

from app.domain import models as told
from app.domain.settings import ThemeChoice
from app.engine.scripted import ScriptedWorker
from app.program import Program
from app.views.models.model_rows import LocalView
from app.views.models.models_page import ModelsPage
from mtp_mlx import api, wire
from mtp_mlx.cli.fit import Advice, Sized
from mtp_mlx.cli.models import as_object
from mtp_mlx.errors import MtpMlxError
from mtp_mlx.families import PAIRS
from mtp_mlx.families.base import KnownPair
from mtp_mlx.hub.fit import DEFAULT_CONTEXT, Fit, fit, listed_size, suited
from mtp_mlx.hub.places import Inventory
from tests.app.tools import (
    BEGUN,
    BIG,
    DRAFTER,
    DRIVE,
    E4B,
    GGUF,
    HUB,
    MB,
    STUDIO,
    ScriptedTool,
    placed,
)

HAVE = have(24)
TARGET = "gemma-4-e4b-it-4bit"
BUILT_IN = replace(
    PAIR, target="built-in", drafter="built-in", quantization="float32", target_bytes=50 * MB
)
E4B_PAIR = replace(
    PAIR, target=TARGET, drafter="gemma-4-E4B-it-assistant", target_bytes=5_143 * MB,
    drafter_bytes=157 * MB, quantization="4-bit affine, group 64",
)  # fmt: skip
TIGHT = told.LocalModel(
    name="mlx-community/gemma-4-12B-it-8bit",
    path=f"{HUB.path}/models--mlx-community--gemma-4-12B-it-8bit/snapshots/c",
    place=HUB.path, owner="hub", repository="mlx-community/gemma-4-12B-it-8bit", part="target",
    title="Gemma 4 12B", precision="8-bit", size_bytes=12_713 * MB, state="usable",
)  # fmt: skip


def catalogue() -> tuple[told.KnownPair, ...]:
    listed = as_object(Inventory(places=(), pairings=()))
    return msgspec.convert(listed, told.Inventory, from_attributes=True).pairs


def judged() -> told.FitReport:
    """Return what fits a Mac with 24 GB, with the sizes of half precision."""
    return told.FitReport(have=HAVE, pairs=tuple(map(_advice, PAIRS)))


def _advice(pair: KnownPair) -> told.PairFits:
    pairs = []
    for target in pair.targets:
        size = listed_size(pair, target)
        if size is None:
            continue
        sized = Sized(
            name=target.repository, precision=target.precision, drafter=pair.drafter, size=size,
            context_length=pair.context_length, source="catalogue",
        )  # fmt: skip
        pairs.append((sized, fit(size, DEFAULT_CONTEXT, HAVE)))
    best = suited([(sized.precision or "", one) for sized, one in pairs])
    return told.PairFits(
        name=pair.name,
        suited=None if best is None else pairs[best][0].name,
        reason=Advice(pair=pair, judged=pairs, suited=best).reason,
        targets=tuple(
            _told(sized.name, one, pair)
            for sized, one in pairs
        ),
    )  # fmt: skip


def fit_of(model: told.LocalModel, context: int = DEFAULT_CONTEXT) -> told.Fit:
    """Judge a model on the disk by the size of its files."""
    pair = next(pair for pair in PAIRS if pair.title == model.title)
    size = next(size for one in pair.targets if (size := listed_size(pair, one)))
    return _told(model.path, fit(replace(size, target=model.size_bytes), context, HAVE), pair)


def _told(name: str, judged: Fit, pair: KnownPair) -> told.Fit:
    return told.Fit(
        target=name, verdict=judged.verdict, need=told.Need(**asdict(judged.need)),
        have=judged.have, context=judged.context, longest_context=pair.context_length,
        drafter=pair.drafter,
    )  # fmt: skip


CATALOGUE = catalogue()
EMPTY = told.Inventory(places=(HUB,), pairs=CATALOGUE)
FULL = told.Inventory(
    places=(placed(HUB, BEGUN, DRAFTER, TIGHT, BIG), placed(STUDIO, E4B, GGUF), DRIVE),
    pairings=(
        told.Pairing(target=TIGHT, published="google/gemma-4-12B-it-assistant"),
        told.Pairing(target=BIG, published="google/gemma-4-31B-it-assistant"),
        told.Pairing(
            target=E4B, drafters=(told.DrafterChoice(model=DRAFTER),),
            published="google/gemma-4-E4B-it-assistant",
        ),
    ),
    pairs=CATALOGUE,
)  # fmt: skip


def with_fetched(repository: str) -> told.Inventory:
    """Return a disk with this conversion of E4B and its drafter."""
    e2b, e4b, *others = CATALOGUE
    listed = next(one for one in e4b.targets if one.name == repository)
    path = f"{HUB.path}/{repository}"
    here = msgspec.structs.replace(listed, path=path, state="on this disk")
    model = msgspec.structs.replace(
        E4B, name=repository, repository=repository, place=HUB.path, owner="hub", path=path,
        precision=listed.precision, size_bytes=listed.size_bytes or 0,
    )  # fmt: skip
    targets = tuple(here if one is listed else one for one in e4b.targets)
    return told.Inventory(
        places=(placed(HUB, DRAFTER, model),),
        pairings=(told.Pairing(target=model, drafters=(told.DrafterChoice(model=DRAFTER),)),),
        pairs=(e2b, msgspec.structs.replace(e4b, targets=targets), *others),
    )


class Stage:
    """The window, what it asks its engine and `mtp-mlx models`, and the next picture."""

    def __init__(self, program: Program, engine: ScriptedWorker, tool: ScriptedTool) -> None:
        self.program = program
        self.engine = engine
        self.tool = tool
        self.taking: Callable[[], object] = lambda: None
        self.is_taken = False

    @property
    def page(self) -> ModelsPage:
        page = self.program.window.places.currentWidget()
        assert isinstance(page, ModelsPage)
        return page

    def row(self, model: told.LocalModel) -> LocalView:
        return self.page.local.views[model.path]

    def take(self) -> None:
        pump(300)
        self.taking()
        self.is_taken = True

    def over(self, act: Callable[[], object]) -> None:
        """Take the picture while `act` shows a question or a menu, which is closed then."""
        QTimer.singleShot(200, self._take_and_close)
        act()
        pump(500)

    def _take_and_close(self) -> None:
        self.take()
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, QMessageBox | QMenu) and widget.isVisible():
                widget.close()

    def scroll_to(self, widget: QWidget) -> None:
        pump(100)
        for area in self.page.findChildren(QScrollArea):
            area.ensureWidgetVisible(widget)

    def answer(self, disk: told.Inventory) -> None:
        """Answer whatever is asked about models, until nothing is asked."""
        models = {model.path: model for model in disk.models}
        while self.tool.open:
            asked = self.tool.open.pop(0)
            match asked.arguments:
                case ("list", *_):
                    asked.answer.give(disk)
                case ("fit", path, "--context", tokens, *_) if path in models:
                    asked.answer.give(fit_of(models[path], int(tokens)))
                case ("fit", path, *_) if path in models:
                    asked.answer.give(fit_of(models[path]))
                case ("fit", *_):
                    asked.answer.give(judged())
                case _:
                    asked.answer.give("")

    def look(self, disk: told.Inventory = FULL) -> None:
        """Show the page, and what lies on this disk."""
        self.program.window.places.models.show()
        self.answer(disk)

    def get(self, title: str) -> None:
        self.page.cards.views[title].button.click()

    def say_of_fetch(self, phase: str, **values: object) -> None:
        self.tool.fetches[-1].say(phase, **values)

    def fail(self, error: MtpMlxError) -> None:
        self.say_of_fetch("failed", message=error.message, remedy=error.remedy)

    def load(self, model: told.LocalModel = E4B) -> None:
        self.row(model).button.click()

    def loaded(self, pair: api.PairInfo = E4B_PAIR) -> None:
        memory = api.Memory(active=pair.target_bytes, peak=pair.target_bytes, limit=HAVE)
        self.engine.say(wire.Loaded(pair=pair, memory=memory))

    def write(self, tokens: int, *, ends: bool = True) -> None:
        """Ask something, and write so many tokens of the reply."""
        self.program.models.chat.send("How do I reverse a list?")
        request = next(c for c in reversed(self.engine.sent) if isinstance(c, wire.Generate))
        for event in rounds_of(request.id, tokens):
            self.engine.say(event)
            pump(15)
        if ends:
            self.engine.say(finished(request, tokens))


@contextmanager
def staged(theme: ThemeChoice, size: tuple[int, int]) -> Iterator[Stage]:
    """Open a window of this size in which the built-in pair is loaded."""
    tool = ScriptedTool()
    with scripted(theme, tool, BUILT_IN) as (program, engine):
        program.window.resize(*size)
        engine.say(wire.MemoryReport(active=60 * MB, peak=60 * MB, limit=HAVE))
        yield Stage(program, engine, tool)
