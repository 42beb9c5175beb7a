"""The models in words, and what can be done with them, over a scripted tool."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from PySide6.QtWidgets import QApplication

from app import strings
from app.domain.models import Conversion, FitReport, Inventory, Pairing, RemovalPlan
from app.domain.settings import PairOptions
from app.viewmodels.models.cards import cards, first_offer
from app.viewmodels.models.fetching import FetchRow, Stage
from app.viewmodels.models.models import ModelsViewModel
from app.viewmodels.models.rows import LocalRow, title_of
from app.viewmodels.models.switching import BUILT_IN
from mtp_mlx.api import Load
from mtp_mlx.wire import Loaded
from tests.app.conftest import Rig
from tests.app.helpers import HELLO, MEMORY, PAIR
from tests.app.tools import (
    BIG,
    DRAFTER,
    DRIVE,
    E4B,
    EMPTY_DISK,
    FULL_DISK,
    GB,
    HUB,
    MB,
    PAIRS,
    STUDIO,
    fit_of,
    fits_of,
    placed,
)

DEMO = Loaded(pair=replace(PAIR, target="built-in", drafter="built-in"), memory=MEMORY)


def models(rig: Rig) -> ModelsViewModel:
    return rig.program.models.models


def look(rig: Rig, disk: Inventory = FULL_DISK, fits: FitReport | None = None) -> None:
    models(rig).refresh()
    rig.tool.answer("list", disk)
    rig.tool.answer("fit", fits or fits_of())


def end_looks(rig: Rig, disk: Inventory) -> None:
    """Answer the look under way, which may have begun at the start, and the one after it."""
    while any(asked.arguments[0] == "list" for asked in rig.tool.open):
        rig.tool.answer("list", disk)


def row(rig: Rig, path: str) -> LocalRow:
    state = models(rig).state
    return next(one for one in (*state.local, *state.unusable) if one.key == path)


def choose(rig: Rig, **changed: int | None) -> None:
    """Choose how E4B is loaded, as its row's menu does."""
    shown = row(rig, E4B.path)
    assert shown.options is not None
    models(rig).choose_options(shown, replace(shown.options, **changed))  # type: ignore[arg-type]


def loads(rig: Rig) -> list[Load]:
    return [one for one in rig.engine.sent if isinstance(one, Load)]


@pytest.fixture
def said(ready: Rig) -> list[str]:
    sentences: list[str] = []
    models(ready).said.connect(sentences.append)
    return sentences


def test_what_is_here_in_words(ready: Rig) -> None:
    look(ready)
    state = models(ready).state
    assert [one.title for one in state.local] == [
        "Gemma 4 E4B 4-bit", "Gemma 4 31B 4-bit", "mlx-community/gemma-4-12B-it-4bit",
    ]  # fmt: skip
    small, big, begun = state.local
    assert small.detail == "LM Studio · 5.1 GB · drafter: 157 MB · 6.2 GB of memory"
    missing = strings.MODEL_DRAFTER_MISSING
    assert big.detail == f"Hugging Face · 18.4 GB · {missing} · 19.5 GB of memory"
    assert (small.drafter, big.drafter) == (None, "google/gemma-4-31B-it-assistant")
    assert (small.is_removable, big.is_removable, begun.is_removable) == (False, True, True)
    assert small.verdict is not None
    assert big.verdict is not None
    assert (small.verdict.words, big.verdict.words) == ("Fits", "Too big")
    assert (begun.status, begun.problem) == ("incomplete", strings.MODEL_NOT_FINISHED)
    (gguf,) = state.unusable
    assert gguf.problem == "It is in llama.cpp's format, GGUF. Get the MLX version."
    assert [place.words for place in state.places] == [
        "21.8 GB, 3 models", "10.0 GB, 2 models", "not connected",
    ]  # fmt: skip
    assert [place.is_own for place in state.places] == [False, False, True]


def test_the_sum_that_is_shown_is_the_sum_that_was_judged(ready: Rig) -> None:
    look(ready)
    verdict = row(ready, BIG.path).verdict
    assert verdict is not None
    fit = fit_of(BIG.name, BIG.size_bytes)
    assert fit.need.total == 18_400_000_000 + 1_075_000_000
    addends = ("Target 18.4 GB", "drafter 0.2 GB", "tokens 0.1 GB", "prompt 0.3 GB", "else 0.5 GB")
    words = verdict.sum.replace("\N{NO-BREAK SPACE}", " ")
    for part in (*addends, "= 19.5 GB", "of 17.2 GB", "8\u202f192 tokens"):
        assert part in words


def test_what_is_of_no_known_pair_is_judged_by_its_folder(ready: Rig) -> None:
    strange = msgspec.structs.replace(E4B, name="tiny", path="/models/tiny", title="Gemma 4")
    disk = Inventory(places=(placed(STUDIO, strange),), pairings=(Pairing(target=strange),))
    look(ready, disk)
    asked = ready.tool.answer("fit", fit_of("/models/tiny", GB))
    have = str(MEMORY.limit)  # the engine's own figure: the loaded pair gives way
    assert asked == ("fit", "/models/tiny", "--no-drafter", "--have", have, "--json")
    verdict = row(ready, "/models/tiny").verdict
    assert verdict is not None
    assert verdict.words == "Fits"


def test_after_an_act_only_what_is_new_is_judged(ready: Rig) -> None:
    look(ready)
    new = msgspec.structs.replace(E4B, name="me/tiny", path="/models/tiny")
    models(ready).add_folder(Path("/models"))
    ready.tool.answer("add", "")
    targets = (*FULL_DISK.pairings, Pairing(target=new))
    ready.tool.answer("list", msgspec.structs.replace(FULL_DISK, pairings=targets))
    assert ready.tool.answer("fit", fit_of("/models/tiny", GB))[1] == "/models/tiny"
    assert not any(one.arguments[0] == "fit" for one in ready.tool.open)
    models(ready).refresh()  # by the user: memory may be another now
    ready.tool.answer("list", FULL_DISK)
    assert ready.tool.answer("fit", fits_of())[1] == "--have"


def test_a_target_is_loaded_with_its_drafter(ready: Rig) -> None:
    look(ready)
    models(ready).load(row(ready, E4B.path))
    assert (loads(ready)[-1].target, loads(ready)[-1].drafter) == (E4B.path, DRAFTER.path)
    assert row(ready, E4B.path).status == "loading"
    ready.engine.say(Loaded(pair=replace(PAIR, target="gemma-4-e4b-it-4bit"), memory=MEMORY))
    assert row(ready, E4B.path).status == "loaded"
    assert row(ready, BIG.path).status == "usable"


def test_how_a_pair_is_loaded_is_chosen_judged_and_kept(ready: Rig) -> None:
    look(ready)
    before = row(ready, E4B.path)
    assert before.options is not None
    assert before.options.can_pack
    choose(ready, context=32_768)
    asked = ready.tool.answer(
        "fit", msgspec.structs.replace(fit_of(E4B.path, 6 * GB), context=32_768)
    )
    exactly = ("--drafter", DRAFTER.path, "--context", "32768")
    assert asked == ("fit", E4B.path, *exactly, "--have", str(MEMORY.limit), "--json")
    choose(ready, drafter_bits=4)
    fit = msgspec.structs.replace(fit_of(E4B.path, 6 * GB), context=32_768, longest_context=131_072)
    asked = ready.tool.answer("fit", fit)
    assert asked[2:8] == (*exactly, "--drafter-bits", "4")
    shown = row(ready, E4B.path)
    assert shown.detail == (
        "LM Studio · 5.1 GB · drafter: 157 MB, its head in 4 bits · context: 32\u2009768 tokens"
        " · 7.1 GB of memory"
    )
    assert shown.verdict is not None
    assert "for 32\u202f768 tokens" in shown.verdict.sum
    assert shown.options is not None
    assert shown.options.contexts == (4096, 8192, 16_384, 32_768, 65_536)
    models(ready).load(shown)
    load = loads(ready)[-1]
    assert (load.target, load.context, load.drafter_bits) == (E4B.path, 32_768, 4)
    ready.engine.say(Loaded(pair=replace(PAIR, target="e4b"), memory=MEMORY))
    assert row(ready, E4B.path).status == "loaded"
    choose(ready, context=None)
    assert row(ready, E4B.path).status == "changed"  # until it is loaded again
    loaded = ready.program.models.pairs.loaded
    assert loaded is not None
    assert loaded.context == 32_768
    kept = ready.program.settings.current.pair_options
    assert kept[0] == PairOptions(target=E4B.path, drafter_bits=4)
    models(ready).load(row(ready, E4B.path))
    assert loads(ready)[-1].context is None


def test_what_the_catalogue_was_judged_with_and_is_not_here_is_judged_again(ready: Rig) -> None:
    """The sum that is shown is the one that a load judges."""
    fits = fits_of()
    first, *rest = fits.pairs
    named = tuple(msgspec.structs.replace(fit, drafter=DRAFTER.name) for fit in first.targets)
    fits = msgspec.structs.replace(
        fits, pairs=(msgspec.structs.replace(first, targets=named), *rest)
    )
    look(ready, fits=fits)
    asked = ready.tool.answer("fit", fit_of(BIG.path, BIG.size_bytes))
    assert asked[1:3] == (BIG.path, "--no-drafter")
    assert not any(one.arguments[0] == "fit" for one in ready.tool.open)  # E4B has that drafter


def test_a_verdict_of_what_is_chosen_no_more_is_not_shown(ready: Rig) -> None:
    look(ready)
    choose(ready, context=65_536)
    choose(ready, context=4096)
    first = msgspec.structs.replace(fit_of(E4B.path, 6 * GB), context=65_536)
    ready.tool.answer("fit", first)
    verdict = row(ready, E4B.path).verdict
    assert verdict is not None
    assert "65" not in verdict.sum.split("tokens")[0]


def test_what_is_too_big_is_asked_about_first(ready: Rig) -> None:
    look(ready)
    asked: list[str] = []
    models(ready).asked_to_load.disconnect()
    models(ready).asked_to_load.connect(lambda choice, words: asked.extend((choice, words)))
    before = len(loads(ready))
    models(ready).load(row(ready, BIG.path))
    assert len(loads(ready)) == before
    choice, words = asked
    assert "19.5\N{NO-BREAK SPACE}GB" in words
    models(ready).load_choice(choice)  # type: ignore[arg-type]
    last = loads(ready)[-1]
    assert (last.target, last.use_drafter, last.anyway) == (BIG.path, False, True)


def test_a_pair_loaded_anyway_is_remembered_once(ready: Rig) -> None:
    pairs = ready.program.models.pairs
    choice = msgspec.structs.replace(BUILT_IN, target=BIG.path)
    for anyway in (False, True):
        pairs.load(msgspec.structs.replace(choice, anyway=anyway))
        ready.engine.say(Loaded(pair=replace(PAIR, target="31b"), memory=MEMORY))
    kept = [one for one in ready.program.settings.current.pairs if one.target == BIG.path]
    assert [one.anyway for one in kept] == [True]


def test_a_list_that_does_not_come_is_told_and_the_last_one_stays(ready: Rig) -> None:
    look(ready)
    models(ready).refresh()
    ready.tool.refuse("list", "A drive sleeps.")
    state = models(ready).state
    assert state.trouble == strings.MODELS_NOT_LISTED.format(reason="A drive sleeps.")
    assert len(state.local) == 3
    look(ready)
    assert models(ready).state.trouble == ""


def test_a_look_during_a_look_is_followed_by_another(ready: Rig) -> None:
    models(ready).refresh()
    models(ready).refresh()
    models(ready).refresh()
    ready.tool.answer("list", EMPTY_DISK)
    ready.tool.answer("list", FULL_DISK)
    assert not any(one.arguments[0] == "list" for one in ready.tool.open)
    assert len(models(ready).state.local) == 3


def test_the_conversion_that_suits_is_marked_with_its_reason() -> None:
    shown = list(cards(EMPTY_DISK, fits_of(), [], {}))
    assert [card.title for card in shown] == [pair.title for pair in PAIRS]
    e4b, big = shown[1], shown[4]
    assert e4b.marked.words == "8-bit · 9.0 GB with its drafter · 10.0 GB of memory"
    assert e4b.marked.reason.startswith("It is the most precise")
    assert [row.reason for row in e4b.others] == ["", ""]
    assert big.marked.words.startswith("4-bit")  # none suits: the smallest
    assert big.marked.reason == "None fits: the smallest needs too much."
    unknown = list(cards(EMPTY_DISK, FitReport(), [e4b.marked.repository], {}))
    assert (unknown[1].marked.words, unknown[1].marked.verdict) == (
        "4-bit · 5.3 GB with its drafter", None,
    )  # fmt: skip
    assert [row.got for row in unknown[1].others] == ["fetching", "absent"]


@pytest.mark.parametrize(
    ("target", "drafter", "words", "size"),
    [
        ({}, {}, "5.3 GB with its drafter", 5_300),
        ({}, {"missing_bytes": 0}, "5.1 GB, its drafter is here", 5_143),
        ({"missing_bytes": 2_000 * MB}, {}, "2.2 GB with its drafter", 2_157),
        ({"drafter": "o/qat"}, {}, "the Hub tells the size", None),
        ({"size_bytes": None}, {}, "the Hub tells the size", None),
    ],
)
def test_what_is_missing_is_what_a_download_takes(
    target: dict[str, object], drafter: dict[str, object], words: str, size: int | None
) -> None:
    replaced = msgspec.structs.replace
    e4b = PAIRS[1]
    known = replaced(
        e4b,
        targets=(replaced(e4b.targets[0], **target),),
        drafters=(
            replaced(e4b.drafters[0], **drafter),
            Conversion(name="o/qat", repository="o/qat"),
        ),
    )
    (card,) = cards(replaced(EMPTY_DISK, pairs=(known,)), FitReport(), [], {})
    assert card.marked.words == f"4-bit · {words}"
    assert card.marked.size == (None if size is None else size * MB)


def test_getting_a_pair_and_the_offer_to_load_it(ready: Rig) -> None:
    look(ready, EMPTY_DISK)
    card = models(ready).state.cards[1]
    models(ready).get(card.marked)
    (run,) = ready.tool.fetches
    assert run.repository == card.marked.repository
    assert models(ready).state.cards[1].marked.got == "fetching"
    run.say("fetching", done=1 * GB, total=9 * GB, rate=10**7)
    assert models(ready).state.fetches[0].share == 1 / 9
    run.say("done")
    whole = msgspec.structs.replace(E4B, owner="hub", repository=run.repository, place=HUB.path)
    disk = Inventory(places=(placed(HUB, whole),), pairings=(Pairing(target=whole),), pairs=PAIRS)
    end_looks(ready, disk)
    offer = ready.program.models.undo.current
    assert offer is not None
    assert offer.text == "Gemma 4 E4B 4-bit is on this disk"
    ready.program.models.undo.accept()
    assert loads(ready)[-1].target == whole.path


def test_a_download_of_another_program_is_finished_and_a_drafter_got(ready: Rig) -> None:
    look(ready)
    begun = models(ready).state.local[2]
    models(ready).finish(begun)
    models(ready).get_drafter(row(ready, BIG.path))
    assert [one.wanted.repository for one in models(ready).fetching.all] == [
        "mlx-community/gemma-4-12B-it-4bit", "google/gemma-4-31B-it-assistant",
    ]  # fmt: skip
    assert begun not in models(ready).state.local  # it is among the downloads


def test_removing_names_the_bytes_and_asks(ready: Rig, said: list[str]) -> None:
    look(ready)
    asked: list[object] = []
    models(ready).asked_to_remove.disconnect()
    models(ready).asked_to_remove.connect(lambda plan, words: asked.extend((plan, words)))
    models(ready).ask_to_remove(row(ready, BIG.path))
    plan = RemovalPlan(
        repository=BIG.name, freed_bytes=18_400_000_000, is_loaded=True, readers=("python",),
        copies=("/a",),
    )  # fmt: skip
    assert ready.tool.answer("remove", plan) == ("remove", BIG.name, "--json")
    assert asked[0] == plan
    words = str(asked[1])
    assert words.startswith(f"Remove {BIG.name}? That frees 18.4 GB.")
    assert strings.MODEL_REMOVE_LOADED in words
    assert "python" in words
    assert "/a" in words
    models(ready).remove(plan)
    assert ready.tool.answer("remove", plan) == ("remove", BIG.name, "--yes", "--json")
    assert said == [f"{BIG.name} is removed: 18.4 GB are free again"]
    models(ready).ask_to_remove(row(ready, E4B.path))
    ready.tool.refuse("remove", "It belongs to LM Studio.")
    assert said[-1] == "It belongs to LM Studio."


def test_folders_are_added_and_forgotten(ready: Rig, said: list[str]) -> None:
    models(ready).add_folder(Path("/a"))
    assert ready.tool.answer("add", "") == ("add", "/a")
    ready.tool.answer("list", FULL_DISK)
    models(ready).forget_folder(DRIVE.path)
    assert ready.tool.answer("forget", "") == ("forget", DRIVE.path)
    ready.tool.answer("list", EMPTY_DISK)
    models(ready).add_folder(Path("/gone"))
    ready.tool.refuse("add", "There is no folder '/gone' here.")
    assert said == ["There is no folder '/gone' here."]


def test_a_look_that_began_before_a_drop_says_nothing_of_it(
    ready: Rig, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its list lacks the folder: that would pass for a folder without a model, and be forgotten."""
    monkeypatch.setattr("app.views.models.offers.agrees", lambda *_: False)
    models(ready).refresh()
    models(ready).drop([tmp_path])
    ready.settle()
    ready.tool.answer("add", "")
    own = msgspec.structs.replace(DRIVE, path=str(tmp_path), state="connected")
    target = msgspec.structs.replace(E4B, path=str(tmp_path / "x"), place=str(tmp_path))
    asked: list[object] = []
    models(ready).asked_to_load.connect(lambda choice, _: asked.append(choice.target))
    ready.tool.answer("list", FULL_DISK)
    assert (said, asked) == ([], [])
    ready.tool.answer("list", Inventory(places=(placed(own, target),)))
    assert (said, asked) == ([], [target.path])


def test_a_dropped_folder_of_too_many_folders_is_not_called_empty(
    ready: Rig, said: list[str], tmp_path: Path
) -> None:
    models(ready).drop([tmp_path])
    ready.settle()
    ready.tool.answer("add", "")
    own = msgspec.structs.replace(DRIVE, path=str(tmp_path), state="connected", is_partial=True)
    end_looks(ready, Inventory(places=(own,)))
    reason = strings.DROP_TOO_MUCH
    assert said == [strings.DROP_NO_MODEL.format(name=tmp_path.name, reason=reason)]


@pytest.mark.parametrize("known", [False, True])
def test_a_dropped_folder_of_unusable_files_says_why(
    ready: Rig, said: list[str], tmp_path: Path, *, known: bool
) -> None:
    gguf = msgspec.structs.replace(
        FULL_DISK.places[1].models[1], path=str(tmp_path), place=str(tmp_path), owner="own"
    )
    own = msgspec.structs.replace(DRIVE, path=str(tmp_path), state="connected")
    if known:
        look(ready, Inventory(places=(own,)))
    models(ready).drop([tmp_path])
    ready.settle()
    ready.tool.answer("add", "")
    end_looks(ready, Inventory(places=(placed(own, gguf),)))
    reason = "It is in llama.cpp's format, GGUF. Get the MLX version."
    assert said == [strings.DROP_NO_MODEL.format(name=tmp_path.name, reason=reason)]
    forgets = [asked for asked in ready.tool.asked if asked[0] == "forget"]
    assert forgets == ([] if known else [("forget", str(tmp_path))])


def test_files_that_are_dropped_are_for_the_message(ready: Rig, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("Read me.")
    models(ready).drop([notes])
    ready.settle()
    QApplication.processEvents()
    ready.settle()
    attached = ready.program.models.composing.attachments.values()
    assert [one.name for one in attached] == ["notes.txt"]
    assert not any(asked[0] == "add" for asked in ready.tool.asked)


def test_the_first_page_offers_what_is_here_before_what_there_is(rig: Rig) -> None:
    rig.say(HELLO, DEMO)
    assert models(rig).first_offer is None  # nothing is known yet
    assert rig.tool.asked == [("list", "--json")]
    rig.tool.answer("list", EMPTY_DISK)
    offer = models(rig).first_offer
    assert offer is not None
    assert offer.text == strings.WELCOME_MODELS
    rig.tool.answer("fit", fits_of())
    offer = models(rig).first_offer
    assert offer is not None
    assert "Gemma 4 E4B 8-bit fits" in offer.text
    assert "9.0 GB" in offer.text
    look(rig)
    offer = models(rig).first_offer
    assert offer is not None
    assert offer.row is not None
    assert offer.row.key == E4B.path
    assert "LM Studio" in offer.text
    models(rig).load(offer.row)
    assert models(rig).first_offer is None  # a real one is on its way


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ("running", "A is on its way: half"),
        ("queued", "A is on its way: half"),
        ("paused", "A is not downloaded yet. half"),
        ("failed", "A is not downloaded yet. half"),
        ("offered", None),  # another line offers it
    ],
)
def test_the_first_page_tells_of_a_download(ready: Rig, stage: Stage, words: str | None) -> None:
    look(ready)
    fetch = FetchRow(repository="a/a", title="A", words="half", share=0.5, stage=stage)
    offer = first_offer(replace(models(ready).state, fetches=(fetch,)))
    assert (offer and offer.text) == words


def test_a_first_page_without_much_memory(ready: Rig) -> None:
    look(ready, EMPTY_DISK)
    state = models(ready).state
    small = replace(state.cards[0].marked, size=3 * GB)
    tight = replace(small, verdict=replace(small.verdict, tone="warning", words="Tight"))  # type: ignore[type-var]
    shown = replace(state, cards=(replace(state.cards[0], marked=tight),))
    offer = first_offer(shown)
    assert offer is not None
    assert "only just fits" in offer.text


def test_models_of_one_title_have_their_names_too(ready: Rig) -> None:
    other = msgspec.structs.replace(E4B, name="me/copy", path="/models/copy")
    disk = Inventory(
        places=(placed(STUDIO, E4B, other),),
        pairings=(Pairing(target=E4B), Pairing(target=other)),
        pairs=PAIRS,
    )
    look(ready, disk)
    assert [one.title for one in models(ready).state.local] == [
        "Gemma 4 E4B 4-bit · gemma-4-e4b-it-4bit", "Gemma 4 E4B 4-bit · copy",
    ]  # fmt: skip
    strange = msgspec.structs.replace(E4B, title="Gemma 4", name="me/tiny")
    look(ready, Inventory(places=(placed(STUDIO, strange),), pairs=PAIRS))
    assert models(ready).state.local[0].title == "Gemma 4 4-bit · tiny"
    assert title_of(DRAFTER) == "Drafter of Gemma 4 E4B bf16"
