"""What macOS is told, against libraries that note it: C functions made by ctypes."""

from __future__ import annotations

import errno
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import CDLL, CFUNCTYPE, c_bool, c_char_p, c_int, c_uint, c_uint64, c_void_p
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

import mtp_mlx
from mtp_mlx import activity, objc
from mtp_mlx.activity import awake, hurry, working
from mtp_mlx.api import Bench, CountTokens
from mtp_mlx.events import BenchFinished
from mtp_mlx.host import Host
from mtp_mlx.objc import Runtime
from tests.support.mac import FakeObjc, Message
from tests.test_host import ASK, Told, host_of

BEGIN, END = "beginActivityWithOptions:reason:", "endActivity:"
METHODS = {
    ("NSString", "stringWithUTF8String:"): "the reason",
    ("NSProcessInfo", "processInfo"): "the process",
    ("the process", BEGIN): "the activity",
    ("the process", END): None,
    ("the activity", "retain"): "the activity",
    ("the activity", "release"): None,
}
ARGUMENTS = {
    "stringWithUTF8String:": ("text",),
    BEGIN: ("number", "text"),
    END: ("text",),
}
BEGUN = [
    Message("NSString", "stringWithUTF8String:", ("Writing a reply",)),
    Message("NSProcessInfo", "processInfo"),
    Message("the process", BEGIN, (0x00EFFFFF, "the reason")),
    Message("the activity", "retain"),
]
ENDED = [
    Message("NSProcessInfo", "processInfo"),
    Message("the process", END, ("the activity",)),
    Message("the activity", "release"),
]


@pytest.fixture
def mac() -> FakeObjc:
    return FakeObjc(methods=METHODS, arguments=ARGUMENTS)


def runtime(mac: FakeObjc) -> Runtime | None:
    return objc.load("Foundation", mac.open, "darwin")


def test_an_activity_lasts_as_long_as_the_work(mac: FakeObjc) -> None:
    with working("Writing a reply", lambda: runtime(mac)):
        assert mac.messages == BEGUN
    assert mac.messages == BEGUN + ENDED
    assert mac.pools == ["push", "pop"] * 2
    framework = "/System/Library/Frameworks/Foundation.framework/Foundation"
    assert mac.paths == [framework, "/usr/lib/libobjc.A.dylib"]


def test_work_that_fails_ends_its_activity(mac: FakeObjc) -> None:
    with pytest.raises(ValueError, match="no"), working("Writing a reply", lambda: runtime(mac)):
        raise ValueError("no")
    assert mac.messages == BEGUN + ENDED


def test_each_message_has_the_prototype_of_its_method(
    mac: FakeObjc, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On arm64 a call without it hands arguments over where the method does not look."""
    prototypes: list[tuple[Any, ...]] = []

    def note(*types: Any) -> Any:
        prototypes.append(types)
        return CFUNCTYPE(*types)

    monkeypatch.setattr(objc, "CFUNCTYPE", note)
    with working("Writing a reply", lambda: runtime(mac)):
        pass
    to = (c_void_p, c_void_p)  # the receiver and the selector
    asked = (c_bool, *to, c_void_p)
    begun = [
        (c_void_p, *to, c_char_p),
        (c_void_p, *to),
        (c_void_p, *to, c_uint64, c_void_p),
        (c_void_p, *to),
    ]
    ended = [(c_void_p, *to), (None, *to, c_void_p), (None, *to)]
    assert prototypes == [kind for sent in begun + ended for kind in (asked, sent)]


@pytest.mark.parametrize(
    "function",
    [
        "objc_getClass", "sel_registerName", "objc_autoreleasePoolPush", "objc_autoreleasePoolPop",
        "objc_msgSend",
    ],
)  # fmt: skip
def test_a_library_without_a_function_is_left_alone(function: str) -> None:
    mac = FakeObjc(methods=METHODS, missing=function)
    with working("Writing a reply", lambda: runtime(mac)):
        pass
    assert mac.messages == []


@pytest.mark.parametrize("method", METHODS, ids=" ".join)
def test_a_method_that_is_missing_is_not_called(method: tuple[str, str]) -> None:
    left = {known: answer for known, answer in METHODS.items() if known != method}
    mac = FakeObjc(methods=left, arguments=ARGUMENTS)
    with working("Writing a reply", lambda: runtime(mac)):
        pass
    assert Message(*method) not in [Message(sent.receiver, sent.name) for sent in mac.messages]
    assert mac.pools.count("push") == mac.pools.count("pop")


def test_there_is_no_runtime_without_its_library() -> None:
    def refuse(_path: str) -> CDLL:
        raise OSError("no such file")

    assert objc.load("Foundation", refuse, "darwin") is None
    assert objc.load("Foundation", refuse, "linux") is None


# The host


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the host tells macOS, in order."""
    told: list[str] = []

    def noted(kind: str) -> Any:
        @contextmanager
        def note(doing: str) -> Iterator[None]:
            told.append(f"{kind}: {doing}")
            yield
            told.append("over")

        return note

    for kind in ("working", "awake"):
        monkeypatch.setattr(f"mtp_mlx.host.{kind}", noted(kind))
    monkeypatch.setattr("mtp_mlx.host.hurry", lambda: told.append("hurry"))
    return told


def test_a_host_is_active_while_it_writes_and_not_between(told: list[str]) -> None:
    engine = Told()
    engine.before = lambda index: told.append(f"round {index}")
    host = host_of(engine)
    assert told == ["hurry"]
    host.submit(ASK).wait()
    rounds = [f"round {index}" for index in range(3)]
    assert told == ["hurry", "working: Writing a reply", *rounds, "over"]
    host.submit(CountTokens(text="words")).wait()
    assert told[-2:] == ["working: Counting tokens", "over"]


def test_a_reply_that_fails_leaves_no_activity(monkeypatch: pytest.MonkeyPatch) -> None:
    mac = FakeObjc(methods=METHODS, arguments=ARGUMENTS)
    monkeypatch.setattr("mtp_mlx.host.working", lambda doing: working(doing, lambda: runtime(mac)))
    with pytest.raises(ValueError, match="broken"):
        host_of(Told(failure=ValueError("broken"))).submit(ASK).wait()
    assert mac.messages == BEGUN + ENDED


def test_a_benchmark_keeps_the_mac_awake(told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "mtp_mlx.bench.session.benchmark",
        lambda *_: iter([BenchFinished(report=None, reason="done", saved=None, warnings=())]),
    )
    host_of(Told()).submit(Bench()).wait()
    assert told == ["hurry", "awake: Running a benchmark", "over"]


# Sleep


@pytest.mark.parametrize("platform", ["darwin", "linux"])
def test_a_mac_is_awake_as_long_as_the_work(
    platform: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    caffeinate = tmp_path / "caffeinate"
    caffeinate.write_text("#!/bin/sh\nexec sleep 600\n")
    caffeinate.chmod(0o755)
    started: list[subprocess.Popen[bytes]] = []

    def start(*given: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(Popen(*given, **options))
        return started[-1]

    Popen = subprocess.Popen  # noqa: N806  (a class)
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(activity, "_CAFFEINATE", str(caffeinate))
    monkeypatch.setattr(activity, "foundation", lambda: None)
    monkeypatch.setattr(subprocess, "Popen", start)
    with awake("Downloading a model"):
        assert [child.poll() for child in started] == [None] * (platform == "darwin")
    assert all(child.returncode is not None for child in started)


def test_a_mac_without_caffeinate_may_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr(activity, "_CAFFEINATE", "/nowhere/caffeinate")
    done = False
    with awake("Downloading a model"):
        done = True
    assert done


# The thread's class


def library(answer: int, calls: list[tuple[int, int]]) -> CDLL:
    def set_class(kind: int, priority: int) -> int:
        calls.append((kind, priority))
        return answer

    function = CFUNCTYPE(c_int, c_uint, c_int)(set_class)
    return cast("CDLL", SimpleNamespace(pthread_set_qos_class_self_np=function))


def test_the_thread_is_one_that_a_user_waits_for() -> None:
    calls: list[tuple[int, int]] = []
    pthread = library(0, calls)
    hurry("darwin", lambda _: pthread)
    assert calls == [(0x19, 0)]
    assert pthread.pthread_set_qos_class_self_np.argtypes == [c_uint, c_int]
    hurry("linux", lambda _: pthread)
    assert len(calls) == 1


def test_a_thread_that_keeps_its_class_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    hurry("darwin", lambda _: library(errno.EPERM, []))
    assert "the thread keeps its class: Operation not permitted" in caplog.text


def test_a_system_without_classes_is_left_alone() -> None:
    hurry("darwin", lambda _: cast("CDLL", SimpleNamespace()))


def test_no_code_sets_a_priority_by_itself() -> None:
    """A thread or process that does leaves the classes, or runs on efficiency cores."""
    forbidden = re.compile(r"pthread_setschedparam|setpriority|os\.nice|sched_setscheduler")
    root = Path(mtp_mlx.__file__).parent
    modules = [*root.rglob("*.py"), *(root.parent / "app").rglob("*.py")]
    assert [str(path) for path in modules if forbidden.search(path.read_text())] == []


def test_a_host_may_be_made_on_this_system() -> None:
    assert not Host().submit(ASK).is_over
