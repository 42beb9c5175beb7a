"""Formulas as they are painted, and what of them is copied."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage, QMouseEvent, QTextCursor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.views.chat.markdown_view import MarkdownView
from app.views.chat.text_block import TextBlock
from app.views.common.theme import ThemeController


@pytest.fixture
def view(qtbot: QtBot, theme: ThemeController) -> Iterator[MarkdownView]:
    theme.apply()
    view = MarkdownView(theme)
    qtbot.addWidget(view)
    view.resize(600, 400)
    view.show()
    yield view
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    application.setStyleSheet("")


def shown(view: MarkdownView, text: str) -> TextBlock:
    view.set_text(text)
    QApplication.processEvents()
    block = view.built[0]
    assert isinstance(block, TextBlock)
    return block


def ink(block: TextBlock, left: int = 0, right: int | None = None) -> tuple[list[int], QImage]:
    """The rows in which something is drawn, between two columns."""
    image = block.viewport().grab().toImage()
    paper = image.pixel(image.width() - 1, 0)
    columns = range(left, image.width() if right is None else right)
    rows = [y for y in range(image.height()) if any(image.pixel(x, y) != paper for x in columns)]
    return rows, image


@pytest.mark.parametrize("formula", ["$x$", r"$\mathrm{x}$", "$x^2$"])
def test_letters_stand_on_the_baseline_of_the_text(view: MarkdownView, formula: str) -> None:
    text_rows, _ = ink(shown(view, "x"))
    rows, _ = ink(shown(view, f"x {formula}"), right=9)
    both, _ = ink(shown(view, f"x {formula}"))
    assert rows[-1] - rows[0] == text_rows[-1] - text_rows[0]
    assert abs(both[-1] - rows[-1]) <= 1


def test_a_fraction_is_centred_where_the_text_has_its_minus(view: MarkdownView) -> None:
    rows, _ = ink(shown(view, r"x $\frac{1}{2}$"), left=12)
    letter, _ = ink(shown(view, r"x $\frac{1}{2}$"), right=9)
    middle = (rows[0] + rows[-1]) / 2
    assert letter[0] - 2 <= middle <= letter[-1]


def test_formulas_have_the_colour_of_the_text(view: MarkdownView) -> None:
    view.theme.choose("dark")
    _, image = ink(shown(view, r"$$\boxed{\mathbf{x}}$$"))
    shades = {image.pixelColor(x, y).lightness() for x in range(600) for y in range(image.height())}
    assert max(shades) > 180


def test_a_formula_in_a_heading_is_as_large_as_the_heading(view: MarkdownView) -> None:
    small, _ = ink(shown(view, "$x$"))
    large, _ = ink(shown(view, "# $x$"))
    assert len(large) > len(small)


def test_a_line_with_a_formula_is_hardly_higher(view: MarkdownView) -> None:
    plain = shown(view, "text").height()
    assert shown(view, "text $x^2_1$").height() <= plain + 4
    assert shown(view, r"$\frac{a}{b}$").height() > plain + 4


def test_the_clipboard_gets_latex(view: MarkdownView) -> None:
    block = shown(view, r"Let $x^2$, and \(\frac{1}{2}\).")
    block.selectAll()
    block.copy()
    assert QGuiApplication.clipboard().text() == r"Let $x^2$, and $\frac{1}{2}$."


def test_only_what_is_selected_is_copied(view: MarkdownView) -> None:
    block = shown(view, r"$a$ and $b$ c")
    cursor = block.textCursor()
    cursor.setPosition(3)
    cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
    block.setTextCursor(cursor)
    block.copy()
    assert QGuiApplication.clipboard().text() == "and $b$ c"
    cursor.setPosition(4)
    cursor.setPosition(6, QTextCursor.MoveMode.KeepAnchor)
    block.setTextCursor(cursor)
    block.copy()
    assert QGuiApplication.clipboard().text() == "nd"


def test_formulas_can_be_heard(view: MarkdownView) -> None:
    assert shown(view, r"Let $x^2$.").accessibleName() == "Let x^2."
    assert shown(view, "No formula.").accessibleName() == ""


def test_other_images_take_no_room(view: MarkdownView) -> None:
    block = shown(view, "x")
    block.show_html('<img src="file:///etc/hostname" width="300" height="300">')
    assert block.document().size().height() < 100


def test_where_a_link_leads_is_shown_before_it_is_followed(view: MarkdownView) -> None:
    block = shown(view, "[here](https://example.org/page)")
    position = block.cursorRect().center() + QPoint(8, 0)
    point_at(block, position)
    assert block.toolTip() == "https://example.org/page"
    point_at(block, QPoint(400, 8))
    assert block.toolTip() == ""


def point_at(block: TextBlock, position: QPoint) -> None:
    """The system's pointer stays where it is: windows of other tests may come to lie under it."""
    none = Qt.MouseButton.NoButton
    there = block.viewport().mapToGlobal(position)
    moved = QMouseEvent(
        QEvent.Type.MouseMove, position, there, none, none, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(block.viewport(), moved)


def test_links_are_reached_with_the_keyboard(view: MarkdownView) -> None:
    block = shown(view, "Look [here](https://example.org)")
    assert block.focusPolicy() == Qt.FocusPolicy.StrongFocus
    assert block.accessibleName() == "Look here"
    assert shown(view, "nothing").focusPolicy() == Qt.FocusPolicy.ClickFocus
