"""Engines over tiny pairs, and whole replies as plain values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from mtp_mlx import api
from mtp_mlx.api import Mtp, Sampling, Verify
from mtp_mlx.engine import Control, Engine
from mtp_mlx.events import Finished, ReplyEvent, Round, Token
from mtp_mlx.loading import LoadedPair, load_pair
from mtp_mlx.protocols import Drafter
from tests.support.checkpoints import write_pair
from tests.support.shapes import WINDOW, Shape

PROMPT = [5, 17, 300, 42, 42, 9, 111, 250, 3, 77, 8]  # longer than the window of 8

GREEDY = Sampling()
AT_ONE = Sampling(temperature=1.0)
SHARP = Sampling(temperature=1.0, top_k=3, top_p=0.9)
GEMMA = Sampling(temperature=1.0, top_k=64, top_p=0.95)
EVERYTHING = Sampling(  # the biased tokens come again and again, each time penalised
    logit_bias=tuple((7 * i % 384, 15.0) for i in range(40)),
    repetition_penalty=1.05,
    presence_penalty=2.0,
    temperature=1.0,
    top_k=8,
    top_p=0.8,
    min_p=0.1,
)


@dataclass(frozen=True, slots=True)
class Reply:
    """One finished reply."""

    tokens: list[int]
    text: str
    rounds: list[Round]  # without the token that prefill yields
    finished: Finished


def tiny_pair(folder: Path, shape: Shape, *, window: int = WINDOW) -> LoadedPair:
    folders = write_pair(folder, shape, window=window)
    return load_pair(
        api.Load(target=str(folders.target), drafter=str(folders.drafter), dtype="float32")
    )


def with_drafter(pair: LoadedPair, drafter: Drafter) -> LoadedPair:
    """The pair with a drafter of the test's own in place of its own."""
    return replace(pair, drafter=drafter)


def reply(
    engine: Engine,
    prompt: list[int] | str,
    *,
    mtp: Mtp = "off",
    sampling: Sampling = GREEDY,
    max_tokens: int = 40,
    seed: int = 0,
    ignore_eos: bool = True,
    verify: Verify = "coupled",
    watch: Callable[[ReplyEvent, Control], None] = lambda event, control: None,
) -> Reply:
    """Run a request to its end; `watch` sees each event and may turn the controls."""
    control = Control(mtp=mtp)
    request = api.Generate(
        prompt=(
            api.Message(role="user", content=prompt)
            if isinstance(prompt, str)
            else api.TokenIds(tuple(prompt)),
        ),
        sampling=sampling,
        mtp=mtp,
        verify=verify,
        max_tokens=max_tokens,
        seed=seed,
        ignore_eos=ignore_eos,
    )
    tokens: list[Token] = []
    rounds: list[Round] = []
    finished: Finished | None = None
    for event in engine.generate(request, control):
        watch(event, control)
        if isinstance(event, Round):
            tokens += event.tokens
            rounds += [event] if event.index else []
        elif isinstance(event, Finished):
            finished = event
    assert finished is not None
    text = "".join(token.text for token in tokens)
    return Reply([token.id for token in tokens], text, rounds, finished)
