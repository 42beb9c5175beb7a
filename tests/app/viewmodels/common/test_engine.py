from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app import strings
from app.engine.state import STARTING, Dead, Loading, Ready, State, Unloaded
from app.engine.ticket import Failure
from app.engine.worker import Death
from app.viewmodels.common.engine import Banner, Status, obstacle, pair_name, status
from mtp_mlx.api import Load, Memory
from mtp_mlx.wire import Error, Loaded, LoadProgress
from tests.app.conftest import Rig
from tests.app.helpers import HELLO, LOADED, PAIR


def test_every_state_has_words() -> None:
    assert status(Loading(phase=STARTING)) == Status(text="Starting the engine…", progress=-1)
    assert status(Loading()) == Status(text="Loading the model…", progress=-1)
    loading = status(Loading(phase="target", done=1_050_000_000, total=4_200_000_000))
    assert loading == Status(text="Loading: target, 1.1 GB of 4.2 GB", progress=0.25)
    fetching = Loading(phase="fetching", done=42_000_000, total=4_200_000_000)
    assert status(fetching) == Status(text="Fetching the model: 42 MB of 4.2 GB", progress=0.01)
    waiting = status(Loading(phase="fetching", waits="the network is down."))
    assert waiting.text == "Fetching the model… (the network is down)"
    warm_up = Status(text="Loading: warm-up", progress=-1)
    assert status(Loading(phase="warm-up")) == warm_up
    assert status(Ready(pair=PAIR)) == Status(text="Demo + MTP", detail="float32")
    failure = Failure(message="m", remedy="r")
    assert status(Dead(failure=failure, restarting=True)).progress == -1
    assert status(Dead(failure=failure)).progress is None
    assert status(Unloaded(failure=failure)) == Status(text="No model loaded")


def test_every_state_but_an_idle_one_is_an_obstacle() -> None:
    failure = Failure(message="m", remedy="r")
    states: tuple[State, ...] = (
        Unloaded(),
        Loading(phase=STARTING),
        Loading(),
        Ready(pair=PAIR, busy="reply"),
        Ready(pair=PAIR, busy="comparison"),
        Ready(pair=PAIR, busy="benchmark"),
        Dead(failure=failure),
    )
    assert obstacle(Ready(pair=PAIR)) == ""
    texts = [obstacle(state) for state in states]
    assert all(texts)
    assert len(set(texts)) == len(texts)
    restarting = Dead(failure=failure, restarting=True)
    assert obstacle(restarting) == obstacle(Loading(phase=STARTING))


def test_a_pair_that_cannot_be_loaded_is_told_until_another_one_is(rig: Rig) -> None:
    engine = rig.program.models.engine
    rig.say(HELLO, Error(code="damaged", message="A file is cut short.", remedy="Fetch it again."))
    assert engine.banner is not None
    assert engine.banner.message == "A file is cut short. Fetch it again."
    assert engine.banner.can_restart
    assert rig.program.models.mtp.effect.text == "off: no model is loaded"
    rig.program.engine.load(Load(target="another"))
    assert engine.banner is None


def test_what_ended_a_reply_is_told(ready: Rig) -> None:
    ready.program.models.chat.send("Hello")
    error = Error(code="usage", message="No.", remedy="Else.", id=ready.request().id)
    ready.say(error)
    assert ready.program.models.engine.banner == Banner(message="No. Else.")


def test_pair_names() -> None:
    assert pair_name(replace(PAIR, drafter=None)) == "Demo"
    assert pair_name(replace(PAIR, target="built-in")) == "Built-in demo pair + MTP"


def test_what_of_a_model_is_not_used_is_said_once(rig: Rig) -> None:
    """Below everything graver, until it is dismissed or another model is loaded."""
    engine = rig.program.models.engine

    def shown() -> Banner | None:
        return engine.banner

    def load(pair: Loaded) -> None:
        rig.program.engine.load(Load(target="another"))
        rig.say(pair)

    notes = ("Left out of a: <b>x</b>.", "generation_config.json asks for num_beams.")
    noted = Loaded(pair=replace(PAIR, notes=notes), memory=LOADED.memory)
    rig.say(HELLO, noted)
    about = Banner(message=" ".join(notes), about="model")
    assert shown() == about
    assert rig.program.window.banner.text.textFormat() == Qt.TextFormat.PlainText
    engine.say("Something else.")
    assert shown() == Banner(message="Something else.")
    engine.dismiss()
    assert shown() == about
    engine.dismiss()
    load(noted)
    assert shown() is None
    load(LOADED)
    load(noted)
    assert shown() == about
    load(LOADED)
    assert shown() is None


def test_trouble_has_a_banner_and_a_restart_ends_it(ready: Rig) -> None:
    engine = ready.program.models.engine
    said: list[Banner | None] = []
    engine.banner_changed.connect(said.append)
    for _ in range(3):
        ready.engine.say(Death(reason="crashed (signal 11)"))
    banner = said[-1]
    assert banner is not None
    assert banner.can_restart
    assert "crashed (signal 11)" in banner.message
    engine.dismiss()
    assert said[-1] == banner
    engine.restart()
    assert said.pop() is None
    assert ready.engine.starts == 2


def test_a_single_death_is_said_and_can_be_dismissed(qtbot: QtBot, ready: Rig) -> None:
    engine = ready.program.models.engine
    ready.engine.say(Death(reason="crashed (signal 11)"))
    assert engine.banner is not None
    assert engine.banner.message == "The engine crashed (signal 11). Starting it again…"
    with qtbot.waitSignal(engine.banner_changed) as changed:
        engine.dismiss()
    assert changed.args == [None]


def test_a_death_is_told_plainly_once_it_runs_again(qtbot: QtBot, ready: Rig) -> None:
    engine = ready.program.models.engine
    ready.engine.say(Death(reason="crashed (signal 11)"))
    qtbot.waitUntil(lambda: ready.engine.starts == 2)
    ready.ready()
    assert engine.banner == Banner(message="The engine crashed (signal 11).")


def test_a_restart_that_was_asked_for_leaves_no_banner(qtbot: QtBot, ready: Rig) -> None:
    engine = ready.program.models.engine
    engine.restart()
    assert engine.banner is not None
    qtbot.waitUntil(lambda: ready.engine.starts == 2)
    ready.ready()
    assert engine.banner is None


def test_the_end_of_a_silence_clears_only_its_own_banner(ready: Rig) -> None:
    engine = ready.program.models.engine
    engine.say("Chats could not be saved.")
    engine.show_silence(0)
    assert engine.banner == Banner(message="Chats could not be saved.")


def test_what_cannot_be_read_is_said(ready: Rig) -> None:
    ready.engine.noise.emit("not an event")
    banner = ready.program.models.engine.banner
    assert banner is not None
    assert banner.can_restart
    assert "could not read" in banner.message


def test_errors_and_notices_are_said(ready: Rig) -> None:
    engine = ready.program.models.engine
    ready.say(Error(code="usage", message="No such K.", remedy="Choose 0 to 8."))
    assert engine.banner is not None
    assert engine.banner.message == "No such K. Choose 0 to 8."
    engine.say("Chats could not be saved.")
    assert engine.banner.message == "Chats could not be saved."


def test_silence_offers_a_restart(ready: Rig) -> None:
    engine = ready.program.models.engine
    engine.show_silence(21.4)
    assert engine.banner is not None
    assert engine.banner.can_restart
    assert "21 s" in engine.banner.message
    engine.show_silence(0)
    assert engine.banner is None


GB = 10**9
ENOUGH = Memory(active=1, peak=1, limit=10 * GB, need=6 * GB, pressure="normal")


def told(rig: Rig, **changed: object) -> str:
    """What the banner says once the engine has told this memory."""
    rig.program.engine.memory_changed.emit(replace(ENOUGH, **changed))  # type: ignore[arg-type]
    banner = rig.program.models.engine.banner
    return "" if banner is None else banner.message


def test_a_shortage_of_memory_is_told_once_and_taken_back(ready: Rig) -> None:
    assert told(ready) == ""
    short = told(ready, limit=5 * GB)
    assert short == strings.MEMORY_SHORT.format(need="6.0 GB", limit="5.0 GB")
    assert told(ready, limit=4 * GB) == short  # the sentence does not flicker
    assert told(ready, limit=6 * GB + 1) == short  # nor go at the edge
    assert told(ready) == ""
    assert told(ready, pressure="warning") == strings.MEMORY_WARNING
    assert told(ready, pressure="critical", limit=5 * GB) == strings.MEMORY_CRITICAL
    ready.program.models.engine.dismiss()
    assert told(ready, pressure="critical") == ""  # it was seen
    assert told(ready) == ""
    assert told(ready, pressure="critical") == strings.MEMORY_CRITICAL
    ready.program.engine.memory_changed.emit(None)
    assert ready.program.models.engine.banner is None


def test_what_was_loaded_all_the_same_needs_no_warning(ready: Rig) -> None:
    assert told(ready, need=None, limit=1) == ""


def test_a_note_on_a_load_is_told(ready: Rig) -> None:
    note = "Another MTP MLX has loaded it too: this second copy takes 4.2 GB more."
    ready.program.engine.load(Load(target="/models/other"))
    ready.engine.say(LoadProgress(phase="checking", note=note))
    ready.engine.say(LOADED)
    banner = ready.program.models.engine.banner
    assert banner is not None
    assert banner.message == note
