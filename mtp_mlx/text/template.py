"""The checkpoint's own chat template, in a sandbox.

Templates come from strangers, so they run in Jinja2's immutable sandbox. They get the messages, the
switch for thinking, the names of four tokens, and the helpers of the environment in transformers,
so that the prompt is the same as there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mtp_mlx.api import Message
from mtp_mlx.errors import DamagedModel, UsageError
from mtp_mlx.files import damaged, read_object
from mtp_mlx.text.vocabulary import named_tokens

TEMPLATE_FILE = "chat_template.jinja"
FURTHER_TEMPLATES = "additional_chat_templates"
DEFAULT = "default"
"""The name of the template for a conversation, where a checkpoint has several."""

LONGEST = 2**26
"""Characters of a prompt: more than any context holds."""


class ChatTemplate:
    def __init__(self, source: str, tokens: Mapping[str, str] | None = None) -> None:
        """`tokens`: bos_token and the like. Raises jinja2.TemplateError."""
        self.source = source
        self._template = _environment().from_string(source)
        self._tokens = dict(tokens or {})

    @classmethod
    def load(cls, folder: Path) -> ChatTemplate | None:
        """Return the folder's template; None where it has none. Raises DamagedModel."""
        source = template_source(folder)
        if source is None:
            return None
        try:
            return cls(source, named_tokens(folder))
        except jinja2.TemplateSyntaxError as error:
            raise damaged_template(f"{error.message} (line {error.lineno})") from error
        except Exception as error:  # compiling computes constants, which may fail in any way
            raise damaged_template(str(error) or type(error).__name__) from error

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
            return _joined(
                self._template.generate(
                    self._tokens,
                    messages=turns,
                    tools=None,
                    documents=None,
                    enable_thinking=thinking,
                    add_generation_prompt=add_generation_prompt,
                )
            )
        except Exception as error:  # a template is a program and may fail in any way
            reason = " ".join(str(error).split()).rstrip(".")[:160] or type(error).__name__
            raise UsageError(
                f"The model's chat template refuses this conversation: {reason}.",
                "Change the messages, or give the prompt as it is on the command line (--raw).",
            ) from error


def damaged_template(why: str) -> DamagedModel:
    """Return the error for a template that cannot be used; the tokenizer may still be."""
    reason = " ".join(why.split()).rstrip(".")[:160]
    return DamagedModel(
        f"The model's chat template cannot be used: {reason}.",
        "Download the model again, or give the prompt as it is on the command line (--raw).",
    )


def _joined(parts: Iterable[str]) -> str:
    """Return the parts as one text. Raises ValueError where it grows past any context."""
    texts, length = [], 0
    for part in parts:
        texts.append(part)
        length += len(part)
        if length > LONGEST:
            raise ValueError(f"it writes more than {LONGEST} characters")
    return "".join(texts)


def template_source(folder: Path) -> str | None:
    """Return the text of the folder's template; None where it has none. Raises DamagedModel.

    The order is that of transformers: files of their own, tokenizer_config.json, and last
    chat_template.json, which is what processors have.
    """
    if (file := folder / TEMPLATE_FILE).is_file():
        return _text(file)
    further = {file.stem: file for file in sorted((folder / FURTHER_TEMPLATES).glob("*.jinja"))}
    if DEFAULT in further:
        return _text(further[DEFAULT])
    for name in ("tokenizer_config.json", "chat_template.json"):
        source = _chosen(read_object(folder / name).get("chat_template"))
        if source:
            return source
    return _text(next(iter(further.values()))) if further else None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise damaged(file, str(error)) from error


def _chosen(entry: object) -> str | None:
    """Return the template in an entry: a text, or several by name, listed or mapped.

    Of several it is the one named "default", else the first.
    """
    if isinstance(entry, list):
        named = [one for one in entry if isinstance(one, Mapping)]
        entry = {str(one.get("name")): one.get("template") for one in named}
    if not isinstance(entry, Mapping):
        return entry if isinstance(entry, str) else None
    sources = {str(name): text for name, text in entry.items() if isinstance(text, str)}
    return sources.get(DEFAULT, next(iter(sources.values()), None))


class Generation(Extension):
    """`{% generation %}` … `{% endgeneration %}`: marks what a model wrote, for training.

    A prompt has the content alone, in a scope of its own.
    """

    tags = {"generation"}  # noqa: RUF012 - as Jinja2 declares it

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        content = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(content).set_lineno(line)


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", Generation]
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = _strftime_now
    return environment


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | str | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """Return JSON as it is: Jinja's own filter escapes HTML, which would change the prompt.

    The arguments have the order and the defaults of transformers.
    """
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )


def _raise_exception(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)


def _strftime_now(pattern: str) -> str:
    return datetime.now().strftime(pattern)  # noqa: DTZ005 - local time without a zone, as there
