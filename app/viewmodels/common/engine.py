"""The engine's state in words: the status, a banner in trouble, and why nothing can be sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from PySide6.QtCore import QObject, Signal

from app import strings
from app.engine.engine import Engine
from app.engine.state import STARTING, Dead, Loading, Ready, State, Unloaded
from app.engine.ticket import Failure, Purpose
from app.viewmodels.common import format as fmt
from mtp_mlx.api import Memory, PairInfo

_FETCHING = "fetching"  # the phase of a load that brings its model first
_AGAIN = 0.97  # of the memory that is here, below which the need of a pair must fall to be enough
_BUILT_IN = "built-in"  # the engine's name for the pair that ships with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The toolbar's text. `progress` is a share from 0 to 1, -1 for unknown; None: no bar."""

    text: str
    detail: str = ""
    progress: float | None = None


Subject = Literal[
    "model", "notice", "memory", "unreadable", "silence", "restart", "kept", "failure", "unwritten",
    "closed",
]  # fmt: skip
_RANKS: tuple[Subject, ...] = get_args(Subject)  # the last one is the gravest
_MOST_BANNERS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    message: str
    about: Subject = "notice"
    can_restart: bool = False
    can_dismiss: bool = True


class EngineViewModel(QObject):
    """The gravest of several banners is shown; once it is gone, the next is."""

    status_changed = Signal(object)  # Status
    banner_changed = Signal(object)  # Banner, or None where none is shown
    dismissed = Signal(object)  # Banner: the user has seen it

    def __init__(self, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self.status = status(engine.state)
        self.banner: Banner | None = None
        self._banners: list[Banner] = []  # the newest last
        self._death: Failure | None = None  # the last death that the user did not ask for
        self._chat = ""  # the open one
        self._notes: tuple[str, ...] = ()  # of the pair that was loaded last
        self._of_chats: dict[str, str] = {}  # why the last reply of a chat could not be written
        engine.state_changed.connect(self._on_state)
        self._shortage = ""
        engine.memory_changed.connect(self._on_memory)
        engine.noted.connect(self._on_note)
        engine.troubled.connect(lambda failure: self.say(failure.text))

    @property
    def pair(self) -> PairInfo | None:
        return loaded_pair(self._engine.state)

    def restart(self) -> None:
        self._engine.restart()

    def say(self, message: str, about: Subject = "notice") -> None:
        """Show a notice that can be dismissed."""
        self._put(Banner(message=message, about=about))

    def take_back(self, about: Subject) -> None:
        """Remove what is true no longer."""
        self._banners = [one for one in self._banners if one.about != about]
        self._show()

    def say_of_chat(self, chat_id: str, message: str) -> None:
        """Why a reply could not be written; it is shown while its chat is open."""
        self._of_chats[chat_id] = message
        self.open_chat(self._chat)

    def open_chat(self, chat_id: str) -> None:
        """Show what is to be said of this chat, in place of what was said of another."""
        self._chat = chat_id
        shown = set(self._of_chats.values())
        self._banners = [one for one in self._banners if one.message not in shown]
        message = self._of_chats.get(chat_id)
        if message is not None:
            self.say(message)
        else:
            self._show()

    def forget_chat(self, chat_id: str) -> None:
        """Something is asked in it again."""
        if chat_id in self._of_chats:
            message = self._of_chats.pop(chat_id)
            self._banners = [one for one in self._banners if one.message != message]
        self.open_chat(self._chat)

    def show_unwritten(self, error: Exception) -> None:
        """Show that the disk refuses to save, until `show_written`."""
        self.say(strings.NOT_SAVED.format(reason=error), "unwritten")

    def show_written(self) -> None:
        self.take_back("unwritten")

    def show_silence(self, seconds: float) -> None:
        """Show for how long the worker has not answered, and offer a restart; 0: it answers again.

        Only the user knows whether it hangs or is busy.
        """
        if seconds:
            message = strings.ENGINE_SILENT.format(seconds=round(seconds))
            message = f"{message} {strings.SILENT_REMEDY}"
            self._put(Banner(message=message, about="silence", can_restart=True))
        else:
            self.take_back("silence")

    def show_garbled(self, _detail: str) -> None:
        """Show that a line of the worker was lost: it may have been the end of a reply."""
        self._put(Banner(message=strings.ENGINE_GARBLED, can_restart=True))

    def dismiss(self) -> None:
        if self.banner is not None and self.banner.can_dismiss:
            seen = self.banner
            if seen.message == self._of_chats.get(self._chat):
                del self._of_chats[self._chat]
            self._banners.remove(seen)
            self._show()
            self.dismissed.emit(seen)

    def _on_state(self, state: State) -> None:
        self.status = status(state)
        self.status_changed.emit(self.status)
        match state:
            case Dead(failure=failure, restarting=True):
                self._put(Banner(message=failure.text, about="restart"))
                self._death = None if state.by_user else failure
            case Dead(failure=failure) | Unloaded(failure=Failure() as failure):
                self.take_back("restart")
                self._put(
                    Banner(
                        message=failure.text, about="failure", can_restart=True, can_dismiss=False
                    )
                )
            case Ready() | Unloaded() if any(one.about == "restart" for one in self._banners):
                self.take_back("restart")
                if self._death is not None and not self._tells(self._death):
                    self.say(self._death.message)  # it stays told until it is dismissed
            case Loading():
                self._banners = [one for one in self._banners if not one.can_restart]
                self._show()
            case _:
                pass
        if isinstance(state, Ready):
            self._tell_notes(state.pair.notes)

    def _tells(self, failure: Failure) -> bool:
        """Return whether a notice quotes this failure, as one of a pair that was not loaded."""
        words = failure.message.rstrip(".")
        return any(words in one.message for one in self._banners)

    def _on_note(self, note: str) -> None:
        self.say(note)

    def _on_memory(self, memory: Memory | None) -> None:
        """Say once that memory gets short; what was dismissed comes back with the next shortage."""
        now = _shortage(memory)
        if not now and memory is not None and (memory.need or 0) > _AGAIN * memory.limit:
            return  # neither short nor enough again
        if now != self._shortage:
            self._shortage = now
            self.take_back("memory")
            if memory is not None and now:
                need, limit = fmt.memory(memory.need or 0), fmt.memory(memory.limit)
                self.say(now.format(need=need, limit=limit), "memory")

    def _tell_notes(self, notes: tuple[str, ...]) -> None:
        """Say once which of the model's files are not used; a restart does not repeat it."""
        if notes == self._notes:
            return
        self._notes = notes
        self.take_back("model")
        if notes:
            self.say(" ".join(notes), "model")

    def _put(self, banner: Banner) -> None:
        """A notice stands beside others; of anything else there is one."""
        self._banners = [
            one
            for one in self._banners
            if one.message != banner.message
            and (one.about == "notice" or one.about != banner.about)
        ]
        self._banners = [*self._banners, banner][-_MOST_BANNERS:]
        self._show()

    def _show(self) -> None:
        newest = reversed(self._banners)
        banner = max(newest, key=lambda one: _RANKS.index(one.about), default=None)
        if banner != self.banner:
            self.banner = banner
            self.banner_changed.emit(banner)


def _shortage(memory: Memory | None) -> str:
    """Return what to say of a shortage of memory; "" where there is none."""
    if memory is None or not memory.is_short:
        return ""
    if memory.pressure == "critical":
        return strings.MEMORY_CRITICAL
    if (memory.need or 0) > memory.limit:
        return strings.MEMORY_SHORT
    return strings.MEMORY_WARNING


def status(state: State) -> Status:
    match state:
        case Unloaded():
            return Status(text=strings.NO_MODEL_LOADED)
        case Loading(phase=phase) if phase == STARTING:
            return Status(text=strings.STARTING, progress=-1)
        case Loading():
            return Status(text=_loading(state), progress=_share(state))
        case Ready(pair=pair):
            return Status(text=pair_name(pair), detail=pair.quantization)
        case Dead(restarting=True):
            return Status(text=strings.RESTARTING, progress=-1)
        case Dead():
            return Status(text=strings.ENGINE_STOPPED)


def is_built_in(pair: PairInfo) -> bool:
    """Return whether `pair` is the one that ships with the program."""
    return pair.target == _BUILT_IN


def pair_name(pair: PairInfo) -> str:
    target = strings.BUILT_IN if is_built_in(pair) else pair.target
    return target if pair.drafter is None else strings.PAIR_WITH_DRAFTER.format(target=target)


def _share(state: Loading) -> float:
    return state.done / state.total if state.total else -1


def _loading(state: Loading) -> str:
    if not state.phase:
        return strings.LOADING
    is_fetch = state.phase == _FETCHING
    if state.total:
        part = strings.FETCHING_PART if is_fetch else strings.LOADING_PART
        done, total = fmt.memory(state.done), fmt.memory(state.total)
        words = part.format(phase=state.phase, done=done, total=total)
    else:
        words = strings.FETCHING if is_fetch else strings.LOADING_PHASE.format(phase=state.phase)
    if state.waits is None:
        return words
    return strings.FETCHING_WAITS.format(words=words, reason=state.waits.rstrip("."))


_BUSY: dict[Purpose, str] = {
    "reply": strings.OBSTACLE_STOPPING,  # no chat shows this reply: for its own, a chat says more
    "comparison": strings.OBSTACLE_COMPARING,
    "benchmark": strings.OBSTACLE_MEASURING,
}


def obstacle(state: State) -> str:
    """Return why nothing can be sent to the engine now; "" where it can."""
    match state:
        case Ready(busy=busy):
            return "" if busy is None else _BUSY[busy]
        case Dead(restarting=False):
            return strings.OBSTACLE_FAILED
        case Unloaded():
            return strings.NOTHING_LOADED
        case Loading(phase=phase) if phase != STARTING:
            return strings.OBSTACLE_LOADING
        case _:
            return strings.OBSTACLE_STARTING


def nothing_to_compare(state: State) -> str:
    """Return why plain decoding cannot be compared with MTP: no drafter; "" where it can."""
    pair = loaded_pair(state)
    if pair is None or pair.drafter is not None:
        return ""
    reason = pair.no_drafter_reason or strings.NO_DRAFTER
    return strings.COMPARE_NO_DRAFTER.format(reason=reason)


def loaded_pair(state: State) -> PairInfo | None:
    return state.pair if isinstance(state, Ready) else None
