"""What two windows have written comes together without a loss."""

from __future__ import annotations

from app.domain.changes import Changes, taken_up
from app.domain.conversation import ChatMessage


def said(name: str, text: str = "here") -> ChatMessage:
    return ChatMessage(id=name, role="user", text=text)


def test_the_order_is_that_of_writing() -> None:
    changes = Changes(
        written=(said("b", "there"), said("d", "there")),
        deleted=frozenset({"a"}),
        order=("b", "c", "d"),
    )
    assert taken_up((said("a"), said("c"), said("b")), changes) == (
        said("b", "there"),
        said("c"),
        said("d", "there"),
    )


def test_what_could_not_be_saved_stays() -> None:
    changes = Changes(written=(said("b", "there"),), deleted=frozenset(), order=("a", "b"))
    assert [m.id for m in taken_up((said("a"), said("own")), changes)] == ["a", "b", "own"]


def test_what_neither_has_is_left_out() -> None:
    changes = Changes(written=(), deleted=frozenset(), order=("a", "lost"))
    assert taken_up((said("a"),), changes) == (said("a"),)
