"""The checkpoint's own chat template, in a sandbox.

Templates come from strangers, so they run in Jinja2's immutable sandbox. They get the messages, the
switch for thinking, the names of four tokens, and the helpers of the environment in transformers,
so that the prompt is the same as there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mtp_mlx.api import Message
from mtp_mlx.errors import UsageError
from mtp_mlx.files import damaged, read_object
from mtp_mlx.text.vocabulary import token_name

TEMPLATE_FILE = "chat_template.jinja"
TOKEN_NAMES = ("bos_token", "eos_token", "pad_token", "unk_token")
"""The tokens that a template may write by these names, such as the bos at the start."""


class ChatTemplate:
    def __init__(self, source: str, tokens: Mapping[str, str] | None = None) -> None:
        """Compile `source`; `tokens` has names by key. Raises jinja2.TemplateSyntaxError."""
        self._template = _environment().from_string(source)
        self._tokens = dict(tokens or {})

    @classmethod
    def load(cls, folder: Path) -> ChatTemplate | None:
        """Return the folder's template; None where it has none. Raises DamagedModel."""
        config = read_object(folder / "tokenizer_config.json")
        source = _source(folder, config)
        if source is None:
            return None
        tokens = {key: name for key in TOKEN_NAMES if (name := token_name(config.get(key)))}
        try:
            return cls(source, tokens)
        except jinja2.TemplateSyntaxError as error:
            raise damaged(folder / TEMPLATE_FILE, f"{error} (line {error.lineno})") from error

    def render(
        self,
        messages: Sequence[Message],
        *,
        thinking: bool,
        add_generation_prompt: bool = True,
    ) -> str:
        """Return the prompt for a conversation, bos included. Raises UsageError."""
        turns = [{"role": message.role, "content": message.content} for message in messages]
        try:
            return self._template.render(
                messages=turns,
                enable_thinking=thinking,
                add_generation_prompt=add_generation_prompt,
                **self._tokens,
            )
        except Exception as error:  # a template is a program and may fail in any way
            reason = " ".join(str(error).split()).rstrip(".")[:200]
            raise UsageError(
                f"The model's chat template refuses this conversation: {reason}.",
                "Change the messages, or give the prompt as it is (--raw).",
            ) from error


def _source(folder: Path, config: Mapping[str, Any]) -> str | None:
    file = folder / TEMPLATE_FILE
    if file.is_file():
        try:
            return file.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise damaged(file, str(error)) from error
    entry = config.get("chat_template")
    entry = entry or read_object(folder / "chat_template.json").get("chat_template")
    return _named(entry) if isinstance(entry, list) else entry if isinstance(entry, str) else None


def _named(entries: Sequence[object]) -> str | None:
    """Return the template named "default", else the first of the list; None where it is empty."""
    sources = {
        str(entry.get("name")): text
        for entry in entries
        if isinstance(entry, Mapping) and isinstance(text := entry.get("template"), str)
    }
    return sources.get("default", next(iter(sources.values()), None))


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = _strftime_now
    return environment


def _to_json(value: object, indent: int | None = None, ensure_ascii: bool = False) -> str:
    """Return plain JSON: Jinja's own filter escapes HTML, which would change the prompt."""
    return json.dumps(value, indent=indent, ensure_ascii=ensure_ascii)


def _raise_exception(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)


def _strftime_now(pattern: str) -> str:
    return datetime.now().astimezone().strftime(pattern)
