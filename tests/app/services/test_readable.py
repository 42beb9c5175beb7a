"""What can be read of damaged JSON counts, and the rest is named."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from app.domain.conversation import Attachment
from app.domain.settings import ReplySettings, Settings, SidebarSettings
from app.services.data_folder import SettingsFile
from app.services.readable import readable, readable_items

DEEP = b"[" * 20_000 + b"]" * 20_000


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("theme", b'"purple"'),
        ("theme", b'"da\xffrk"'),
        ("geometry", b'"\xc3\xa4"'),
        ("sidebar.width", b"2147483648"),
        ("sidebar.width", b'"wide"'),
        ("overlay.x", b"1e308"),
        ("last_chat", DEEP),
        ("reply.seed", b"-1"),
        ("reply.max_tokens", b"0"),
        ("reply.sampling", b'{"top_k": 99999999999}'),
        ("reply.mtp.depth", b"77"),
        ("reply.mtp", DEEP),
        ("welcomed", b"1e999"),
    ],
)
def test_a_value_that_cannot_be_read_costs_itself_only(field: str, value: bytes) -> None:
    *groups, name = field.split(".")
    inside = b'"%b": %b' % (name.encode(), value)
    for group in reversed(groups):
        inside = b'"%b": {%b, "system": "x", "shown": false}' % (group.encode(), inside)
    read = readable(b'{%b, "presets": [], "seen": ["a"]}' % inside, Settings)
    assert read.lost == (field,)
    assert read.value.seen == ("a",)
    if groups[:1] == ["sidebar"]:
        assert read.value.sidebar == SidebarSettings(shown=False)
    if groups[:1] == ["reply"] and len(groups) == 1:
        assert read.value.reply.system == "x"


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b"\xff\xfe", DEEP, b"null"])
def test_what_is_no_object_is_lost_whole(data: bytes) -> None:
    assert readable(data, Settings).lost == ("",)
    assert readable(data, Settings).value == Settings()


def test_of_a_list_each_item_is_read_by_itself() -> None:
    items = b'[{"name": "a", "text": "b"}, 7, {"name": "c"}, {"name": "d", "text": "e"}]'
    read = readable_items(items, Attachment)
    assert [one.name for one in read.value] == ["a", "d"]
    assert read.lost == ("1", "2")


def test_damaged_settings_are_kept_before_they_are_written_over(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    damaged = b'{"theme": "dark", "sidebar": {"width": 2147483648}, "novelty": [1]}'
    path.write_bytes(damaged)
    file = SettingsFile(path)
    read = file.read()
    assert read.lost == ("sidebar.width",)
    notices = [file.keep(read.lost) for _ in range(2)]
    (kept,) = tmp_path.glob("settings (unreadable *).json")
    assert all("sidebar.width" in notice and kept.name in notice for notice in notices)
    file.update(read.value, msgspec.structs.replace(read.value, reply=ReplySettings(seed=4)))
    assert kept.read_bytes() == damaged
    assert len(list(tmp_path.iterdir())) == 2
    written = msgspec.json.decode(path.read_bytes())
    assert (written["theme"], written["reply"]["seed"], written["novelty"]) == ("dark", 4, [1])
    assert file.read().lost == ()
