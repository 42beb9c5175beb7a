"""Branches of a conversation."""

from __future__ import annotations

import pytest

from app.domain.conversation import ChatMessage, Role
from app.domain.tree import (
    Changes,
    Place,
    below,
    mended,
    newest_tip,
    path,
    places,
    replaced,
    siblings,
    taken_up,
    whole,
)


def message(name: str, parent: str | None = None) -> ChatMessage:
    role: Role = "user" if name.startswith("q") else "assistant"
    return ChatMessage(id=name, role=role, text=name, parent=parent)


# q1 - a1 - q2 - a2
#    \ a1b - q2b        q1x - a1x
TREE = (
    message("q1"),
    message("a1", "q1"),
    message("q2", "a1"),
    message("a2", "q2"),
    message("a1b", "q1"),
    message("q2b", "a1b"),
    message("q1x"),
    message("a1x", "q1x"),
    message("a2c", "q2"),
)


@pytest.mark.parametrize(
    ("tip", "names"),
    [
        ("a2", ["q1", "a1", "q2", "a2"]),
        ("q2b", ["q1", "a1b", "q2b"]),
        ("a1x", ["q1x", "a1x"]),
        ("gone", []),
        (None, []),
    ],
)
def test_a_path_leads_from_the_first_message_to_the_tip(tip: str | None, names: list[str]) -> None:
    assert [m.id for m in path(TREE, tip)] == names


def test_a_path_ends_where_a_message_is_missing_or_comes_twice() -> None:
    orphan = (message("a", "lost"), message("q", "a"))
    assert [m.id for m in path(orphan, "q")] == ["a", "q"]
    circle = (message("a", "q"), message("q", "a"))
    assert [m.id for m in path(circle, "q")] == ["a", "q"]
    above_the_tip = (message("a", "q"), message("q", "a"), message("b", "q"))
    assert [m.id for m in path(above_the_tip, "b")] == ["a", "q", "b"]


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("a1", ("a1", "a1b")),
        ("a2c", ("a2", "a2c")),
        ("q1x", ("q1", "q1x")),
        ("q2", ("q2",)),
        ("gone", ()),
    ],
)
def test_siblings_follow_the_same_message(name: str, beside: tuple[str, ...]) -> None:
    assert siblings(TREE, name) == beside


@pytest.mark.parametrize(
    ("name", "tip"), [("a1", "a2c"), ("a1b", "q2b"), ("q1", "a2c"), ("q1x", "a1x"), (None, "a2c")]
)
def test_the_newest_tip_is_the_end_of_the_branch_written_to_last(
    name: str | None, tip: str
) -> None:
    assert newest_tip(TREE, name) == tip
    assert newest_tip((), name) is None


def test_below_is_everything_that_follows() -> None:
    assert below(TREE, "a1") == {"a1", "q2", "a2", "a2c"}
    assert below(TREE, "a2") == {"a2"}


def test_places_agree_with_siblings() -> None:
    found = places(TREE)
    assert found["a1b"] == Place(2, 2)
    assert found["q2"] == Place(1, 1)
    assert found["a2c"] == Place(2, 2)
    for one in TREE:
        family = siblings(TREE, one.id)
        assert found[one.id] == Place(family.index(one.id) + 1, len(family))


def test_a_message_is_replaced_where_it_stands() -> None:
    longer = ChatMessage(id="a1", role="assistant", text="longer", parent="q1")
    assert replaced(TREE, longer) == (TREE[0], longer, *TREE[2:])
    assert replaced(TREE, message("gone")) == TREE


# What two windows have written comes together without a loss


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


def test_a_message_without_its_parent_follows_the_last_before_it() -> None:
    assert mended({"a": None, "b": "a", "c": "b"}) == {}
    assert mended({"a": None, "b": "lost", "c": "b"}) == {"b": "a"}
    assert mended({"a": "b", "b": "a"}) == {"a": None}  # a circle
    assert mended({"a": "c", "b": None, "c": "a"}) == {"a": None}


def test_a_chat_is_made_whole() -> None:
    first = ChatMessage(id="a", role="user", text="One.")
    second = ChatMessage(id="b", role="assistant", text="Two.", parent="lost")
    assert [m.parent for m in whole([first, second])] == [None, "a"]
    assert whole([first]) == (first,)


@pytest.mark.parametrize(
    ("parents", "new"),
    [
        ({}, {}),
        ({"a": None, "b": "a", "c": "b"}, {}),
        ({"a": None, "b": "a", "c": "lost"}, {"c": "b"}),
        ({"a": "lost", "b": "a"}, {"a": None}),
        ({"a": None, "b": "b"}, {"b": "a"}),
        ({"a": "b", "b": "a", "c": "b"}, {"a": None}),
        ({"a": None, "b": "lost", "c": "gone"}, {"b": "a", "c": "b"}),
        ({"child": "parent", "parent": None}, {}),  # written in the other order
        ({"a": "c", "b": "lost", "c": "b"}, {"b": None}),
        ({"a": "x", "x": "y", "y": "x", "b": "a"}, {"x": None}),
    ],
)
def test_a_message_that_lost_its_parent_follows_what_was_written_before(
    parents: dict[str, str | None], new: dict[str, str | None]
) -> None:
    assert mended(parents) == new
    messages = [
        ChatMessage(id=one, role="user", text=one, parent=above) for one, above in parents.items()
    ]
    for message in whole(messages):
        assert path(whole(messages), message.id)[0].parent is None
        assert message.parent == new.get(message.id, parents[message.id])
