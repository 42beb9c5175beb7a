"""Pictures of every state of the Models page, to be looked at: in both themes, large and small.

Usage: python scripts/model_scenes.py [SCENE …] [--out build/models] [--theme light|dark]

A scripted engine and a scripted `mtp-mlx models` put the real window into each state. The catalogue
and what fits are real: as a Mac with 24 GB would see them. SCENE is a name in `SCENES`; without one
all are taken. Each picture is OUT/SCENE-THEME-WIDTH.png.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
if sys.platform.startswith("linux"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from job_scenes import JOBS, fetching
from model_stage import BUILT_IN, EMPTY, FULL, HAVE, TARGET, TIGHT, Stage, staged
from PySide6.QtWidgets import QApplication, QMenu
from window_scenes import pump, save

from app import strings
from app.domain import models as told
from app.domain.settings import PairChoice
from mtp_mlx import api, wire
from mtp_mlx.errors import DamagedModel, OutOfMemory, TooBig
from tests.app.tools import BIG, E4B, GB, MB

SIZES = ((1280, 800), (900, 600))

# The page before and after a look


def looking(stage: Stage) -> None:
    stage.program.window.places.models.show()


def empty(stage: Stage) -> None:
    stage.look(EMPTY)


def not_listed(stage: Stage) -> None:
    stage.program.window.places.models.show()
    for _ in range(2):  # at the start, and as the page is shown
        stage.tool.refuse("list", strings.TOOL_SILENT)


def models_here(stage: Stage) -> None:
    stage.look()


def sums(stage: Stage) -> None:
    """Show what fits, what is tight and what is too big, with their sums."""
    stage.look()
    for model in (E4B, TIGHT, BIG):
        stage.row(model).verdict.click()


def unusable(stage: Stage) -> None:
    stage.look()
    stage.page.unusable_toggle.click()


def places(stage: Stage) -> None:
    """Show the folders; one is on a drive that is not connected."""
    stage.look()
    stage.page.places_toggle.click()
    stage.scroll_to(stage.page.places)


# Loading


def loading(stage: Stage) -> None:
    stage.look()
    stage.load()
    stage.engine.say(wire.LoadProgress(phase="target", done=2 * GB, total=5 * GB))


def cancelled(stage: Stage) -> None:
    loading(stage)
    stage.load()  # the button says Stop
    stage.engine.say(wire.Hello(protocol=wire.PROTOCOL_VERSION, versions={}, device={}))
    stage.engine.say(wire.LoadProgress(phase="target", done=1, total=2))


def not_loaded(stage: Stage) -> None:
    """Show a pair that failed, on the page; the one before is loaded again."""
    loading(stage)
    error = DamagedModel(
        f"{TARGET}/model-00001-of-00002.safetensors ends before its last tensor.",
        "Fetch or copy that file again.",
    )
    stage.engine.say(wire.Error(code=error.code, message=error.message, remedy=error.remedy))
    pump(50)
    stage.loaded(BUILT_IN)


def not_loaded_chat(stage: Stage) -> None:
    not_loaded(stage)
    stage.program.window.places.show_chat()


def loaded(stage: Stage) -> None:
    loading(stage)
    stage.loaded()


def unloaded(stage: Stage) -> None:
    loaded(stage)
    stage.program.models.pairs.unload()
    stage.engine.say(wire.Unloaded())


def loaded_chat(stage: Stage) -> None:
    loaded(stage)
    stage.program.window.places.show_chat()


def chooser(stage: Stage) -> None:
    loaded_chat(stage)
    pump(100)
    stage.over(stage.program.window.toolbar.chooser.click)


# Questions, and what is told above the page


def row_menu(stage: Stage) -> None:
    stage.look()
    pump(100)
    stage.over(stage.row(BIG).more.click)


def other_precisions(stage: Stage) -> None:
    stage.look(EMPTY)
    pump(100)
    stage.over(stage.page.cards.views["Gemma 4 E4B"].more.click)


def anyway(stage: Stage) -> None:
    stage.look()
    stage.over(stage.row(BIG).button.click)


def removing(stage: Stage) -> None:
    stage.look()
    stage.program.models.models.ask_to_remove(stage.program.models.models.state.local[-2])
    plan = told.RemovalPlan(
        repository=BIG.name, freed_bytes=18_400 * MB, is_loaded=True, copies=("LM Studio",)
    )
    stage.over(partial(stage.tool.answer, "remove", plan))


def removed(stage: Stage) -> None:
    stage.look()
    plan = told.RemovalPlan(repository=BIG.name, freed_bytes=18_400 * MB, removed=True)
    stage.program.models.models.remove(plan)
    stage.tool.answer("remove", plan)
    stage.answer(FULL)


def dropped(stage: Stage) -> None:
    stage.look()
    stage.program.models.models.open_folder(Path(E4B.path))
    stage.tool.answer("add", "")
    stage.over(partial(stage.answer, FULL))


def dropped_photos(stage: Stage) -> None:
    stage.answer(FULL)
    stage.program.models.models.open_folder(Path("/Users/me/Pictures/Kyoto 2026"))
    stage.answer(FULL)


# Above the conversation


def welcome(stage: Stage) -> None:
    stage.answer(EMPTY)


def welcome_here(stage: Stage) -> None:
    stage.answer(FULL)


def welcome_fetching(stage: Stage) -> None:
    fetching(stage)
    stage.program.window.places.show_chat()


def pair_offered(stage: Stage) -> None:
    """Show a chat that another pair wrote."""
    loaded_chat(stage)
    stage.write(60)
    stage.program.models.pairs.load(PairChoice(target=api.DEMO_PAIR, use_drafter=True))
    stage.loaded(BUILT_IN)


def too_big(stage: Stage) -> None:
    """Show a pair that other programs have left no room for since it was judged."""
    loading(stage)
    error = TooBig(
        f"{TARGET} needs 6.7 GB here (5.1 target + 0.2 drafter + 0.2 keys and values + 0.7 a chunk "
        "of the prompt + 0.5 margin), and 5.9 GB are free for it.",
        "Close other programs, choose a smaller model or fewer bits, or load it all the same.",
    )
    stage.engine.say(wire.Error(code=error.code, message=error.message, remedy=error.remedy))
    pump(50)
    stage.loaded(BUILT_IN)


def options(stage: Stage) -> None:
    """Show a chosen context, of a pair that is loaded with another."""
    loaded(stage)
    models = stage.program.models.models
    row = next(row for row in models.state.local if row.key == E4B.path)
    assert row.options is not None
    models.choose_options(row, replace(row.options, context=32_768))
    stage.answer(FULL)


def context_menu(stage: Stage) -> None:
    stage.look()
    menu = stage.row(E4B).more.menu()
    submenus = menu.findChildren(QMenu)
    contexts = next(one for one in submenus if one.title() == strings.MODEL_CONTEXT)
    stage.over(partial(contexts.popup, stage.page.mapToGlobal(stage.page.rect().center())))


def memory_short(stage: Stage) -> None:
    """Show a pair that may need more than there is, while it writes."""
    loaded_chat(stage)
    stage.write(160, ends=False)
    active, need = round(HAVE * 0.93), round(HAVE * 1.04)
    stage.engine.say(wire.MemoryReport(active=active, peak=active, limit=HAVE, need=need))


def memory_spent(stage: Stage) -> None:
    """Show a prompt that was not read to its end."""
    loaded_chat(stage)
    stage.program.models.chat.send("Summarise the attached book.")
    request = next(c for c in reversed(stage.engine.sent) if isinstance(c, wire.Generate))
    error = OutOfMemory(
        f"The prompt was read to token 88,064 and no further: what comes next does not fit into "
        f"the {HAVE / GB:.1f} GB that this machine has for the model.",
        "Shorten the conversation, close other programs, or choose a smaller model.",
    )
    stage.engine.say(
        wire.Error(id=request.id, code=error.code, message=error.message, remedy=error.remedy)
    )


SCENES: dict[str, Callable[[Stage], None]] = {
    scene.__name__: scene
    for scene in (
        looking, empty, not_listed, models_here, sums, unusable, places,
        *JOBS,
        loading, cancelled, not_loaded, not_loaded_chat, loaded, loaded_chat, unloaded,
        chooser, too_big, options, context_menu,
        row_menu, other_precisions, anyway, removing, removed, dropped, dropped_photos,
        welcome, welcome_here, welcome_fetching, pair_offered, memory_short, memory_spent,
    )
}  # fmt: skip


def main() -> int:
    options = _options()
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    application = QApplication(["MTP MLX"])
    application.setStyle("Fusion")
    for name in options.scenes or SCENES:
        for theme in [options.theme] if options.theme else ("light", "dark"):
            for size in SIZES:
                with staged(theme, size) as stage:
                    path = out / f"{name}-{theme}-{size[0]}.png"
                    stage.taking = partial(save, stage.program.window, path)
                    SCENES[name](stage)
                    if not stage.is_taken:
                        stage.take()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help=", ".join(SCENES))
    parser.add_argument("--out", type=Path, default=Path("build/models"))
    parser.add_argument("--theme", choices=("light", "dark"))
    options = parser.parse_args()
    if unknown := set(options.scenes) - set(SCENES):
        parser.error(f"no such scene: {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    sys.exit(main())
