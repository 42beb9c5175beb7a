"""How a reply ends, what is counted then, and that the engine can go on after any of them."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from mtp_mlx import api
from mtp_mlx.api import Mtp, Sampling
from mtp_mlx.engine import Control, Engine
from mtp_mlx.errors import PromptTooLong, UsageError
from mtp_mlx.events import PromptProgress, ReplyEvent, Round
from mtp_mlx.loading import LoadedPair
from tests.engine.conftest import PairOf, PlainTexts
from tests.support.boards import chessboard
from tests.support.oracle import Oracle
from tests.support.pairs import both
from tests.support.replies import PROMPT, reply, with_drafter
from tests.support.shapes import SHORT_E2B


@pytest.fixture
def pair(pair_of: PairOf) -> LoadedPair:
    return pair_of(SHORT_E2B)


@pytest.fixture
def plain(plain_text: PlainTexts) -> list[int]:
    return plain_text(SHORT_E2B)


def perfect(pair: LoadedPair, tokens: list[int]) -> LoadedPair:
    """The pair with a drafter that knows the reply."""
    return with_drafter(pair, Oracle([*PROMPT, *tokens], both(pair).target))


@pytest.mark.parametrize("mtp", ["off", 1, 3, 8])
def test_an_end_token_ends_the_reply_and_is_kept(
    pair: LoadedPair, plain: list[int], mtp: Mtp
) -> None:
    place = next(i for i in range(9, 40) if plain[i] not in plain[:i])
    ending = replace(perfect(pair, plain), end_tokens=frozenset({plain[place], 383}))
    engine = Engine(ending)
    found = reply(engine, PROMPT, mtp=mtp, ignore_eos=False)
    assert found.finished.reason == "stop"
    assert found.tokens == plain[: place + 1]
    stats = found.finished.stats
    assert stats.draft_n_accepted <= len(found.tokens) - 1
    assert sum(len(r.tokens) for r in found.rounds) == len(found.tokens) - 1
    for r in found.rounds:
        assert [t.source for t in r.tokens].count("draft") == r.accepted
    # The cache stands at a point from which the next turn goes on.
    turn = reply(engine, [*PROMPT, *found.tokens, 7, 8])
    assert turn.finished.reused_tokens == len(PROMPT) + len(found.tokens) - 1


@pytest.mark.parametrize("mtp", ["off", 1, 3, 8, "auto"])
@pytest.mark.parametrize("max_tokens", [1, 2, 3, 7])
def test_a_length_limit_is_kept_to_the_token(
    pair: LoadedPair, plain: list[int], mtp: Mtp, max_tokens: int
) -> None:
    found = reply(Engine(perfect(pair, plain)), PROMPT, mtp=mtp, max_tokens=max_tokens)
    assert found.finished.reason == "length"
    assert found.tokens == plain[:max_tokens]
    assert found.finished.stats.draft_n_accepted <= max_tokens - 1


@pytest.mark.parametrize("mtp", ["off", 3])
def test_a_cancel_is_honoured_within_one_round(pair: LoadedPair, mtp: Mtp) -> None:
    engine = Engine(pair)

    def stop(event: ReplyEvent, control: Control) -> None:
        control.cancelled = isinstance(event, Round) and event.index >= 5

    found = reply(engine, PROMPT, mtp=mtp, watch=stop)
    assert found.finished.reason == "cancelled"
    assert len(found.rounds) == 6
    again = reply(engine, [*PROMPT, *found.tokens], mtp=mtp)
    assert again.finished.reused_tokens == len(PROMPT) + len(found.tokens) - 1


@chessboard("mtp, events", ["off", 3], [1, 2, 3, 4, 9])
def test_a_consumer_that_walks_away_leaves_a_valid_cache(
    pair: LoadedPair, plain: list[int], mtp: Mtp, events: int
) -> None:
    engine = Engine(pair)
    request = api.Generate(
        prompt=(api.TokenIds(tuple(PROMPT)),), mtp=mtp, max_tokens=30, ignore_eos=True
    )
    stream = engine.generate(request, Control(mtp=mtp))
    for _ in range(events):
        next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert reply(engine, PROMPT, mtp=mtp).tokens == plain


def test_a_cancel_between_prompt_chunks_keeps_what_was_read(
    pair: LoadedPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mtp_mlx.decode.loop.CHUNK", 4)
    engine = Engine(pair)
    done: list[int] = []

    def stop(event: ReplyEvent, control: Control) -> None:
        if isinstance(event, PromptProgress):
            done.append(event.done)
            control.cancelled = event.done >= 8

    found = reply(engine, PROMPT, watch=stop)
    assert found.finished.reason == "cancelled"
    assert found.tokens == []
    assert done == [0, 4, 8]
    assert reply(engine, PROMPT).finished.reused_tokens == 8


def test_statistics_add_up(pair: LoadedPair) -> None:
    found = reply(Engine(pair), PROMPT, mtp=3)
    stats = found.finished.stats
    assert stats.generated_tokens == len(found.tokens)
    assert stats.draft_n == sum(r.depth for r in found.rounds)
    assert stats.draft_n_accepted == sum(r.accepted for r in found.rounds)
    assert sum(stats.acceptance_histogram) == stats.draft_rounds
    for r in found.rounds:
        assert [t.source for t in r.tokens].count("draft") == r.accepted
        assert len(r.rejected) == r.depth - r.accepted


BAD_REQUESTS = [
    ({"prompt": (api.TokenIds(()),)}, "prompt is empty"),
    ({"prompt": (api.TokenIds((384,)),)}, "outside the vocabulary of 384"),
    ({"prompt": (api.TokenIds((-1,)),)}, "outside the vocabulary"),
    ({"prompt": (api.Message(role="user", content="x"), api.TokenIds((5,)))}, "two prompts"),
    ({"max_tokens": 0}, "no reply"),
    ({"mtp": 9}, "K 9 is out of range"),
    ({"seed": -1}, "seed -1 is out of range"),
    ({"sampling": Sampling(temperature=math.nan)}, "temperature nan"),
    ({"sampling": Sampling(temperature=-1.0)}, "temperature -1"),
    ({"sampling": Sampling(top_p=1.5)}, "top-p 1.5"),
    ({"sampling": Sampling(top_k=-3)}, "top-k -3"),
    ({"sampling": Sampling(repetition_penalty=0.0)}, "repetition penalty"),
    ({"sampling": Sampling(presence_penalty=2.1)}, "presence penalty 2.1 .* Use -2 to 2"),
    ({"sampling": Sampling(presence_penalty=-2.1)}, "presence penalty -2.1"),
    ({"sampling": Sampling(presence_penalty=math.nan)}, "presence penalty nan"),
    ({"sampling": Sampling(logit_bias=((384, 1.0),))}, "384, outside the vocabulary of 384"),
    ({"sampling": Sampling(logit_bias=((-1, 1.0),))}, "-1, outside the vocabulary"),
    ({"sampling": Sampling(logit_bias=((5, 100.5),))}, "bias of 100.5 .* Use -100 to 100"),
    ({"sampling": Sampling(logit_bias=((5, math.inf),))}, "bias of inf"),
    ({"sampling": Sampling(logit_bias=((5, math.nan),))}, "bias of nan"),
    ({"sampling": Sampling(logit_bias=((5, 1.0), (5, 1.0)))}, "5 has two logit biases"),
]


@pytest.mark.parametrize(("change", "words"), BAD_REQUESTS)
def test_absurd_requests_get_one_sentence(
    pair: LoadedPair, change: dict[str, object], words: str
) -> None:
    prompt = (api.TokenIds(tuple(PROMPT)),)
    settings: dict[str, object] = {"prompt": prompt, "max_tokens": 5} | change
    request = api.Generate(**settings)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=words):
        next(iter(Engine(pair).generate(request, Control())))


def test_messages_need_a_tokenizer(pair: LoadedPair) -> None:
    with pytest.raises(UsageError, match="no tokenizer"):
        reply(Engine(pair), "Hello")


def test_a_prompt_longer_than_the_context_is_refused(pair: LoadedPair) -> None:
    long = [7] * pair.info.context_length
    with pytest.raises(PromptTooLong, match="Start a new chat"):
        reply(Engine(pair), long)
