"""An Objective-C runtime that notes its messages: real C functions, which ctypes makes of Python's.

A message goes through one function, as in the true runtime. Objects, classes and selectors are the
addresses of their names, which need all 64 bits: a call without a prototype would cut them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from ctypes import CDLL, CFUNCTYPE, c_char_p, c_uint64, c_void_p
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

Answer = str | bool | None
"""What a method returns: the name of an object, a truth or nothing."""


@dataclass(frozen=True, slots=True)
class Message:
    receiver: str
    name: str
    arguments: tuple[object, ...] = ()


@dataclass(kw_only=True)
class FakeObjc:
    """`methods` by receiver and name; `arguments` says of a name what each argument is."""

    methods: Mapping[tuple[str, str], Answer]
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    missing: str = ""  # a function that the library lacks
    messages: list[Message] = field(default_factory=list)
    pools: list[str] = field(default_factory=list)  # "push" and "pop"
    paths: list[str] = field(default_factory=list)  # of the libraries that were asked for

    def __post_init__(self) -> None:
        self._names: dict[str, ctypes.Array[ctypes.c_char]] = {}
        functions = {
            "objc_getClass": CFUNCTYPE(c_void_p, c_char_p)(self._class),
            "sel_registerName": CFUNCTYPE(c_void_p, c_char_p)(self._selector),
            "objc_autoreleasePoolPush": CFUNCTYPE(c_void_p)(self._push),
            "objc_autoreleasePoolPop": CFUNCTYPE(None, c_void_p)(self._pop),
            "objc_msgSend": CFUNCTYPE(c_uint64, c_void_p, c_void_p, c_uint64, c_uint64)(self._send),
        }
        functions.pop(self.missing, None)
        self._library = SimpleNamespace(**functions)

    def open(self, path: str) -> CDLL:
        self.paths.append(path)
        return cast("CDLL", self._library)

    def _address(self, name: str) -> int:
        kept = self._names.setdefault(name, ctypes.create_string_buffer(name.encode()))
        address = ctypes.addressof(kept)
        assert address > 2**32, "an address that a call without a prototype would not cut"
        return address

    def _class(self, name: bytes) -> int:
        return self._address(name.decode()) if self._knows(name.decode()) else 0

    def _knows(self, receiver: str) -> bool:
        return any(receiver == known for known, _ in self.methods)

    def _selector(self, name: bytes) -> int:
        return self._address(name.decode())

    def _push(self) -> int:
        self.pools.append("push")
        return self._address("a pool")

    def _pop(self, pool: int) -> None:
        assert _text(pool) == "a pool"
        self.pools.append("pop")

    def _send(self, receiver: int, selector: int, first: int, second: int) -> int:
        to, name = _text(receiver), _text(selector)
        if name == "respondsToSelector:":
            return int((to, _text(first)) in self.methods)
        kinds = self.arguments.get(name, ())
        values = tuple(
            _text(value) if kind == "text" else value
            for kind, value in zip(kinds, (first, second), strict=False)
        )
        self.messages.append(Message(to, name, values))
        answer = self.methods[to, name]
        return self._address(answer) if isinstance(answer, str) else int(bool(answer))


def _text(address: Any) -> str:
    return ctypes.string_at(address).decode()
