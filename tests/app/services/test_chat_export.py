"""A chat as a file that others can read: nothing escaped twice, nothing left out, nothing alive."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import escape, unescape
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app import strings
from app.domain.conversation import Attachment, Chat, ChatMessage
from app.domain.settings import ReplySettings
from app.exports import model_name
from app.services.chat_export import CHAT_FORMATS, Look
from app.services.text_files import file_name
from app.viewmodels.chat.footer import footer
from app.views.common.theme import load_theme
from mtp_mlx.paths import resources
from tests.app.conftest import Rig
from tests.app.helpers import PAIR
from tests.app.services.replies import REPLY as RECORD

CODE = 'if a < b and c > "d":\n    print(f"{a} & {b}")  # <script>alert(1)</script>'
REPLY = f"""Use **this** & that:

```python
{CODE}
```

![x](https://evil.example/x.png)

| a |
|---|
| 1 |"""
CHAT = Chat(
    id="c",
    title='Lists & "quotes" <b>\nin two lines',
    created=1.0,
    settings=ReplySettings(system="Be <brief>."),
    tip="a",
    messages=(
        ChatMessage(
            id="q",
            role="user",
            text="How? <b>Now</b>\n=1+1 😀",
            attachments=(Attachment(name="notes & co.txt", text="first\nsecond"),),
        ),
        ChatMessage(id="a", role="assistant", text=REPLY, parent="q", reply=RECORD),
        ChatMessage(id="other", role="assistant", text="Another answer.", parent="q"),
    ),
)


@pytest.fixture
def look(qapp: QApplication) -> Look:
    style = load_theme(resources() / "themes", "light").html()
    return Look(style=style, numbers=footer, model=model_name)


def written(ending: str, look: Look, chat: Chat = CHAT) -> bytes:
    return CHAT_FORMATS[ending](chat, look)


def test_markdown_keeps_every_letter(look: Look) -> None:
    text = written(".md", look).decode()
    assert text.startswith('# Lists & "quotes" <b> in two lines\n')
    assert REPLY in text
    assert "How? <b>Now</b>\n=1+1 😀" in text
    assert "notes & co.txt:\n```\nfirst\nsecond\n```" in text
    assert "Be <brief>." in text
    assert footer(RECORD) in text
    assert "Another answer." not in text


def test_html_shows_it_and_is_inert(look: Look) -> None:
    page = written(".html", look).decode()
    assert "<script" not in page
    assert "<img" not in page
    assert "evil.example" in unescape(page)  # told, not fetched
    assert "default-src 'none'" in page
    assert not re.search(r"<(link|iframe|object)\b", page)
    (code,) = re.findall(r"<pre>(.*?)</pre>", page, re.DOTALL)
    assert unescape(code) == CODE
    assert "<b>Now" not in page
    assert "How? &lt;b&gt;Now&lt;/b&gt;<br>=1+1 😀" in page
    assert "notes &amp; co.txt" in page
    assert "Be &lt;brief&gt;." in page


def test_formulas_are_drawn_in_the_page_itself(look: Look) -> None:
    text = r"So $\frac{a}{b} < \alpha$ and" + "\n\n$$x^2$$\n"
    reply = msgspec.structs.replace(CHAT.messages[1], text=text)
    page = written(
        ".html", look, msgspec.structs.replace(CHAT, messages=(CHAT.messages[0], reply))
    ).decode()
    assert page.count("<svg") == 2
    assert page.count("<div class=formula>") == 1
    assert "math:" not in page
    assert 'aria-label="' + escape(r"\frac{a}{b} < \alpha") + '"' in page
    ET.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])  # noqa: S314


def test_json_holds_every_branch_and_comes_back(look: Look) -> None:
    document = json.loads(written(".json", look))
    assert document["shown"] == ["q", "a"]
    assert msgspec.convert(document["chat"], Chat) == CHAT


def test_a_pdf_is_written(look: Look) -> None:
    data = written(".pdf", look)
    assert data.startswith(b"%PDF")
    long = msgspec.structs.replace(
        CHAT,
        messages=(CHAT.messages[0], msgspec.structs.replace(CHAT.messages[1], text=REPLY * 40)),
    )
    assert written(".pdf", look, long).count(b"/Type /Page\n") > data.count(b"/Type /Page\n")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("a/b\\c: d?", "a b c d"),
        ("...", "New chat"),
        ("two\nlines", "two lines"),
        ("a\x1b[2J\x9b1m\u202eb\u2066", "a [2J 1m b"),
        ("x" * 300, "x" * 80),
    ],
)
def test_a_title_becomes_a_name_that_every_system_takes(title: str, name: str) -> None:
    assert file_name(title) == name


@pytest.mark.parametrize("ending", CHAT_FORMATS)
def test_the_window_exports_what_it_shows(
    qtbot: QtBot, ready: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    export = ready.action(strings.EXPORT_CHAT)
    assert not export.isEnabled()
    ready.program.models.chat.open(CHAT)
    file = tmp_path / f"chat{ending}"
    monkeypatch.setattr("app.exports.ask_chat_path", lambda *_: file)
    export.trigger()
    ready.settle()
    look = Look(style=ready.program.theme.light.html(), numbers=footer, model=model_name)
    if ending == ".pdf":
        assert file.read_bytes().startswith(b"%PDF")
    else:
        assert file.read_bytes() == CHAT_FORMATS[ending](ready.program.models.chat.chat, look)


def test_a_folder_that_refuses_is_named_and_nothing_is_lost(
    ready: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    ready.program.models.chat.open(CHAT)
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("app.exports.ask_chat_path", lambda *_: tmp_path / "file" / "a.md")
    monkeypatch.setattr("app.exports.say_not_saved", lambda _window, reason: said.append(reason))
    ready.action(strings.EXPORT_CHAT).trigger()
    ready.settle()
    assert len(said) == 1
    assert "a.md" in said[0]


def test_it_names_the_model_of_each_reply(ready: Rig, look: Look) -> None:
    chat = ready.program.models.chat
    chat.send("Hello")
    ready.write("Hi.")
    ready.finish()
    ready.load(replace(PAIR, target="gemma-4-e4b", drafter=None))
    chat.send("And you?")
    ready.write("Me too.")
    ready.finish()
    for ending in (".md", ".html", ".json"):
        written = CHAT_FORMATS[ending](chat.chat, look).decode()
        assert "Demo" in written
        assert "gemma-4-e4b" in written
    text = CHAT_FORMATS[".md"](chat.chat, look).decode()
    heads = [line for line in text.splitlines() if "## " in line]
    assert "Reply, Demo + MTP, " in heads[1]
    assert "Reply, gemma-4-e4b, " in heads[3]


def test_saving_says_where_and_remembers_it(
    ready: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, asked = ready.program.window, list[tuple[object, ...]]()
    shown: list[Path] = []
    folder = tmp_path / "mine"
    folder.mkdir()

    def ask(_parent: object, *suggested: object) -> Path:
        asked.append(suggested)
        return folder / "first.html"

    monkeypatch.setattr("app.exports.ask_chat_path", ask)
    monkeypatch.setattr("app.exports.show_in_folder", shown.append)
    ready.program.models.chat.open(CHAT)
    window.menus.export.trigger()
    ready.settle()
    assert window.toast.isVisible()
    assert window.toast.text.text() == "Saved as “first.html” in mine"
    window.toast.button.click()
    assert shown == [folder / "first.html"]
    window.menus.export.trigger()
    ready.settle()
    assert asked[0][0] == Path.home()
    assert (asked[0][2], asked[1][0], asked[1][2]) == (".md", folder, ".html")
    kept = ready.ask(lambda data: data.settings.read().value)
    assert (kept.save_folder, kept.chat_format, kept.report_format) == (
        str(folder),
        ".html",
        ".json",
    )
