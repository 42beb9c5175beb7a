"""The built-in pair itself: the same text at every depth, past its window, over turns."""

from __future__ import annotations

import pytest

from mtp_mlx import api
from mtp_mlx.api import Message, Mtp, Sampling
from mtp_mlx.engine import Control, Engine
from mtp_mlx.events import PromptProgress, ReplyEvent, Round
from tests.support.replies import GEMMA, GREEDY, Reply, reply

LONG = "Count from 1 to 40."
PROMPTS = [
    "What is speculative decoding?",
    "How do I switch MTP off?",
    "Write a Python function that reverses a list.",
    "Tell me a story about a fox.",
]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.load(api.Load(target=api.DEMO_PAIR))


@pytest.fixture(scope="module")
def plain(engine: Engine) -> dict[Sampling, Reply]:
    return {s: reply(engine, LONG, sampling=s, max_tokens=130, seed=4) for s in (GREEDY, GEMMA)}


@pytest.mark.parametrize("depth", [2, pytest.param(8, marks=pytest.mark.slow), "auto"])
def test_greedy_text_is_the_same_at_every_depth(
    engine: Engine, plain: dict[Sampling, Reply], depth: Mtp
) -> None:
    assert len(plain[GREEDY].tokens) == 130  # past the window of 128
    assert reply(engine, LONG, mtp=depth, max_tokens=130).tokens == plain[GREEDY].tokens


@pytest.mark.parametrize("depth", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_sampled_text_is_the_same_at_every_depth(
    engine: Engine, plain: dict[Sampling, Reply], depth: Mtp
) -> None:
    found = reply(engine, LONG, mtp=depth, sampling=GEMMA, max_tokens=130, seed=4)
    assert found.tokens == plain[GEMMA].tokens


@pytest.mark.slow
def test_a_chat_of_several_turns_with_a_stop_and_an_edit(engine: Engine) -> None:
    def talk(mtp: Mtp) -> list[str]:
        first = ask(engine, [user(PROMPTS[0])], mtp)
        second_turn = [user(PROMPTS[0]), model(first), user("Why is it fast?")]
        second = ask(engine, second_turn, mtp, stop_after=12)
        third = ask(engine, [*second_turn, model(second), user("Thanks!")], mtp)
        edited = ask(engine, [user(PROMPTS[0]), model(first), user("What is K?")], mtp)
        return [first, third, edited]

    drafted, plain = talk(3), talk("off")
    # The stop falls on another token with rounds than without, so the third turn may differ.
    assert (drafted[0], drafted[2]) == (plain[0], plain[2])
    assert all(drafted)


def ask(engine: Engine, messages: list[Message], mtp: Mtp, stop_after: int = 1000) -> str:
    control = Control(mtp=mtp)
    request = api.Generate(prompt=tuple(messages), sampling=GREEDY, mtp=mtp, max_tokens=60)
    text = ""
    for event in engine.generate(request, control):
        if isinstance(event, Round):
            text += "".join(token.text for token in event.tokens)
            control.cancelled = event.index >= stop_after
    return text


def user(text: str) -> Message:
    return Message(role="user", content=text)


def model(text: str) -> Message:
    return Message(role="assistant", content=text)


def test_text_has_no_control_tokens_and_ends_by_itself(engine: Engine) -> None:
    found = reply(engine, PROMPTS[0], mtp=3, max_tokens=300, ignore_eos=False)
    assert found.finished.reason == "stop"
    assert "<" not in found.text
    assert len(found.text.split()) > 8


def test_drafts_are_accepted(engine: Engine) -> None:
    """What the model card promises, on a few of its prompts; scripts/bench_plain.py has speed."""
    drafted = accepted = rounds = 0
    for prompt in PROMPTS:
        stats = reply(engine, prompt, mtp=3, max_tokens=120, ignore_eos=False).finished.stats
        drafted += stats.draft_n
        accepted += stats.draft_n_accepted
        rounds += stats.draft_rounds
    assert accepted / drafted >= 0.6
    assert 1 + accepted / rounds >= 2.8


def test_a_sampled_reply_is_drafted_too(engine: Engine) -> None:
    stats = reply(engine, LONG, mtp=3, sampling=GEMMA, max_tokens=100).finished.stats
    assert stats.acceptance_rate is not None
    assert stats.acceptance_rate >= 0.4


def test_progress_tells_what_is_reused(engine: Engine) -> None:
    seen: list[PromptProgress] = []

    def watch(event: ReplyEvent, control: Control) -> None:
        if isinstance(event, PromptProgress):
            seen.append(event)

    first = reply(engine, PROMPTS[1], max_tokens=20)
    again = reply(engine, PROMPTS[1], max_tokens=20, watch=watch)
    assert again.tokens == first.tokens
    assert seen[-1].done == seen[-1].total
    assert seen[0].reused == again.finished.reused_tokens > 0


def test_tokens_are_counted_as_they_are_encoded(engine: Engine) -> None:
    assert engine.codec is not None
    text = "A fox, a hill, and 42 stars."
    assert engine.count_tokens(text) == len(engine.codec.encode(text, special=False)) > 5
    assert engine.count_tokens("") == 0


def test_raw_text_and_ids_are_read_as_they_stand(engine: Engine) -> None:
    """Parts follow one another; no template is laid around them."""
    assert engine.codec is not None
    raw = tuple(engine.codec.encode("one two"))
    asked = api.Generate(prompt=(api.RawText("one two"), api.TokenIds((7, 8))))
    assert engine.prompt_ids(asked) == (*raw, 7, 8)
    templated = engine.prompt_ids(api.Generate(prompt=(user("one two"),)))
    assert len(templated) > len(raw)
