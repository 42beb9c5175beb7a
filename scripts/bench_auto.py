"""Auto against plain decoding and every fixed K on one long text, with replayed acceptance.

Usage: python scripts/bench_auto.py [--target T] [--acceptance 0,0.4,…] [--modes off,1,…,auto]
       [--tokens N] [--warm-up N]

All modes write the same text side by side, a stretch of 32 tokens each in turn, so that what else
the machine does falls on all alike; the clock that auto reads stands still while others write.
Auto starts from nothing; the first tokens (--warm-up) are told apart. Ratios are those of parts of
the text, eight of them: their median, and where it lies with 95 % confidence (bootstrap). On Linux
set LD_PRELOAD=libopenblas.so.0, as scripts/run does.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import mlx.core as mx

from mtp_mlx import api
from mtp_mlx.api import MAX_DEPTH, Mtp
from mtp_mlx.bench.prompts import random_ids
from mtp_mlx.bench.runs import Replay
from mtp_mlx.engine import Control, Engine, Instruments
from mtp_mlx.events import ReplyEvent, Round
from mtp_mlx.loading import load_pair
from mtp_mlx.report.derived import interval

STRETCH = 32  # tokens
PARTS = 8
PROMPT = 32  # tokens


class StopWatch:
    """A clock that stands still between `go` and `stop`."""

    def __init__(self) -> None:
        self._before = 0.0  # seconds of earlier stretches
        self._since: float | None = None

    def __call__(self) -> float:
        running = time.perf_counter() - self._since if self._since is not None else 0.0
        return self._before + running

    def go(self) -> None:
        self._since = time.perf_counter()

    def stop(self) -> None:
        self._before, self._since = self(), None


@dataclass(slots=True)
class Writer:
    """One mode's reply, a stretch at a time."""

    mode: Mtp
    events: Iterator[ReplyEvent]
    watch: StopWatch
    written: int = 0
    at: list[tuple[int, float]] = field(default_factory=list)  # tokens and seconds, a stretch each
    depths: Counter[int] = field(default_factory=Counter[int])

    def write(self, tokens: int, warm_up: int) -> None:
        """On to `tokens` in all; the step in flight is waited for, or another would pay for it."""
        self.watch.go()
        while self.written < tokens:
            event = next(self.events)
            if isinstance(event, Round):
                self.written += len(event.tokens)
                self.depths[event.depth] += self.written > warm_up
        mx.synchronize()
        self.watch.stop()
        self.at.append((self.written, self.watch()))

    def seconds_a_token(self, start: int, end: int) -> float:
        """Between the stretches that end nearest to `start` and `end`."""
        first, last = (
            min(self.at, key=lambda point: abs(point[0] - place)) for place in (start, end)
        )
        return (last[1] - first[1]) / (last[0] - first[0])


def main() -> None:
    options = _options()
    engines = {mode: Engine(load_pair(api.Load(target=options.target))) for mode in options.modes}
    for engine in engines.values():
        engine.warm_up()
    for acceptance in options.acceptance:
        writers = race(engines, acceptance, options)
        print(table(writers, acceptance, options), end="\n\n", flush=True)
        for engine, mode in zip(list(engines.values()), options.modes, strict=True):
            engines[mode] = Engine(engine.loaded)  # nothing is known of the next acceptance


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--target", default=api.DEMO_PAIR)
    parser.add_argument(
        "--acceptance", type=_list_of(float), default=[0.0, 0.4, 0.6, 0.8, 0.95], metavar="A,A,…"
    )
    parser.add_argument(
        "--modes", type=_list_of(_mode), default=["off", 1, 2, 3, 4, 6, "auto"], metavar="M,M,…"
    )
    parser.add_argument("--tokens", type=int, default=2000)
    parser.add_argument("--warm-up", type=int, default=400)
    return parser.parse_args()


def _list_of(kind: Callable[[str], object]) -> Callable[[str], list[object]]:
    return lambda text: [kind(item) for item in text.split(",")]


def _mode(word: str) -> Mtp:
    return word if word in ("off", "auto") else int(word)  # type: ignore[return-value]


def race(
    engines: dict[Mtp, Engine], acceptance: float, options: argparse.Namespace
) -> list[Writer]:
    writers = [start(engine, mode, acceptance, options) for mode, engine in engines.items()]
    for i, place in enumerate([1, *range(STRETCH, options.tokens + 1, STRETCH)]):  # 1: prefill's
        for writer in writers[:: -1 if i % 2 else 1]:
            writer.write(place, options.warm_up)
    return writers


def start(engine: Engine, mode: Mtp, acceptance: float, options: argparse.Namespace) -> Writer:
    room = options.tokens + 2 * MAX_DEPTH
    replay = partial(
        Replay,
        recording=random_ids(engine.vocabulary, room + 2 * MAX_DEPTH, seed=1),
        acceptance=acceptance,
        prompt_length=PROMPT,
    )
    watch = StopWatch()
    request = api.Generate(
        prompt=(api.TokenIds(tuple(random_ids(engine.vocabulary, PROMPT, seed=0))),),
        mtp=mode,
        max_tokens=room,
        ignore_eos=True,
    )
    events = engine.generate(request, Control(mtp=mode), Instruments(wrap=replay, clock=watch))
    return Writer(mode, events, watch)


def table(writers: list[Writer], acceptance: float, options: argparse.Namespace) -> str:
    plain = next(writer for writer in writers if writer.mode == "off")
    fixed = [writer for writer in writers if writer.mode != "auto"]
    places = (options.warm_up, options.tokens)
    best = min(fixed, key=lambda writer: writer.seconds_a_token(*places))
    lines = [
        f"acceptance {acceptance:g}, tokens {places[0]} to {places[1]}; best fixed: {best.mode}",
        "",
        "| | tok/s | against plain | against the best | all tokens, against plain |",
        "|---|---|---|---|---|",
    ]
    for writer in writers:
        whole = plain.seconds_a_token(0, places[1]) / writer.seconds_a_token(0, places[1])
        lines.append(
            f"| {writer.mode} | {1 / writer.seconds_a_token(*places):.1f} "
            f"| {ratio(writer, plain, options)} | {ratio(writer, best, options)} | {whole:.3f} |"
        )
    auto = next((writer for writer in writers if writer.mode == "auto"), None)
    if auto is not None:
        rounds = ", ".join(f"K {k} {n}" for k, n in sorted(auto.depths.items()))
        lines += ["", f"Auto's rounds after the warm-up: {rounds}"]
    return "\n".join(lines)


def ratio(writer: Writer, base: Writer, options: argparse.Namespace) -> str:
    """Speed against `base`: over everything, and the interval of its parts' median."""
    if writer is base:
        return ""
    step = (options.tokens - options.warm_up) // PARTS
    places = [options.warm_up + step * i for i in range(PARTS + 1)]
    parts = [base.seconds_a_token(a, b) / writer.seconds_a_token(a, b) for a, b in pairwise(places)]
    whole = base.seconds_a_token(places[0], places[-1]) / writer.seconds_a_token(
        places[0], places[-1]
    )
    found = interval(parts)
    assert found is not None
    return f"{whole:.3f} ({found.low:.3f} to {found.high:.3f})"


if __name__ == "__main__":
    main()
