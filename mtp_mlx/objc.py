"""Messages to Objective-C objects, through ctypes.

Only macOS has the runtime. Where it, a class or a method is missing, nothing is sent and the answer
is None: no program ends for want of a courtesy of the system.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import CDLL, CFUNCTYPE, c_bool, c_char_p, c_void_p, cast
from functools import cache
from typing import Any

_RUNTIME = "/usr/lib/libobjc.A.dylib"
_FRAMEWORK = "/System/Library/Frameworks/{name}.framework/{name}"

Load = Callable[[str], CDLL]


class Runtime:
    """The runtime in `library`. Raises AttributeError where it lacks a function."""

    def __init__(self, library: CDLL) -> None:
        self._class = library.objc_getClass
        self._class.argtypes, self._class.restype = [c_char_p], c_void_p
        self._selector = library.sel_registerName
        self._selector.argtypes, self._selector.restype = [c_char_p], c_void_p
        self._push = library.objc_autoreleasePoolPush
        self._push.argtypes, self._push.restype = [], c_void_p
        self._pop = library.objc_autoreleasePoolPop
        self._pop.argtypes, self._pop.restype = [c_void_p], None
        self._send = cast(library.objc_msgSend, c_void_p).value or 0

    @contextmanager
    def pool(self) -> Iterator[None]:
        """Release in the end what methods return: a thread without a loop keeps it for ever."""
        pushed = self._push()
        try:
            yield
        finally:
            self._pop(pushed)

    def class_of(self, name: str) -> int | None:
        """Return the class of that name."""
        found: int | None = self._class(name.encode())
        return found

    def string(self, text: str) -> int | None:
        """Return an NSString, which the pool releases."""
        made: int | None = self.send(
            self.class_of("NSString"), "stringWithUTF8String:", c_void_p, c_char_p(text.encode())
        )
        return made

    def send(self, receiver: int | None, name: str, returns: type | None, *arguments: Any) -> Any:
        """Send a message and return the answer; None where the receiver lacks the method.

        `arguments` are ctypes values. objc_msgSend has no prototype of its own: it jumps to the
        method with the registers as they are, and on arm64 variadic arguments lie elsewhere. So
        each call has the method's own prototype.
        """
        if receiver is None or not self._has(receiver, name):
            return None
        return self._call(receiver, name, returns, *arguments)

    def _has(self, receiver: int, name: str) -> bool:
        """Whether the receiver has the method; a message that it lacks would end the process."""
        selector = c_void_p(self._selector(name.encode()))
        return bool(self._call(receiver, "respondsToSelector:", c_bool, selector))

    def _call(self, receiver: int, name: str, returns: type | None, *arguments: Any) -> Any:
        prototype = CFUNCTYPE(returns, c_void_p, c_void_p, *map(type, arguments))
        return prototype(self._send)(receiver, self._selector(name.encode()), *arguments)


def load(framework: str, library: Load = CDLL, platform: str = sys.platform) -> Runtime | None:
    """Return the runtime with the classes of a framework; None where there is none."""
    if platform != "darwin":
        return None
    try:
        library(_FRAMEWORK.format(name=framework))
        return Runtime(library(_RUNTIME))
    except (OSError, AttributeError):
        return None


@cache
def foundation() -> Runtime | None:
    return load("Foundation")


@cache
def appkit() -> Runtime | None:
    return load("AppKit")
