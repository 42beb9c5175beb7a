"""What holds for every test: no screen, no network, and nothing left running."""

from __future__ import annotations

import contextlib
import gc
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import psutil
import pytest
from hypothesis import settings

from tests.without_mlx import FOLDERS, REASON, NoMlx, mlx_computes, skip_what_needs_mlx

T = TypeVar("T")

GRACE_S = 10  # for a thread or child process to end: other tests may have the cores just then

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["HF_HUB_OFFLINE"] = "1"

# MLX hands its CPU thread a few operations at a time. Scheduled as a batch, the two threads stop
# preempting each other at each of them: the models of the tests cost a third less.
if hasattr(os, "SCHED_BATCH"):
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))

# A machine that is busy with something else may stall at any example. 60 of them, not the library's
# 100, keep the suite within its minutes; properties that need more say so.
settings.register_profile("patient", deadline=None, max_examples=60)
settings.load_profile("patient")

if not mlx_computes():
    sys.meta_path.insert(0, NoMlx())
    collect_ignore = [*FOLDERS]


def pytest_report_header() -> list[str]:
    left_out = " and ".join(f"tests/{folder}" for folder in FOLDERS)
    return [] if mlx_computes() else [f"{REASON}. {left_out} are left out."]


# Each takes many seconds of a processor.
LONGEST = (
    "tests/app/test_with_the_worker.py",
    "tests/app/test_own_models.py",
    "tests/engine/test_equality.py",
    "tests/families/gemma4/test_spellings.py",
    "tests/engine/test_demo_pair.py",
    "tests/depth/test_simulated.py",
    "tests/app/views/chat/test_transcript.py",
    "tests/app/views/reports/test_reports_page.py",
    "tests/app/views/sidebar/test_sidebar.py",
    "tests/decode/test_batch.py",
    "tests/transport/test_worker.py",
    "tests/families/gemma4/test_golden.py",
    "tests/app/views/chat/test_message_actions.py",
    "tests/transport/test_worker_bench.py",
    "tests/app/views/chat/test_block_column.py",
    "tests/engine/test_constraints.py",
    "tests/engine/test_perfect_drafter.py",
    "tests/test_wheel.py",
)

_numbers = itertools.count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files: one that begins last leaves the other cores without work."""
    if not mlx_computes():
        skip_what_needs_mlx(items)
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.location[0], len(places)))


def pytest_collection_finish() -> None:
    """Modules and collected tests live to the end: the garbage collector need not look at them."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def qapp_cls() -> type[object]:
    """The window's own application, for there is one in a process."""
    from app.views.application import Application

    return Application


@pytest.fixture(autouse=True)
def _data_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Keep what engines learn out of the user's own data folder and of other tests."""
    folder = tmp_path_factory.getbasetemp() / f"data-{next(_numbers)}"
    monkeypatch.setenv("MTP_MLX_DATA", str(folder))


@pytest.fixture(autouse=True)
def _nothing_left_running() -> Iterator[None]:
    """A thread or a child process that outlives its test fails it."""
    threads = set(threading.enumerate())
    yield
    leaked_threads = _until_empty(lambda: {*threading.enumerate()} - threads)
    leaked_processes = _until_empty(_descendants)
    assert not leaked_threads
    assert not leaked_processes


def _descendants() -> set[psutil.Process]:
    """Listing them reads something of every process there is, so only where there is a child."""
    return set() if _childless() else {*psutil.Process().children(recursive=True)}


def _childless() -> bool:
    """False where the system cannot say."""
    if not hasattr(os, "waitid"):
        return False
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False


def _until_empty(left: Callable[[], set[T]]) -> set[T]:
    """Return what is still left after `GRACE_S`: ends are not always instant."""
    deadline = time.monotonic() + GRACE_S
    while (remaining := left()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return remaining
