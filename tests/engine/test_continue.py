"""A reply that is continued: what the model reads, and that it goes on as if never stopped."""

from __future__ import annotations

import pytest

from mtp_mlx import api
from mtp_mlx.api import Message, Mtp, Sampling
from mtp_mlx.engine import Control, Engine
from mtp_mlx.errors import UsageError
from mtp_mlx.events import Finished, Round
from mtp_mlx.hub.resolve import DEMO_FOLDER
from mtp_mlx.text.template import ChatTemplate
from tests.support.boards import chessboard
from tests.support.replies import GEMMA, GREEDY

QUESTION = Message(role="user", content="What is speculative decoding?")
SYSTEM = Message(role="system", content="Answer in short sentences.")
ENOUGH = 3  # places at which a reply is cut
WRITTEN = "Speculative decoding is a way to "


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.load(api.Load(target=api.DEMO_PAIR))


def request(*messages: Message, goes_on: bool = True, thinking: bool = False) -> api.Generate:
    return api.Generate(prompt=messages, continue_reply=goes_on, thinking=thinking)


def answer(text: str) -> Message:
    return Message(role="assistant", content=text)


def encoded(engine: Engine, text: str) -> tuple[int, ...]:
    assert engine.codec is not None
    return tuple(engine.codec.encode(text, special=False))


def run(engine: Engine, request: api.Generate) -> tuple[list[int], str, Finished]:
    events = list(engine.generate(request, Control(mtp=request.mtp)))
    tokens = [token for e in events if isinstance(e, Round) for token in e.tokens]
    finished = events[-1]
    assert isinstance(finished, Finished)
    return [token.id for token in tokens], "".join(token.text for token in tokens), finished


@pytest.mark.parametrize("thinking", [False, True])
def test_the_prompt_is_that_of_the_reply_and_what_it_wrote(
    engine: Engine, *, thinking: bool
) -> None:
    asked = engine.prompt_ids(request(SYSTEM, QUESTION, goes_on=False, thinking=thinking))
    ids = engine.prompt_ids(request(SYSTEM, QUESTION, answer(WRITTEN), thinking=thinking))
    assert ids == asked + encoded(engine, WRITTEN)
    template = ChatTemplate.load(DEMO_FOLDER / "target")
    assert template is not None
    text = template.render([SYSTEM, QUESTION], thinking=thinking) + WRITTEN
    assert ids == encoded(engine, text)


def test_its_turn_stays_open(engine: Engine) -> None:
    closed = engine.prompt_ids(request(QUESTION, answer(WRITTEN), goes_on=False))
    ids = engine.prompt_ids(request(QUESTION, answer(WRITTEN)))
    assert ids[-1] != closed[-1]
    assert encoded(engine, "<turn|>")[0] not in ids[-len(encoded(engine, WRITTEN)) :]


@pytest.mark.parametrize(
    "raw", [f"<|channel>thought\nHmm, so.<channel|>{WRITTEN}", f"{WRITTEN}<|channel>thought\nHmm"]
)
def test_thoughts_are_not_sent_back(engine: Engine, raw: str) -> None:
    ids = engine.prompt_ids(request(QUESTION, answer(raw)))
    assert ids == engine.prompt_ids(request(QUESTION, answer(WRITTEN)))


@pytest.mark.parametrize(
    "messages",
    [(QUESTION,), (), (QUESTION, answer("")), (QUESTION, answer("<|channel>thought\nHm"))],
)
def test_without_a_beginning_there_is_nothing_to_continue(
    engine: Engine, messages: tuple[Message, ...]
) -> None:
    with pytest.raises(UsageError, match="no reply to continue"):
        engine.prompt_ids(request(*messages))


def test_token_ids_have_no_turns(engine: Engine) -> None:
    asked = api.Generate(prompt=(api.TokenIds((1, 2)),), continue_reply=True)
    with pytest.raises(UsageError, match="no turns to continue"):
        list(engine.generate(asked, Control(mtp="auto")))


@chessboard("sampling, mtp", [GREEDY, GEMMA], ["off", 3], of="temperature")
def test_with_its_seed_it_goes_on_as_if_never_stopped(
    engine: Engine, sampling: Sampling, mtp: Mtp
) -> None:
    def asked(most: int, *messages: Message) -> api.Generate:
        return api.Generate(
            prompt=messages,
            continue_reply=len(messages) > 1,
            sampling=sampling,
            mtp=mtp,
            max_tokens=most,
            seed=4,
        )

    whole, _, _ = run(engine, asked(24, QUESTION))
    tried = 0
    for length in range(6, 18):
        begun, text, first = run(engine, asked(length, QUESTION))
        if encoded(engine, text) != tuple(begun):
            continue  # cut within a word, which reads as other tokens
        tried += 1
        more, _, finished = run(engine, asked(24 - length, QUESTION, answer(text)))
        assert begun + more == whole
        assert finished.prompt_tokens == first.prompt_tokens + length
        assert finished.reused_tokens == finished.prompt_tokens - 1
        if tried == ENOUGH:
            return
    pytest.fail("most cuts fall within a word")
