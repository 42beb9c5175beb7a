"""Blocks that are closed keep their widgets and are not laid out again."""

from __future__ import annotations

import pytest
from hypothesis import given
from PySide6.QtCore import QTimer, QUrl
from PySide6.QtGui import (
    QBrush,
    QDesktopServices,
    QGuiApplication,
    QTextCursor,
    QTextDocument,
)
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.views.chat.markdown_view import CodeBlock, MarkdownView
from app.views.chat.text_block import TextBlock, open_link
from app.views.common import fonts
from app.views.common.theme import ThemeController
from mtp_mlx.paths import resources
from tests.app.helpers import child
from tests.app.render.support import patient, pieces

TEXT = """First paragraph with `code`.

```python
def f():
    return 1
```

- one
- two

Last paragraph."""


def plain(view: MarkdownView) -> list[str]:
    return [v.code if isinstance(v, CodeBlock) else v.toPlainText().strip() for v in view.built]


def test_streamed_and_whole_are_the_same(qtbot: QtBot, view: MarkdownView) -> None:
    for start in range(0, len(TEXT), 3):
        view.append(TEXT[start : start + 3])
    view.finish()
    streamed = plain(view)
    view.set_text(TEXT)
    assert plain(view) == streamed
    assert streamed[1] == "def f():\n    return 1"
    assert [type(v) for v in view.built] == [TextBlock, CodeBlock, TextBlock, TextBlock]


def test_closed_blocks_are_left_alone(
    qtbot: QtBot, view: MarkdownView, monkeypatch: pytest.MonkeyPatch
) -> None:
    view.append(TEXT)
    kept = list(view.built[:2])
    shown: list[TextBlock] = []
    original = TextBlock.setHtml

    def counted(self: TextBlock, html: str) -> None:
        shown.append(self)
        original(self, html)

    monkeypatch.setattr(TextBlock, "setHtml", counted)
    for _ in range(50):
        view.append(" more")
    view.append("\n\nAnother.")
    assert view.built[:2] == kept
    assert all(block not in kept for block in shown)


def test_words_are_added_without_laying_out_what_is_there(
    view: MarkdownView, monkeypatch: pytest.MonkeyPatch
) -> None:
    view.append("- one **bold** word")
    block = view.built[0]
    assert isinstance(block, TextBlock)
    cursor = block.textCursor()
    cursor.setPosition(4)
    cursor.setPosition(8, QTextCursor.MoveMode.KeepAnchor)
    block.setTextCursor(cursor)
    monkeypatch.setattr(TextBlock, "setHtml", lambda _self, _html: pytest.fail("laid out again"))
    before = block.height()
    view.append(" and more words" * 20)
    assert block.toPlainText() == "one bold word" + " and more words" * 20
    assert block.height() > before
    assert block.textCursor().selectedText() == "bold"


@pytest.fixture(scope="module")
def theme(qapp: QApplication) -> ThemeController:
    return ThemeController(resources() / "themes", "light")


@patient
@given(pieces())
def test_what_has_grown_looks_as_if_it_had_been_there(
    theme: ThemeController, parts: list[str]
) -> None:
    view = MarkdownView(theme)
    for part in parts:
        view.append(part)
        for block in view.built:
            if isinstance(block, TextBlock):
                assert block.document().toHtml() == as_new(block.html)


def as_new(html: str) -> str:
    block = TextBlock()
    block.setFont(fonts.reading())
    block.show_html(html)
    return block.document().toHtml()


def test_a_block_has_its_height_before_it_is_seen(view: MarkdownView) -> None:
    view.append("One line.")
    one = view.built[0]
    assert one.isVisible()
    hidden = MarkdownView(view.theme)
    hidden.resize(view.size())
    hidden.set_text("One line.\n\n" + "Several lines. " * 20)
    first, second = hidden.built
    assert first.height() == one.height()
    assert second.height() > 3 * one.height()


def test_a_block_takes_no_height_on_the_way_to_another(
    view: MarkdownView, monkeypatch: pytest.MonkeyPatch
) -> None:
    view.append("One line")
    block = view.built[0]
    heights: list[int] = []
    monkeypatch.setattr(TextBlock, "setFixedHeight", lambda _self, height: heights.append(height))
    view.append(" with *emphasis*, still.")
    assert heights == []
    assert block.isVisible()


def test_long_open_code_is_only_appended_to(
    view: MarkdownView, monkeypatch: pytest.MonkeyPatch
) -> None:
    view.append("```python\n" + "value = 1\n" * 600)
    block = view.built[0]
    assert isinstance(block, CodeBlock)
    calls: list[str] = []
    monkeypatch.setattr(TextBlock, "setHtml", lambda _self, html: calls.append(html))
    for _ in range(20):
        view.append("value = 2\n")
    assert calls == []
    text = block.text.toPlainText()
    assert text.count("value = 1") == 600
    assert text.count("value = 2") == 20
    view.append("```\n\nDone.")
    assert len(calls) == 2  # coloured at last, and the paragraph after it


def colours(block: CodeBlock) -> set[str]:
    """Those of its first line."""
    first = block.text.document().firstBlock()
    return {piece.format.foreground().color().name() for piece in first.textFormats()}


def test_long_open_code_takes_on_no_colour(view: MarkdownView) -> None:
    view.append("```python\ndef f(): pass\n")
    block = view.built[0]
    assert isinstance(block, CodeBlock)
    assert len(colours(block)) > 1
    view.append("value = 1\n" * 600)
    assert colours(block) == {QBrush().color().name()}  # none but the palette's
    view.append("```\n")
    assert len(colours(block)) > 1


def test_very_long_code_stays_plain_and_whole(
    view: MarkdownView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TextBlock, "setHtml", lambda _self, _html: pytest.fail("laid out again"))
    code = "def f(): pass\n" * 3_000
    view.append("```python\n" + code)
    view.append("```\n")
    view.finish()
    block = view.built[0]
    assert isinstance(block, CodeBlock)
    assert block.text.toPlainText() == code.removesuffix("\n")
    block.copy()
    assert QGuiApplication.clipboard().text() == code.removesuffix("\n")


def test_other_code_replaces_what_was_there(view: MarkdownView) -> None:
    view.set_text("```\n" + "a\n" * 16_000 + "```")
    view.set_text("```\n" + "b\n" * 16_000 + "```")
    block = view.built[0]
    assert isinstance(block, CodeBlock)
    assert "a" not in block.text.toPlainText()


def test_code_says_what_it_is(view: MarkdownView) -> None:
    view.set_text("```python\nx\n```\n\n```\ny\n```\n")
    labels = [block.language.text() for block in view.built if isinstance(block, CodeBlock)]
    assert labels == ["python", "Code"]


def test_the_scroll_bar_of_code_hides_no_line(qtbot: QtBot, view: MarkdownView) -> None:
    view.set_text("```\nshort\n" + "a long line " * 5 + "\n```")
    block = view.built[0]
    assert isinstance(block, CodeBlock)
    bar = block.text.horizontalScrollBar()
    one = block.text.height()
    assert not bar.isVisible()
    view.resize(200, 400)
    qtbot.waitUntil(bar.isVisible)
    qtbot.waitUntil(lambda: block.text.height() >= one + bar.height())
    view.resize(600, 400)
    qtbot.waitUntil(lambda: block.text.height() == one)


def test_copying_code_copies_the_code(view: MarkdownView) -> None:
    view.set_text(TEXT)
    block = view.built[1]
    assert isinstance(block, CodeBlock)
    block.copy_button.click()
    assert QGuiApplication.clipboard().text() == "def f():\n    return 1"


def test_html_is_inert_and_images_are_not_loaded(view: MarkdownView) -> None:
    view.set_text(
        '<img src="file:///etc/hostname"><script>x</script> ![a](https://example.org/a.png)'
    )
    block = view.built[0]
    assert isinstance(block, TextBlock)
    assert "<script>" in "".join(v.toPlainText() for v in view.built if isinstance(v, TextBlock))
    image = QTextDocument.ResourceType.ImageResource
    assert block.document().resource(image, QUrl("https://example.org/a.png")) is None


def test_what_is_laborious_is_shown_at_intervals(qtbot: QtBot, view: MarkdownView) -> None:
    view.append("> a quote that goes on\n" * 300)
    quote = view.built[0]
    assert isinstance(quote, TextBlock)
    view.append("> new\n")
    assert "new" not in quote.toPlainText()
    pace = child(view, QTimer, "pace")
    pace.timeout.emit()
    assert "new" in quote.toPlainText()
    view.append("> last\n")
    view.finish()
    assert "last" in quote.toPlainText()
    assert not pace.isActive()


def test_a_change_of_theme_shows_what_was_held_back(view: MarkdownView) -> None:
    view.append("> a quote that goes on\n" * 300)
    view.append("> new\n")
    view.theme.choose("dark")
    assert "new" in plain(view)[0]
    view.append("> last\n")
    view.finish()
    assert plain(view)[0].count("last") == plain(view)[0].count("new") == 1


def test_a_block_that_is_only_closed_is_not_laid_out_again(
    view: MarkdownView, monkeypatch: pytest.MonkeyPatch
) -> None:
    view.append("a paragraph\n")
    monkeypatch.setattr(TextBlock, "setHtml", lambda _self, _html: pytest.fail("laid out again"))
    view.finish()


def test_parts_of_a_block_stand_close(qtbot: QtBot, view: MarkdownView) -> None:
    view.set_text("- an item of a list\n" * 400 + "\nend")
    first, second, *_, last = view.built
    qtbot.waitUntil(lambda: second.y() > 0)
    assert second.y() - first.geometry().bottom() <= 1
    assert isinstance(second, TextBlock)
    assert isinstance(last, TextBlock)
    assert last.viewport().y() - second.viewport().y() == 12


def test_links_open_only_where_they_belong(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    for address in ("https://example.org/", "file:///etc/passwd", "javascript:alert(1)", "x-app:y"):
        open_link(QUrl(address))
    assert opened == ["https://example.org/"]


def test_a_block_is_as_high_as_its_text(qtbot: QtBot, view: MarkdownView) -> None:
    view.set_text("word " * 400)
    block = view.built[0]
    assert isinstance(block, TextBlock)
    qtbot.waitUntil(lambda: block.height() >= block.document().size().height() > 100)
    view.resize(300, 400)
    qtbot.waitUntil(lambda: block.height() >= block.document().size().height() > 200)


def test_a_change_of_theme_recolours_and_keeps_the_text(qtbot: QtBot, view: MarkdownView) -> None:
    view.append(TEXT)
    before = plain(view)
    view.theme.choose("dark")
    assert plain(view) == before
    view.append(" And more.")
    assert plain(view)[-1] == "Last paragraph. And more."
