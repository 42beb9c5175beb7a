"""Scenes of the work that the Models page shows: downloads, and sizes that are tried."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from model_stage import EMPTY, HAVE, Stage, with_fetched

from app.domain import models as told
from app.viewmodels.models.trying import Size, TrialOrder
from mtp_mlx.errors import GatedModel, NotFetched
from mtp_mlx.hub.connection import KEPT
from mtp_mlx.hub.listing import disk_full
from tests.app.tools import GB, HUB, MB

SIZE = Size(pair="E4B", bits=8, title="Gemma 4 E4B 8-bit")
ESTIMATE = told.TrialEstimate(
    verdict="fits", need=told.Need(target=8_880 * MB, margin=500 * MB), have=HAVE, context=1024,
    max_tokens=96, seconds=170.0,
    reported=told.Reported(pair="E4B", chance=0.72, source="Google's model card, 2026"),
)  # fmt: skip


def listing(stage: Stage) -> None:
    stage.look(EMPTY)
    stage.get("Gemma 4 E4B")


def fetching(stage: Stage) -> None:
    """Show one on its way, one paused, one in the queue."""
    stage.look(EMPTY)
    stage.get("Gemma 4 E2B")
    stage.say_of_fetch("fetching", done=1_200 * MB, total=6_100 * MB, rate=21 * MB)
    stage.page.fetches.views["mlx-community/gemma-4-e2b-it-8bit"].button.click()
    stage.get("Gemma 4 E4B")
    stage.get("Gemma 4 12B")
    stage.say_of_fetch("fetching", done=3 * GB, total=9 * GB, rate=24 * MB)


def slow(stage: Stage) -> None:
    """Show a slow line, of which the first seconds have no rate."""
    stage.look(EMPTY)
    stage.get("Gemma 4 E4B")
    stage.say_of_fetch("fetching", done=3 * MB, total=9 * GB, rate=64_000)


def waiting(stage: Stage) -> None:
    stage.look(EMPTY)
    stage.get("Gemma 4 E4B")
    stage.say_of_fetch("fetching", done=3 * GB, total=9 * GB, rate=24 * MB)
    reason = "the Hub cannot be reached (Network is unreachable)"
    stage.say_of_fetch("fetching", done=3 * GB, total=9 * GB, waiting_s=8.0, reason=reason)


def checking(stage: Stage) -> None:
    stage.look(EMPTY)
    stage.get("Gemma 4 E4B")
    stage.say_of_fetch("fetching", done=3 * GB, total=9 * GB, rate=24 * MB)
    stage.say_of_fetch("verifying", file="model-00001-of-00002.safetensors", done=1, total=5)


def not_fetched(stage: Stage) -> None:
    """Show a Mac that is offline, terms to accept, and a full disk."""
    stage.look(EMPTY)
    for title in ("Gemma 4 E2B", "Gemma 4 E4B", "Gemma 4 12B"):
        stage.get(title)
    offline = "mlx-community/gemma-4-e2b-it-8bit could not be fetched: the Hub cannot be reached"
    stage.fail(NotFetched(f"{offline} (nodename nor servname provided, or not known).", KEPT))
    gated = "google asks readers of google/gemma-4-E4B-it-assistant to accept its terms first."
    accept = "Accept them at https://huggingface.co/google/gemma-4-E4B-it-assistant, then sign in"
    stage.fail(GatedModel(gated, f"{accept} with `hf auth login`."))
    stage.fail(disk_full(Path(HUB.path), 3_100 * MB, 13_559 * MB))


def fetched(stage: Stage) -> None:
    """Show that a download is done; the line below leads on to loading."""
    stage.look(EMPTY)
    stage.get("Gemma 4 E4B")
    repository = stage.tool.fetches[-1].repository
    stage.say_of_fetch("done")
    stage.answer(with_fetched(repository))


def fetch_offered(stage: Stage) -> None:
    """Show the offer to go on with what another session wanted."""
    stage.answer(EMPTY)
    repository = "mlx-community/gemma-4-e4b-it-8bit"
    wanted = told.Wanted(
        repository=repository, title="Gemma 4 E4B 8-bit", done=3 * GB, total=9 * GB
    )
    stage.program.store.write(lambda folder: folder.fetches.put(wanted), stage.program.store, "f")
    stage.program.store.wait(5)
    stage.program.models.models.fetching.read()
    stage.program.store.wait(5)


def asked_to_try(stage: Stage) -> None:
    stage.look(EMPTY)
    stage.program.models.models.work.trying.ask(SIZE)
    stage.over(partial(stage.tool.answer, "bench", ESTIMATE))


def trying(stage: Stage) -> None:
    stage.look(EMPTY)
    stage.program.models.models.work.trying.begin(TrialOrder(size=SIZE, estimate=ESTIMATE))
    stage.program.files.wait(5)
    stage.tool.trials[-1].say("measuring", done=3, total=12, left_s=130.0)


def tried(stage: Stage) -> None:
    trying(stage)
    speeds = (("off", 17.4), ("auto", 31.2))
    stage.tool.trials[-1].say(
        "done", created="2026-11-29T20:00:00Z", machine="a MacBook Air M3",
        summary=tuple(told.TrialSpeed(mode=mode, decode_tps=tps) for mode, tps in speeds),
    )  # fmt: skip


JOBS = (
    listing, fetching, slow, waiting, checking, not_fetched, fetched, fetch_offered,
    asked_to_try, trying, tried,
)  # fmt: skip
