"""Loading another pair: the last one at the start, the old one again where a new one fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from app import strings
from app.domain.conversation import Chat
from app.domain.settings import HeadBits, PairChoice, PairOptions
from app.engine.engine import Engine
from app.engine.state import Dead, Loading, Ready, State, Unloaded
from app.services.data_folder import SettingsStore
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.common.format import one_line
from app.viewmodels.models.options import Pairs
from mtp_mlx.api import CONTEXTS, DEMO_PAIR, Load, PairInfo
from mtp_mlx.errors import TooBig
from mtp_mlx.printable import printable

MOST_REMEMBERED = 12
"""Pairs that are remembered; of more, the one that was loaded longest ago is forgotten."""
MOST_OPTIONS = 64
"""Targets of which it is kept how they are to be loaded."""

BUILT_IN = PairChoice(target=DEMO_PAIR, name="built-in", drafter_name="built-in")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A pair that was not loaded because it is too big; `pair` loads it anyway."""

    pair: PairChoice
    words: str


class PairSwitching(QObject):
    """Loads the pairs that the user chooses, and remembers them.

    A pair that cannot be loaded, or whose load kills the engine, gives way to the one that was
    loaded before. A chat that was written by another pair offers that pair, and never loads it
    unasked.
    """

    changed = Signal()  # which pair is loaded or being loaded, or how one is to be
    offered = Signal(object)  # PairChoice that the open chat was written by; None: no offer
    failed = Signal(str)  # why a pair was not loaded, and which one is loaded instead
    refused = Signal(object)  # Refusal: a pair that is too big; None: nothing is to be asked

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
        self.refusal: Refusal | None = None
        engine.state_changed.connect(self._on_state)
        chat.opened.connect(self._offer)

    @property
    def remembered(self) -> tuple[PairChoice, ...]:
        """Return the pairs that were loaded, the last one first; the built-in one is always one."""
        kept = tuple(map(self.with_options, self._settings.current.pairs))
        return kept if any(one.target == DEMO_PAIR for one in kept) else (*kept, BUILT_IN)

    @property
    def now(self) -> Pairs:
        options = self._settings.current.pair_options
        return Pairs(loaded=self.loaded, loading=self.loading, options=options)

    def with_options(self, pair: PairChoice) -> PairChoice:
        """Return a pair as it is to be loaded now."""
        return with_options(self._settings, pair)

    def choose(self, options: PairOptions) -> None:
        """Keep how a target is to be loaded; one that is loaded stays as it is until then."""
        kept = self._settings.current
        others = tuple(one for one in kept.pair_options if one.target != options.target)
        every = (options, *others)[:MOST_OPTIONS]
        if every != kept.pair_options:
            self._settings.update(msgspec.structs.replace(kept, pair_options=every))
            self.changed.emit()

    def longer_context(self, tokens: int) -> int | None:
        """Return the next context that holds `tokens` and a reply, where model and memory allow."""
        state, memory = self._engine.state, self._engine.memory
        if not isinstance(state, Ready) or memory is None or memory.context is None:
            return None
        most = min(memory.context, state.pair.longest_context or 0)
        least = max(tokens + 1, state.pair.context_length + 1)
        return next((length for length in CONTEXTS if least <= length <= most), None)

    def lengthen(self, context: int) -> None:
        """Load the loaded pair again, for a longer context."""
        if self.loaded is not None:
            self.load(msgspec.structs.replace(self.loaded, context=context))

    @property
    def loaded(self) -> PairChoice | None:
        """Return the pair that is in memory, None where none is."""
        state = self._engine.state
        return self._good if isinstance(state, Ready) and self._asked is None else None

    @property
    def held_bytes(self) -> int:
        """Return the bytes that the engine holds for the loaded pair, which another would free."""
        memory = self._engine.memory
        return 0 if memory is None or self.loaded is None else memory.active

    @property
    def have(self) -> int | None:
        """Return the memory that is here for a pair, as the engine told it last; None: unknown.

        It includes what the loaded pair holds, which another would replace.
        """
        return None if self._engine.memory is None else self._engine.memory.limit

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
        self._refuse(None)
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

    def load_anyway(self) -> None:
        """Load the pair that was too big."""
        if self.refusal is not None:
            self.load(self.refusal.pair)

    def drop_refusal(self) -> None:
        """Leave it at that."""
        self._refuse(None)

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
            case Unloaded(failure=failure) if failure is not None and failure.code == TooBig.code:
                self._fall_back(failure.message, is_too_big=True)
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
            context=model.context,
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
        options = PairOptions(
            target=made.target, context=made.context, drafter_bits=made.drafter_bits
        )
        if options != self.now.options_of(made.target):
            self.choose(options)

    def _fall_back(self, reason: str, *, is_too_big: bool = False) -> None:
        """Load the pair from before, or else the built-in one, which comes with the program.

        A pair that is too big can be loaded all the same: that is asked.
        """
        failed, self._asked = self._asked or self._good, None
        if failed.load() == self._good.load():
            self._good, self._stands_in = BUILT_IN, True
        if failed.target == DEMO_PAIR:
            return  # nothing else is left to load: the engine's own banner says why
        other = title(self._good)
        if is_too_big:
            words = strings.PAIR_TOO_BIG.format(reason=reason, other=other)
            self._refuse(Refusal(msgspec.structs.replace(failed, anyway=True), words))
        else:
            reason = reason.rstrip(".")
            self.failed.emit(
                strings.PAIR_FAILED.format(name=title(failed), reason=reason, other=other)
            )
        # The engine is still telling its state; another one must not begin within.
        self._later(self._load_good)

    def _load_good(self) -> None:
        if self._asked is None:  # nothing else was asked for meanwhile
            self._engine.load(self._good.load())

    def _refuse(self, refusal: Refusal | None) -> None:
        if refusal != self.refusal:
            self.refusal = refusal
            self.refused.emit(refusal)

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
    """Return the pair to load at the start: the one that was loaded last.

    A repository might have to be fetched, which nobody has asked for: then it is the built-in pair.
    """
    last = next(iter(settings.current.pairs), BUILT_IN)
    return with_options(settings, last if _is_on_a_disk(last) else BUILT_IN)


def _is_on_a_disk(pair: PairChoice) -> bool:
    """Return whether loading the pair reads folders only, be they there or not."""
    names = filter(None, (pair.target, pair.drafter))
    return all(name == DEMO_PAIR or Path(name).is_absolute() for name in names)


def with_options(settings: SettingsStore, pair: PairChoice) -> PairChoice:
    """Return a pair with the context and the bits that the user wants for its target."""
    options = Pairs(options=settings.current.pair_options).options_of(pair.target)
    return msgspec.structs.replace(pair, context=options.context, drafter_bits=options.drafter_bits)


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
    """Tell whether two requests load the same pair, however that is done."""

    def bare(load: Load) -> Load:
        return msgspec.structs.replace(load, anyway=False, context=None, drafter_bits=None)

    return bare(one) == bare(other)


def _bits(bits: int | None) -> HeadBits | None:
    return 4 if bits == 4 else 8 if bits == 8 else None
