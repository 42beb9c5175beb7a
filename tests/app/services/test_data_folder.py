"""Settings and plain speeds: small files that two windows share, and who came first to them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from app.domain.settings import MtpChoice, OverlaySettings, Preset, ReplySettings, Settings
from app.domain.speeds import Moment, Stretch
from app.services.data_folder import (
    BaselineStore,
    DataFolder,
    Kept,
    SettingsFile,
    SettingsStore,
    SpeedsFile,
    lock_folder,
    open_folder,
)
from app.services.store_thread import StoreThread

NOW = Moment(at=10.0, context=400, load=1.0)
ONE = (Stretch(tokens=100, seconds=5, moment=NOW, day="2026-11-24"),)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "settings.json"


def test_settings_survive(path: Path) -> None:
    chosen = Settings(
        theme="dark",
        reply=ReplySettings(mtp=MtpChoice(on=False, depth=4)),
        presets=(Preset(name="Calm", settings=ReplySettings(system="Be calm.", seed=4)),),
        overlay=OverlaySettings(shown=False, pinned=False, x=3, y=4),
        last_chat="c",
    )
    file = SettingsFile(path)
    assert file.read().value == Settings()
    file.update(Settings(), chosen)
    assert SettingsFile(path).read().value == chosen
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[1, 2]", b'{"theme": "purple"}', b"\xff\xfe", b'{"reply": {"mtp": []}}']
)
def test_a_damaged_file_means_the_defaults(path: Path, damage: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(damage)
    file = SettingsFile(path)
    assert file.read().value == Settings()
    file.update(Settings(), Settings(theme="light"))
    assert SettingsFile(path).read().value.theme == "light"


def test_nothing_is_written_where_nothing_changed(
    store: StoreThread[DataFolder], tmp_path: Path
) -> None:
    SettingsStore(store, Settings()).update(Settings())
    assert store.wait()
    assert not (tmp_path / "data" / "settings.json").exists()


def test_settings_count_before_they_are_written(
    store: StoreThread[DataFolder], tmp_path: Path
) -> None:
    settings = SettingsStore(store, Settings())
    settings.update(Settings(theme="dark"))
    assert settings.current.theme == "dark"
    settings.update(msgspec.structs.replace(settings.current, last_chat="c"))
    assert store.wait()
    stored = SettingsFile(tmp_path / "data" / "settings.json").read().value
    assert stored == Settings(theme="dark", last_chat="c")


def test_what_a_later_release_wrote_is_read(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(msgspec.json.encode({"theme": "dark", "novelty": 1}))
    assert SettingsFile(path).read().value.theme == "dark"


def test_two_windows_keep_each_others_settings(path: Path) -> None:
    file, begun = SettingsFile(path), Settings()
    one = Settings(theme="dark", last_chat="a")
    file.update(begun, one)
    file.update(begun, Settings(reply=ReplySettings(mtp=MtpChoice(on=False)), last_chat="b"))
    file.update(one, msgspec.structs.replace(one, overlay=OverlaySettings(shown=False)))
    kept = file.read().value
    assert (kept.theme, kept.reply.mtp.on, kept.overlay.shown) == ("dark", False, False)
    assert kept.last_chat == "b"


def test_a_file_that_was_lost_is_written_whole(path: Path) -> None:
    file, before = SettingsFile(path), Settings(theme="dark")
    file.update(before, msgspec.structs.replace(before, last_chat="c"))
    assert file.read().value == Settings(theme="dark", last_chat="c")


def test_what_was_measured_survives_a_restart(path: Path) -> None:
    SpeedsFile(path).put("pair", ONE)
    assert SpeedsFile(path).read() == {"pair": ONE}


def test_what_two_windows_measured_is_kept(path: Path) -> None:
    for pair in ("one", "other"):
        SpeedsFile(path).put(pair, ONE)
    assert SpeedsFile(path).read() == {"one": ONE, "other": ONE}


@pytest.mark.parametrize(
    "content", ["", "{", '{"pair": 3}', '{"pair": {"tokens": 1, "seconds": 0, "day": "x"}}']
)
def test_a_damaged_file_of_speeds_is_an_empty_one(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content)
    assert SpeedsFile(path).read() == {}


def test_a_disk_that_refuses_settings_and_speeds_takes_the_chats(
    store: StoreThread[DataFolder], tmp_path: Path
) -> None:
    """They count in memory, and are written once the disk takes them."""
    folder = tmp_path / "data"
    for name in ("settings.json", "plain speed.json"):
        (folder / name / "in the way").mkdir(parents=True)
    settings, speeds = SettingsStore(store, Settings()), BaselineStore(store, {})
    settings.update(Settings(theme="dark"))
    speeds.put("pair", ONE)
    chats: list[object] = []
    store.write(lambda folder: folder.chats.last_chat(), store).then(chats.append)
    assert store.wait()
    assert (settings.current.theme, speeds.get("pair"), chats) == ("dark", ONE, [None])
    assert store.unwritten == 2
    for name in ("settings.json", "plain speed.json"):
        (folder / name / "in the way").rmdir()
        (folder / name).rmdir()
    assert store.wait()
    assert SettingsFile(folder / "settings.json").read().value.theme == "dark"
    assert SpeedsFile(folder / "plain speed.json").read() == {"pair": ONE}


def test_one_comes_first_to_a_folder(tmp_path: Path) -> None:
    first = lock_folder(tmp_path / "data")
    assert first is not None
    assert lock_folder(tmp_path / "data") is None
    first.unlock()
    again = lock_folder(tmp_path / "data")
    assert again is not None
    again.unlock()


def test_a_killed_window_leaves_no_lock(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, signal, sys\n"
        "from app.services.data_folder import lock_folder\n"
        "lock = lock_folder(pathlib.Path(sys.argv[1]))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert (tmp_path / "lock").exists()
    lock = lock_folder(tmp_path)
    assert lock is not None
    assert lock.isLocked()
    lock.unlock()


def test_the_store_thread_locks_the_folder_until_it_is_closed(
    store: StoreThread[DataFolder], tmp_path: Path
) -> None:
    """Closed with its store: a window that ends leaves the folder to the next."""
    assert read_kept(store).alone
    second = open_folder(tmp_path / "data", store)
    assert not read_kept(second).alone
    assert second.close()
    assert store.close()
    third = open_folder(tmp_path / "data", store)
    assert read_kept(third).alone
    third.close()


def read_kept(store: StoreThread[DataFolder]) -> Kept:
    kept: list[Kept] = []
    store.run(DataFolder.read_kept, store).then(kept.append)
    assert store.wait()
    return kept[0]


def test_a_folder_that_cannot_be_made_is_left_to_the_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    lock = lock_folder(tmp_path / "file" / "data")
    assert lock is not None
    assert not lock.isLocked()
