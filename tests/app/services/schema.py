"""As much of JSON Schema (draft 2020-12) as `report.schema.json` uses; an unknown word fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}


def violations(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> list[str]:
    return list(_walk(value, schema, root, "$"))


def _walk(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str) -> Iterator[str]:
    for word, rule in schema.items():
        if word not in {"$schema", "$defs", "title", "description", "default"}:
            yield from WORDS[word](value, rule, root, at)


def _reference(value: Any, rule: str, root: dict[str, Any], at: str) -> Iterator[str]:
    yield from _walk(value, root["$defs"][rule.removeprefix("#/$defs/")], root, at)


def _type(value: Any, rule: str | list[str], root: dict[str, Any], at: str) -> Iterator[str]:
    if not any(TYPES[name](value) for name in ([rule] if isinstance(rule, str) else rule)):
        yield f"{at}: {value!r} is no {rule}"


def _any_of(value: Any, rule: list[dict[str, Any]], root: dict[str, Any], at: str) -> Iterator[str]:
    if all(violations(value, option, root) for option in rule):
        yield f"{at}: {value!r} is none of the options"


def _enum(value: Any, rule: list[Any], root: dict[str, Any], at: str) -> Iterator[str]:
    if value not in rule:
        yield f"{at}: {value!r} is not in {rule}"


def _minimum(value: Any, rule: float, root: dict[str, Any], at: str) -> Iterator[str]:
    if TYPES["number"](value) and value < rule:
        yield f"{at}: {value!r} < {rule}"


def _maximum(value: Any, rule: float, root: dict[str, Any], at: str) -> Iterator[str]:
    if TYPES["number"](value) and value > rule:
        yield f"{at}: {value!r} > {rule}"


def _shortest(value: Any, rule: int, root: dict[str, Any], at: str) -> Iterator[str]:
    if isinstance(value, str | list) and len(value) < rule:
        yield f"{at}: shorter than {rule}"


def _required(value: Any, rule: list[str], root: dict[str, Any], at: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{at}: no {name!r}" for name in rule if name not in value)


def _properties(value: Any, rule: dict[str, Any], root: dict[str, Any], at: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name in rule.keys() & value.keys():
            yield from _walk(value[name], rule[name], root, f"{at}.{name}")


def _longest(value: Any, rule: int, root: dict[str, Any], at: str) -> Iterator[str]:
    if isinstance(value, list) and len(value) > rule:
        yield f"{at}: longer than {rule}"


def _items(
    value: Any, rule: dict[str, Any] | Literal[False], root: dict[str, Any], at: str
) -> Iterator[str]:
    """False stands beside `prefixItems` and `maxItems`, which say as much."""
    if isinstance(value, list) and rule is not False:
        for index, item in enumerate(value):
            yield from _walk(item, rule, root, f"{at}[{index}]")


def _first_items(
    value: Any, rule: list[dict[str, Any]], root: dict[str, Any], at: str
) -> Iterator[str]:
    if isinstance(value, list):
        for index, (item, one) in enumerate(zip(value, rule, strict=False)):
            yield from _walk(item, one, root, f"{at}[{index}]")


WORDS: dict[str, Callable[[Any, Any, dict[str, Any], str], Iterator[str]]] = {
    "$ref": _reference,
    "type": _type,
    "anyOf": _any_of,
    "enum": _enum,
    "minimum": _minimum,
    "maximum": _maximum,
    "minLength": _shortest,
    "minItems": _shortest,
    "required": _required,
    "properties": _properties,
    "maxItems": _longest,
    "items": _items,
    "prefixItems": _first_items,
}
