"""This project's engine, as its command line and its window use it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from mtp_mlx import wire
from mtp_mlx.bench.costs import measure
from mtp_mlx.engine import Control, Engine
from mtp_mlx.loading import LoadedPair, load_pair
from mtp_mlx.values import Mtp, Sampling, Stats
from peers.messages import TOP_K, TOP_P, Ask, Run, timed
from peers.replay import replaying
from peers.serving import serve

COST_REPEATS = 5


def main() -> None:
    pair = load_pair(wire.Load(target=sys.argv[1], drafter=sys.argv[2]))

    def costs(context: int) -> dict[str, Any]:
        return asdict(measure(pair, context, repeats=COST_REPEATS))

    serve(lambda ask: _decode(pair, ask), ["mlx", "mtp-mlx"], costs)


def _decode(pair: LoadedPair, ask: Ask) -> Run:
    if ask.proposals:
        pair = replaying(pair, len(ask.prompt), ask.proposals)
    finished: list[wire.Finished] = []
    found = timed(_tokens(Engine(pair), ask, finished))
    stats: Stats = finished[0].stats
    return Run(
        tokens=found.tokens,
        seconds=found.seconds,
        cpu_seconds=found.cpu_seconds,
        rounds=stats.draft_rounds,
        drafted=stats.draft_n,
        accepted=stats.draft_n_accepted,
        deepest=max(len(stats.acceptance_histogram) - 1, 0),
    )


def _tokens(engine: Engine, ask: Ask, finished: list[wire.Finished]) -> Iterator[int]:
    mtp: Mtp = ask.depth or "off"
    request = wire.Generate(
        id="bench",
        prompt_ids=ask.prompt,
        sampling=_sampling(ask),
        mtp=mtp,
        max_tokens=ask.tokens,
        seed=ask.seed,
        ignore_eos=True,
    )
    for event in engine.generate(request, Control(mtp=mtp)):
        if isinstance(event, wire.Round):
            yield from (token.id for token in event.tokens)
        elif isinstance(event, wire.Finished):
            finished.append(event)


def _sampling(ask: Ask) -> Sampling:
    if ask.temperature == 0:
        return Sampling()
    return Sampling(temperature=ask.temperature, top_k=TOP_K, top_p=TOP_P)


if __name__ == "__main__":
    main()
