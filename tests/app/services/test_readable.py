"""What can be read of damaged JSON counts, and the rest is named."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from app.domain.conversation import Attachment
from app.domain.settings import Preset, ReplySettings, Settings, SidebarSettings
from app.services.data_folder import SettingsFile
from app.services.readable import readable, readable_items
from mtp_mlx.api import Sampling

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


CHOSEN = Settings(
    theme="dark",
    text_size=1.25,
    sidebar=SidebarSettings(width=260),
    last_chat="two",
    welcomed=True,
    reply=ReplySettings(system='Be "brief".\n{', seed=4, sampling=Sampling(temperature=0.7)),
    seen=("a", "b"),
    presets=tuple(Preset(name=name, settings=ReplySettings(seed=7)) for name in "ABC"),
)
COMPACT = msgspec.json.encode(CHOSEN)
SPREAD = msgspec.json.format(COMPACT, indent=2)


@pytest.mark.parametrize("whole", [COMPACT, SPREAD])
def test_of_a_file_that_was_cut_each_whole_value_is_read(whole: bytes) -> None:
    ends = {}
    fields = msgspec.json.decode(whole, type=dict[str, msgspec.Raw])
    for name, value in fields.items():
        ends[name] = whole.index(bytes(value), whole.index(b'"%b"' % name.encode())) + len(value)
    end = whole.index(b'"presets"')
    ends_of_presets = [
        end := whole.index(bytes(preset), end) + len(preset)
        for preset in msgspec.json.decode(fields["presets"], type=list[msgspec.Raw])
    ]
    for at in range(0, len(whole) - 1, 5):
        read = readable(whole[:at], Settings)
        assert read.lost
        for name, end in ends.items():
            is_told = read.lost == ("",) or name in {lost.split(".")[0] for lost in read.lost}
            is_whole = getattr(read.value, name) == getattr(CHOSEN, name)
            assert is_whole if end < at else is_whole or is_told, (at, name)
        presets = [preset.name for preset in read.value.presets]
        ended = [end for end in ends_of_presets if whole[end:at].strip()]  # something follows
        assert presets == list("ABC")[: len(ended)]


@pytest.mark.parametrize("byte", [0xFF, ord("{"), ord("]"), ord('"'), ord(",")])
def test_one_wrong_byte_costs_the_value_it_is_in(byte: int) -> None:
    """It may join a value with the next one, and costs both then."""
    starts = [SPREAD.index(b'\n  "%b"' % name.encode()) for name in Settings.__struct_fields__]
    for at in range(1, len(SPREAD) - 1, 4):
        damaged = SPREAD[:at] + bytes([byte]) + SPREAD[at + 1 :]
        read = readable(damaged, Settings)
        inside = sum(start <= at for start in starts) - 1
        for place, name in enumerate(Settings.__struct_fields__):
            if place not in {inside, inside + 1}:
                assert getattr(read.value, name) == getattr(CHOSEN, name), (at, name)


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


@pytest.mark.parametrize("damage", ["cut", "closed"])
def test_a_preset_that_is_saved_replaces_none_that_could_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    """A disk that does not give the file out may do so later."""
    path = tmp_path / "settings.json"
    file = SettingsFile(path)
    at = SPREAD.index(b'"B"')
    path.write_bytes(SPREAD[:at] if damage == "cut" else SPREAD)
    new = Preset(name="New", settings=ReplySettings())
    with monkeypatch.context() as closed:
        if damage == "closed":
            closed.setattr(Path, "read_bytes", _refuse)
            with pytest.raises(PermissionError):
                file.update(Settings(), Settings(presets=(new,)))
            assert path.stat().st_size == len(SPREAD)
    file.update(Settings(), Settings(presets=(new,)))
    names = [preset.name for preset in file.read().value.presets]
    assert names == (["A", "New"] if damage == "cut" else ["A", "B", "C", "New"])
    kept = [one.read_bytes() for one in tmp_path.glob("settings (unreadable *).json")]
    assert kept == ([SPREAD[:at]] if damage == "cut" else [])
    assert file.read().value.reply == CHOSEN.reply


def _refuse(path: Path) -> bytes:
    raise PermissionError(13, "Permission denied", str(path))
