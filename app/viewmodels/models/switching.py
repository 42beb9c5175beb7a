"""Loading another pair: the last one at the start, the old one again where a new one fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from app import strings
from app.domain.conversation import Chat
from app.domain.settings import PairChoice
from app.engine.engine import Engine
from app.engine.state import Dead, Loading, Ready, State, Unloaded
from app.services.data_folder import SettingsStore
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.common.format import one_line
from mtp_mlx.api import DEMO_PAIR, Load, PairInfo
from mtp_mlx.printable import printable

MOST_REMEMBERED = 12
"""Pairs that are remembered; of more, the one that was loaded longest ago is forgotten."""
BUILT_IN = PairChoice(target=DEMO_PAIR, name="built-in", drafter_name="built-in")


class PairSwitching(QObject):
    """Loads the pairs that the user chooses, and remembers them.

    A pair that cannot be loaded, or whose load kills the engine, gives way to the one that was
    loaded before. A chat that was written by another pair offers that pair, and never loads it
    unasked.
    """

    changed = Signal()  # which pair is loaded or being loaded
    offered = Signal(object)  # PairChoice that the open chat was written by; None: no offer
    failed = Signal(str)  # why a pair was not loaded, and which one is loaded instead

    def __init__(
        self,
        engine: Engine,
        settings: SettingsStore,
        chat: ChatViewModel,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._settings = settings
        self._chat = chat
        self._asked: PairChoice | None = None  # is being loaded, and was never loaded before
        self._good = first_pair(settings)  # loaded, or to be loaded again
        self._stands_in = False  # the built-in pair is loaded in place of one that failed
        self._declined: set[str] = set()  # chats whose offer was turned down
        self.offer: PairChoice | None = None
        engine.state_changed.connect(self._on_state)
        chat.opened.connect(self._offer)

    @property
    def remembered(self) -> tuple[PairChoice, ...]:
        """Return the pairs that were loaded, the last one first; the built-in one is always one."""
        kept = self._settings.current.pairs
        return kept if any(one.target == DEMO_PAIR for one in kept) else (*kept, BUILT_IN)

    @property
    def loaded(self) -> PairChoice | None:
        """Return the pair that is in memory, None where none is."""
        state = self._engine.state
        return self._good if isinstance(state, Ready) and self._asked is None else None

    @property
    def held_bytes(self) -> int:
        """Return the bytes of the loaded pair's weights, which another pair would replace."""
        state = self._engine.state
        if not isinstance(state, Ready):
            return 0
        return state.pair.target_bytes + state.pair.drafter_bytes

    @property
    def loading(self) -> PairChoice | None:
        """Return the pair that is being loaded."""
        if not isinstance(self._engine.state, Loading):
            return None
        return self._asked or self._good

    def load(self, pair: PairChoice) -> None:
        """Load a pair in place of the present one. The reply under way is stopped and kept."""
        if pair == self.loaded:
            return
        self._asked, self._stands_in = pair, False
        self._engine.load(pair.load())
        self.changed.emit()

    def cancel(self) -> None:
        """Stop loading; the pair that was loaded before comes back."""
        if self._asked is not None:
            self._asked = None
            self._engine.load(self._good.load())
            self.changed.emit()

    def unload(self) -> None:
        """Free the pair's memory."""
        self._asked = None
        self._engine.unload()
        self.changed.emit()

    def load_again(self) -> None:
        """Load the pair that was unloaded."""
        self.load(self._good)

    def accept(self) -> None:
        """Load the pair that the open chat was written by."""
        if self.offer is not None:
            self.load(self.offer)

    def decline(self) -> None:
        """Go on with the loaded pair, and do not offer the other one in this chat again."""
        self._declined.add(self._chat.chat.id)
        self._offer()

    # What the engine says

    def _on_state(self, state: State) -> None:
        match state:
            case Ready(pair=pair, model=model):
                self._remember(pair, model)
                self._offer()
            case Unloaded(failure=failure) if failure is not None:
                self._fall_back(failure.text)
            case Dead(failure=failure, by_user=False) if self._asked is not None:
                self._fall_back(failure.message)  # the engine's own banner says how it goes on
            case _:
                pass
        self.changed.emit()

    def _remember(self, pair: PairInfo, model: Load) -> None:
        """Put the pair first among those that are remembered."""
        self._asked = None
        made = PairChoice(
            target=model.target,
            drafter=model.drafter,
            use_drafter=model.use_drafter,
            drafter_bits=_bits(model.drafter_bits),
            anyway=model.anyway,
            name=pair.target,
            drafter_name=pair.drafter,
        )
        self._good = made
        kept = self._settings.current
        others = tuple(one for one in kept.pairs if not _is_same(one.load(), model))
        # A pair on a disk that is not there today is tried again at the next start.
        pairs = (*others, made) if self._stands_in else (made, *others)
        pairs = pairs[:MOST_REMEMBERED]
        if pairs != kept.pairs:
            self._settings.update(msgspec.structs.replace(kept, pairs=pairs))

    def _fall_back(self, reason: str) -> None:
        """Load the pair from before, or else the built-in one, which comes with the program."""
        failed, self._asked = self._asked or self._good, None
        if failed.load() == self._good.load():
            self._good, self._stands_in = BUILT_IN, True
        if failed.target == DEMO_PAIR:
            return  # nothing else is left to load: the engine's own banner says why
        self.failed.emit(
            strings.PAIR_FAILED.format(
                name=title(failed), reason=reason.rstrip("."), other=title(self._good)
            )
        )
        # The engine is still telling its state; another one must not begin within.
        self._later(lambda: self._engine.load(self._good.load()))

    def _later(self, act: Callable[[], None]) -> None:
        QTimer.singleShot(0, self, act)

    # What the open chat was written by

    def _offer(self) -> None:
        offer = self._wanted()
        if offer != self.offer:
            self.offer = offer
            self.offered.emit(offer)

    def _wanted(self) -> PairChoice | None:
        """Return the pair of the chat's last reply, if another one is loaded and it is known."""
        state, chat = self._engine.state, self._chat.chat
        written = written_by(chat)
        if not isinstance(state, Ready) or written is None or chat.id in self._declined:
            return None
        if (written.target, written.drafter) == (state.pair.target, state.pair.drafter):
            return None
        return next(
            (
                one
                for one in self.remembered
                if (one.name, one.drafter_name) == (written.target, written.drafter)
            ),
            None,
        )


def first_pair(settings: SettingsStore) -> PairChoice:
    """Return the pair to load at the start: the one that was loaded last."""
    return next(iter(settings.current.pairs), BUILT_IN)


def written_by(chat: Chat) -> PairInfo | None:
    """Return the pair that wrote the chat's last reply."""
    replies = (message.reply for message in reversed(chat.messages))
    return next((reply.pair for reply in replies if reply is not None), None)


def title(pair: PairChoice) -> str:
    """Return a pair as sentences name it."""
    if pair.target == DEMO_PAIR:
        return strings.BUILT_IN
    name = pair.name or pair.target.rstrip("/").rpartition("/")[2] or pair.target
    return one_line(printable(name))


def _is_same(one: Load, other: Load) -> bool:
    """Tell whether two requests load the same, however much of the memory it takes."""
    replace = msgspec.structs.replace
    return replace(one, anyway=False) == replace(other, anyway=False)


def _bits(bits: int | None) -> Literal[4, 8] | None:
    return 4 if bits == 4 else 8 if bits == 8 else None
