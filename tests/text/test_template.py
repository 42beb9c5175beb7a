from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import jinja2
import msgspec
import pytest

from mtp_mlx.api import Message, Role
from mtp_mlx.errors import DamagedModel, UsageError
from mtp_mlx.text.codec import Dialogue, LocalCodec
from mtp_mlx.text.template import ChatTemplate
from tests.text.samples import byte_fallback, write_json

GEMMA_LIKE = """\
{{ bos_token }}
{%- if enable_thinking %}{{ '<|turn>system\\n<|think|><turn|>\\n' }}{% endif %}
{%- for message in messages %}
    {%- if message.role == 'tool' %}{% continue %}{% endif %}
    {%- set role = 'model' if message['role'] == 'assistant' else message.role %}
    {{- '<|turn>' + role + '\\n' + message.content | trim + '<turn|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|turn>model\\n' }}{% endif %}
"""


def turn(content: str, role: Role = "user") -> Message:
    return Message(role=role, content=content)


def rendered(source: str, *messages: Message) -> str:
    return ChatTemplate(source, {"bos_token": "<bos>"}).render(messages, thinking=False)


def test_a_conversation_becomes_turns() -> None:
    text = rendered(
        GEMMA_LIKE, turn("be brief", "system"), turn(" hello "), turn("hi", "assistant")
    )
    assert text == (
        "<bos><|turn>system\nbe brief<turn|>\n<|turn>user\nhello<turn|>\n"
        "<|turn>model\nhi<turn|>\n<|turn>model\n"
    )


def test_thinking_and_the_generation_prompt_are_switches() -> None:
    template = ChatTemplate(GEMMA_LIKE, {"bos_token": "<bos>"})
    text = template.render([turn("hello")], thinking=True, add_generation_prompt=False)
    assert text == "<bos><|turn>system\n<|think|><turn|>\n<|turn>user\nhello<turn|>\n"


def test_blocks_are_trimmed_as_in_transformers() -> None:
    assert rendered("  {% if true %}\nx\n  {% endif %}\ny") == "x\ny"


def test_json_is_not_escaped_for_html() -> None:
    assert rendered("{{ messages[0].content | tojson }}", turn("<é>'")) == '"<é>\'"'
    assert rendered("{{ {'b': 1, 'a': 2} | tojson(indent=1) }}") == '{\n "b": 1,\n "a": 2\n}'


def test_the_date_can_be_asked_for() -> None:
    year = int(rendered("{{ strftime_now('%Y') }}"))
    assert abs(year - datetime.now(tz=UTC).year) <= 1


@pytest.mark.parametrize(
    "source",
    [
        "{{ raise_exception('Roles must\nalternate.') }}",
        "{{ nothing.there.at_all }}",
        "{{ messages.append(1) }}",
        "{{ ''.__class__.__mro__ }}",
        "{% for i in range(10000000) %}{% endfor %}",
    ],
)
def test_a_failing_or_forbidden_template_is_one_sentence(source: str) -> None:
    with pytest.raises(UsageError, match="refuses this conversation") as caught:
        rendered(source, turn("hello"))
    assert "\n" not in str(caught.value)
    assert ".." not in str(caught.value)


def test_a_prompt_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mtp_mlx.text.template.LONGEST", 100)
    with pytest.raises(UsageError, match="writes more than 100 characters"):
        rendered("{% for m in range(99) %}{{ messages }}{% endfor %}", turn("hello"))


def test_a_constant_that_cannot_be_computed_is_told(tmp_path: Path) -> None:
    (tmp_path / "chat_template.jinja").write_text("{% macro a(b, b) %}{% endmacro %}")
    with pytest.raises(DamagedModel, match=r"chat template cannot be used: .*--raw"):
        ChatTemplate.load(tmp_path)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (".", "folder has no chat template"),
        ("snapshots/abc", r"no chat template\. Fetch what is"),
    ],
)
def test_a_prompt_without_a_template_is_told(tmp_path: Path, place: str, words: str) -> None:
    folder = tmp_path / place
    folder.mkdir(parents=True, exist_ok=True)
    assert LocalCodec.load(folder, None) is None  # without a tokenizer either
    codec = LocalCodec.load(write_json(folder, byte_fallback(), {}), None)
    assert codec is not None
    with pytest.raises(UsageError, match=words):
        codec.prompt(Dialogue(messages=(turn("hello"),)))
    (folder / "chat_template.jinja").write_text("{% if %}")
    damaged = LocalCodec.load(folder, None)
    assert damaged is not None
    with pytest.raises(DamagedModel, match="cannot be used"):
        damaged.prompt(Dialogue(messages=(turn("hello"),)))
    assert damaged.encode("the")
    damaged.close()


def test_a_folder_without_a_template_has_none(tmp_path: Path) -> None:
    assert ChatTemplate.load(tmp_path) is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("chat_template.jinja", "[{{ bos_token }}]"),
        ("tokenizer_config.json", {"chat_template": "[{{ bos_token }}]"}),
        ("tokenizer_config.json", {"chat_template": {"default": "[{{ bos_token }}]", "x": "no"}}),
        ("additional_chat_templates/default.jinja", "[{{ bos_token }}]"),
        (
            "tokenizer_config.json",
            {"chat_template": [
                {"name": "tools", "template": "no"},
                {"name": "default", "template": "[{{ bos_token }}]"},
            ]},
        ),
        ("chat_template.json", {"chat_template": "[{{ bos_token }}]"}),
    ],
)  # fmt: skip
def test_a_template_is_found_wherever_it_lies(
    tmp_path: Path, name: str, content: str | dict[str, object]
) -> None:
    config: dict[str, object] = {"bos_token": {"content": "<bos>"}}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    if isinstance(content, dict):
        merged = config | content if name == "tokenizer_config.json" else content
        (tmp_path / name).write_text(json.dumps(merged))
    else:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    template = ChatTemplate.load(tmp_path)
    assert template is not None
    assert template.render([], thinking=False) == "[<bos>]"


def test_the_file_of_its_own_comes_first(tmp_path: Path) -> None:
    (tmp_path / "tokenizer_config.json").write_text('{"chat_template": "old"}')
    (tmp_path / "chat_template.jinja").write_text("new")
    template = ChatTemplate.load(tmp_path)
    assert template is not None
    assert template.render([], thinking=False) == "new"


def test_a_template_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "chat_template.jinja").write_bytes(b"\xff\xfe")
    with pytest.raises(DamagedModel, match=r"chat_template\.jinja cannot be read"):
        ChatTemplate.load(tmp_path)


def test_a_template_with_a_mistake_is_told(tmp_path: Path) -> None:
    (tmp_path / "chat_template.jinja").write_text("{% if %}")
    with pytest.raises(DamagedModel, match=r"chat template cannot be used: .*\(line 1\)\..*--raw"):
        ChatTemplate.load(tmp_path)
    with pytest.raises(jinja2.TemplateSyntaxError):
        ChatTemplate("{% if %}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A folder, a conversation, and the prompt that transformers makes of the two."""

    name: str
    config: dict[str, object]
    files: dict[str, str]
    messages: tuple[Message, ...]
    prompt: str
    ids: list[int]


GOLDEN = Path(__file__).parents[1] / "golden" / "templates.json"
CASES = [msgspec.convert(case, Case) for case in json.loads(GOLDEN.read_text())["cases"]]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_prompt_is_that_of_transformers(case: Case, tmp_path: Path) -> None:
    write_json(tmp_path, byte_fallback(), case.config)
    for name, content in case.files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    template = ChatTemplate.load(tmp_path)
    codec = LocalCodec.load(tmp_path, None)
    assert template is not None
    assert codec is not None
    assert template.render(case.messages, thinking=False) == case.prompt
    assert codec.prompt(Dialogue(messages=case.messages)) == case.ids
