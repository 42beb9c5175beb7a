"""Acts on a message: which of them can be done now, and doing them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.domain.conversation import ChatMessage, content
from app.domain.tree import Place
from app.render.plain import plain_text
from app.viewmodels.chat.asking import Variant
from app.viewmodels.chat.chat import ChatViewModel


class Act(StrEnum):
    COPY = "copy"  # as Markdown, as it was written
    COPY_PLAIN = "copy_plain"
    EDIT = "edit"  # opens an editor, which calls `ChatViewModel.edit`
    CONTINUE = "continue"
    DELETE = "delete"
    PREVIOUS = "previous"
    NEXT = "next"
    AGAIN = "again"
    AGAIN_MTP_OFF = "again_mtp_off"
    AGAIN_MTP_ON = "again_mtp_on"
    AGAIN_SAME_SEED = "again_same_seed"
    AGAIN_ANOTHER_SEED = "again_another_seed"


VARIANTS: dict[Act, Variant] = {
    Act.AGAIN: "plain",
    Act.AGAIN_MTP_OFF: "mtp_off",
    Act.AGAIN_MTP_ON: "mtp_on",
    Act.AGAIN_SAME_SEED: "same_seed",
    Act.AGAIN_ANOTHER_SEED: "another_seed",
}
_FOR_REPLY = frozenset({Act.COPY, Act.COPY_PLAIN, Act.DELETE, *VARIANTS})
_FOR_QUESTION = frozenset({Act.COPY, Act.EDIT, Act.DELETE})
_ASKING = frozenset({Act.EDIT, Act.CONTINUE, *VARIANTS})


_ALONE = Place()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The acts that a message offers; those that are not `enabled` cannot be done now."""

    offered: frozenset[Act] = frozenset()
    enabled: frozenset[Act] = frozenset()
    place: Place = _ALONE
    obstacle: str = ""  # why asking is not enabled


def row(chat: ChatViewModel, message: ChatMessage) -> Row:
    """Return the acts of a message in the open chat."""
    offered = _FOR_QUESTION if message.role == "user" else _FOR_REPLY
    if message.role == "user" and message.id == chat.chat.tip:
        offered |= {Act.AGAIN}  # its reply was deleted
    if chat.can_continue(message):
        offered |= {Act.CONTINUE}
    enabled = offered - _ASKING if chat.obstacle else offered
    if chat.pair is not None and chat.pair.drafter is None:
        enabled -= {Act.AGAIN_MTP_OFF, Act.AGAIN_MTP_ON}  # there is nothing to compare
    if chat.writing:
        enabled -= {Act.DELETE}
    place = chat.history.place(message.id)
    if place.count > 1:
        offered |= {Act.PREVIOUS, Act.NEXT}
        if not chat.writing:
            enabled |= _steps(place)
    return Row(offered=offered, enabled=enabled, place=place, obstacle=chat.obstacle)


def _steps(place: Place) -> frozenset[Act]:
    back = {Act.PREVIOUS} if place.position > 1 else set[Act]()
    on = {Act.NEXT} if place.position < place.count else set[Act]()
    return frozenset(back | on)


def perform(chat: ChatViewModel, act: Act, message_id: str) -> None:
    """Do an act, except copying and editing, for which a view has a clipboard and an editor."""
    match act:
        case Act.CONTINUE:
            chat.continue_reply()
        case Act.DELETE:
            chat.branches.delete(message_id)
        case Act.PREVIOUS:
            chat.branches.show_sibling(message_id, -1)
        case Act.NEXT:
            chat.branches.show_sibling(message_id, +1)
        case _ if act in VARIANTS:
            chat.regenerate(message_id, VARIANTS[act])
        case _:
            pass


def copied(act: Act, message: ChatMessage) -> str:
    """Return the text for the clipboard: a question with its files, a reply without thoughts."""
    return plain_text(message.text) if act is Act.COPY_PLAIN else content(message)
