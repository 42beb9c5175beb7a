"""This project's engine, as its command line and its window use it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import mlx.core as mx

from mtp_mlx import api
from mtp_mlx.api import Mtp, Sampling
from mtp_mlx.bench.calibrate import measure
from mtp_mlx.engine import Control, Engine
from mtp_mlx.events import Finished, Round
from mtp_mlx.loading import LoadedPair, load_pair
from peers.messages import TOP_K, TOP_P, Ask, Counts
from peers.replay import replaying
from peers.serving import serve

COST_REPEATS = 5


class OurLoop:
    def __init__(self, pair: LoadedPair) -> None:
        self._pair = pair
        self._counts = Counts()

    def start(self, ask: Ask) -> Iterator[int]:
        pair = self._pair
        if ask.proposals:
            pair = replaying(pair, len(ask.prompt), ask.proposals)
        mtp: Mtp = ask.depth or "off"
        for event in Engine(pair).generate(_request(ask, mtp), Control(mtp=mtp)):
            if isinstance(event, Round):
                yield from (token.id for token in event.tokens)
            elif isinstance(event, Finished):
                self._counts = Counts(
                    rounds=event.stats.draft_rounds,
                    drafted=event.stats.draft_n,
                    accepted=event.stats.draft_n_accepted,
                    deepest=max(len(event.stats.acceptance_histogram) - 1, 0),
                )

    def settle(self) -> None:
        mx.synchronize()

    def counts(self) -> Counts:
        return self._counts


def _request(ask: Ask, mtp: Mtp) -> api.Generate:
    sampled = Sampling(temperature=ask.temperature, top_k=TOP_K, top_p=TOP_P)
    return api.Generate(
        prompt=(api.TokenIds(tuple(ask.prompt)),),
        sampling=sampled if ask.temperature else Sampling(),
        mtp=mtp,
        max_tokens=ask.tokens,
        seed=ask.seed,
        ignore_eos=True,
    )


def main() -> None:
    pair = load_pair(api.Load(target=sys.argv[1], drafter=sys.argv[2]))

    def costs(context: int) -> dict[str, Any]:
        return asdict(measure(pair, context, repeats=COST_REPEATS))

    serve(OurLoop(pair), ["mlx", "mtp-mlx"], costs)


if __name__ == "__main__":
    main()
