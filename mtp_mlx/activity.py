"""What macOS is told while the engine works, so that it neither slows it down nor falls asleep.

macOS takes a process without a window for idle: after half a minute it runs on the efficiency cores
("App Nap"), also as the child of a window that is in use. Elsewhere all this does nothing.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ctypes import CDLL, c_int, c_uint, c_uint64, c_void_p

from mtp_mlx.objc import Runtime, foundation

_USER_INITIATED_ALLOWING_IDLE_SYSTEM_SLEEP = 0x00EFFFFF  # NSProcessInfo.h, NSActivityOptions
_QOS_CLASS_USER_INITIATED = 0x19  # sys/qos.h
_CAFFEINATE = "/usr/bin/caffeinate"

_log = logging.getLogger(__name__)


@contextmanager
def working(doing: str, runtime: Callable[[], Runtime | None] = foundation) -> Iterator[None]:
    """Keep this process at full speed. `doing` is what macOS tells of it in its diagnostics."""
    mac = runtime()
    token = None if mac is None else _begin(mac, doing)
    try:
        yield
    finally:
        if mac is not None and token is not None:
            _end(mac, token)


def _begin(mac: Runtime, doing: str) -> int | None:
    """Return the token of an activity, retained: the pool would release it at once."""
    with mac.pool():
        options = c_uint64(_USER_INITIATED_ALLOWING_IDLE_SYSTEM_SLEEP)
        reason = mac.string(doing)
        if reason is None:
            return None
        name = "beginActivityWithOptions:reason:"
        token = mac.send(_process(mac), name, c_void_p, options, c_void_p(reason))
        retained: int | None = mac.send(token, "retain", c_void_p)
        return retained


def _end(mac: Runtime, token: int) -> None:
    with mac.pool():
        mac.send(_process(mac), "endActivity:", None, c_void_p(token))
        mac.send(token, "release", None)


def _process(mac: Runtime) -> int | None:
    process: int | None = mac.send(mac.class_of("NSProcessInfo"), "processInfo", c_void_p)
    return process


@contextmanager
def awake(doing: str) -> Iterator[None]:
    """Keep this process at full speed and a Mac from falling asleep; its display may.

    `caffeinate` ends with this process, however that ends.
    """
    with working(doing), _caffeinated():
        yield


@contextmanager
def _caffeinated() -> Iterator[None]:
    child, platform = None, sys.platform
    if platform == "darwin":
        with suppress(OSError):
            child = subprocess.Popen(
                [_CAFFEINATE, "-i", "-w", str(os.getpid())],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
    try:
        yield
    finally:
        if child is not None:
            child.terminate()
            child.wait()


def hurry(platform: str = sys.platform, library: Callable[[None], CDLL] = CDLL) -> None:
    """Give the calling thread the class of work that a user waits for.

    The class decides on which cores the thread runs. A thread that sets a priority by itself, with
    another function of pthread, leaves its class for ever: nothing here does.
    """
    if platform != "darwin":
        return
    try:
        set_class = library(None).pthread_set_qos_class_self_np
    except (OSError, AttributeError):
        return
    set_class.argtypes, set_class.restype = [c_uint, c_int], c_int
    if error := set_class(_QOS_CLASS_USER_INITIATED, 0):
        _log.warning("the thread keeps its class: %s", os.strerror(error))
