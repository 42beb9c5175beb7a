"""JSON that may be damaged: what can be read of it counts, and the rest is named.

A field that cannot be read takes its default; an item of a list is left out. Nesting that is too
deep for the decoder is cut first, and costs the field it is in. Where the text is no JSON as a
whole, because it was cut or a byte of it was changed, each value that stands whole behind the name
of its field is read.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Generic, TypeVar, get_args, get_origin

import msgspec

S = TypeVar("S", bound=msgspec.Struct)
T_co = TypeVar("T_co", covariant=True)

DEEPEST = 40  # of anything that this program writes, ten at most
_MARKS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_BEHIND = re.compile(r"\s*[,}\]]")  # what follows a value within an object or a list
_DECODER = json.JSONDecoder()
UNREADABLE = (msgspec.DecodeError, ValueError, RecursionError, OverflowError)
"""What decoding raises; msgspec's own errors and those of text are ValueErrors."""


@dataclass(frozen=True, slots=True)
class Readable(Generic[T_co]):
    value: T_co
    lost: tuple[str, ...] = ()  # names of the fields that could not be read; "" is all of it


def readable(data: bytes, kind: type[S]) -> Readable[S]:
    """Return a struct whose fields all have defaults."""
    try:
        return Readable(msgspec.json.decode(data, type=kind))
    except UNREADABLE:
        pass
    try:
        return _fields(_shallow(data), kind)
    except UNREADABLE:
        pass
    try:
        read = _scattered_fields(data.decode(errors="surrogateescape"), kind)
    except UNREADABLE:
        return Readable(kind(), ("",))
    return read if read.lost else Readable(read.value, ("…",))  # a field of a later release, maybe


def readable_items(data: bytes, kind: type[S]) -> Readable[tuple[S, ...]]:
    try:
        return _items(_shallow(data), kind)
    except UNREADABLE:
        return _scattered_items(data.decode(errors="surrogateescape"), kind)


def _fields(data: bytes, kind: type[S]) -> Readable[S]:
    """Raises what decoding raises, where it is no object or lacks a field without default."""
    raw = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    values: dict[str, object] = {}
    lost: list[str] = []
    for field in msgspec.structs.fields(kind):
        if field.encode_name in raw:
            try:
                read = _value(bytes(raw[field.encode_name]), field.type)
            except UNREADABLE:
                lost.append(field.name)
            else:
                values[field.name] = read.value
                lost += [f"{field.name}.{name}".rstrip(".") for name in read.lost]
    return _made(kind, values, lost)


def _made(kind: type[S], values: dict[str, object], lost: list[str]) -> Readable[S]:
    """Raises DecodeError where the values make no struct."""
    for without in ("", *values):  # "" leaves out nothing
        try:
            value = kind(**{name: value for name, value in values.items() if name != without})
        except ValueError:  # the struct itself refuses a value
            continue
        except TypeError as error:  # a field without default is missing
            raise msgspec.DecodeError(str(error)) from error
        return Readable(value, tuple([*lost, without] if without else lost))
    raise msgspec.DecodeError(kind.__name__)


def _value(data: bytes, kind: object) -> Readable[object]:
    """Structs and tuples of structs are read by their parts, anything else whole."""
    try:
        return Readable(msgspec.json.decode(data, type=kind))
    except UNREADABLE:
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            found: Readable[object] = _fields(data, kind)
            return found
        item = get_args(kind)[0] if get_origin(kind) is tuple else None
        if isinstance(item, type) and issubclass(item, msgspec.Struct):
            return _items(data, item)
        raise


def _items(data: bytes, kind: type[S]) -> Readable[tuple[S, ...]]:
    items: list[S] = []
    lost: list[str] = []
    for place, raw in enumerate(msgspec.json.decode(data, type=list[msgspec.Raw])):
        try:
            read = _value(bytes(raw), kind)
        except UNREADABLE:
            lost.append(str(place))
        else:
            items.append(read.value)  # type: ignore[arg-type]  # of the kind that was asked for
            lost += [f"{place}.{name}" for name in read.lost]
    return Readable(tuple(items), tuple(lost))


def _scattered_fields(text: str, kind: type[S]) -> Readable[S]:
    """Return what can be read of an object that is no JSON: every field that is missing is lost.

    Raises DecodeError where nothing of it can be read.
    """
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    names = re.compile(f'"({"|".join(map(re.escape, fields))})"\\s*:\\s*')
    values: dict[str, object] = {}
    lost: list[str] = []
    at = 0
    while (mark := names.search(text, at)) is not None:
        field, at = fields[mark[1]], mark.end()
        try:
            end = _end_of_value(text, at)
            read = _value(text[at:end].encode(errors="surrogateescape"), field.type)
        except UNREADABLE:
            following = names.search(text, at)
            read = _scattered(text[at : following.start() if following else None], field.type)
        else:
            at = end
        lost += [f"{field.name}.{name}".rstrip(".") for name in read.lost]
        if read.value or not read.lost:
            values[field.name] = read.value
    if not values:
        raise msgspec.DecodeError(kind.__name__)
    unseen = [f.name for f in fields.values() if f.name not in values and f.name not in lost]
    return _made(kind, values, [*lost, *unseen])


def _scattered(text: str, kind: object) -> Readable[object]:
    """Return what can be read of a value that is no JSON, None where that is nothing."""
    item = get_args(kind)[0] if get_origin(kind) is tuple else None
    if isinstance(item, type) and issubclass(item, msgspec.Struct):
        items: Readable[object] = _scattered_items(text, item)
        return items
    try:
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            fields: Readable[object] = _scattered_fields(text, kind)
            return fields
    except UNREADABLE:
        pass
    return Readable(None, ("",))


def _scattered_items(text: str, kind: type[S]) -> Readable[tuple[S, ...]]:
    """Return the objects of the kind that stand whole in a text that is no JSON."""
    items: list[S] = []
    at = 0
    while (at := text.find("{", at)) >= 0:
        try:
            end = _end_of_value(text, at)
            raw = text[at:end].encode(errors="surrogateescape")
            items.append(msgspec.json.decode(raw, type=kind))
        except UNREADABLE:
            at += 1
        else:
            at = end
    return Readable(tuple(items), ("",))


def _end_of_value(text: str, at: int) -> int:
    """Return where the JSON value that begins there ends. Raises ValueError, RecursionError."""
    _, end = _DECODER.raw_decode(text, at)
    if _BEHIND.match(text, end) is None:  # the rest of a number may have been cut
        raise ValueError
    return end


def _shallow(data: bytes) -> bytes:
    """Return the JSON with null in place of what is nested too deep."""
    parts: list[bytes] = []
    depth = 0
    begin = 0
    for mark in _MARKS.finditer(data):
        if mark[0] in b"[{":
            depth += 1
            if depth == DEEPEST + 1:
                parts += [data[begin : mark.start()], b"null"]
        elif mark[0] in b"]}":
            depth -= 1
            if depth == DEEPEST:
                begin = mark.end()
    if depth > DEEPEST:
        return b"".join(parts)
    return b"".join([*parts, data[begin:]])
