from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from app.domain.settings import MtpChoice, OverlaySettings, Preset, ReplySettings, Settings
from app.services.settings import SettingsStore


def test_settings_survive(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "settings.json"
    store = SettingsStore(path)
    assert store.current == Settings()
    chosen = Settings(
        theme="dark",
        reply=ReplySettings(mtp=MtpChoice(on=False, depth=4)),
        presets=(Preset(name="Calm", settings=ReplySettings(system="Be calm.", seed=4)),),
        overlay=OverlaySettings(shown=False, pinned=False, x=3, y=4),
        last_chat="c",
    )
    store.update(chosen)
    assert SettingsStore(path).current == chosen
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[1, 2]", b'{"theme": "purple"}', b"\xff\xfe", b'{"reply": {"mtp": []}}']
)
def test_a_damaged_file_means_the_defaults(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(damage)
    store = SettingsStore(path)
    assert store.current == Settings()
    store.update(Settings(theme="light"))
    assert SettingsStore(path).current.theme == "light"


def test_nothing_is_written_where_nothing_changed(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    SettingsStore(path).update(Settings())
    assert not path.exists()


def test_what_a_later_release_wrote_is_read(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(msgspec.json.encode({"theme": "dark", "novelty": 1}))
    assert SettingsStore(path).current.theme == "dark"


def test_two_windows_keep_each_others_settings(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    one, other = SettingsStore(path), SettingsStore(path)
    one.update(Settings(theme="dark", last_chat="a"))
    off = ReplySettings(mtp=MtpChoice(on=False))
    other.update(Settings(reply=off, last_chat="b"))
    one.update(msgspec.structs.replace(one.current, overlay=OverlaySettings(shown=False)))
    kept = SettingsStore(path).current
    assert (kept.theme, kept.reply.mtp.on, kept.overlay.shown) == ("dark", False, False)
    assert kept.last_chat == "b"


def test_a_file_that_was_lost_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    store = SettingsStore(path)
    store.update(Settings(theme="dark"))
    path.unlink()
    store.update(msgspec.structs.replace(store.current, last_chat="c"))
    assert SettingsStore(path).current == Settings(theme="dark", last_chat="c")
