"""The three rules at temperature 1: what each accepts, and how fast that is.

Usage: python scripts/bench_verify.py [--target T] [--repeats N] [--max-tokens N] [--depths 3,6]
       [--ignore-eos]

Top-k 64 and top-p 0.95, as Gemma 4 recommends. Rules, depths and plain decoding take turns on
every prompt and their order alternates, so that other programs fall on all alike. Texts differ
between rules: only the coupled rule keeps that of plain decoding. --ignore-eos gives all replies
one length, but what a model writes past an end token is no text it was made for. On Linux set
LD_PRELOAD=libopenblas.so.0, as scripts/run does.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import dataclass
from typing import get_args

from mtp_mlx import api
from mtp_mlx.api import Mtp, Sampling, Verify
from mtp_mlx.bench.plan import Plan, Turn
from mtp_mlx.bench.prompts import load_suite
from mtp_mlx.bench.runs import Run, Runner
from mtp_mlx.engine import Engine
from mtp_mlx.report.derived import interval

SAMPLING = Sampling(temperature=1.0, top_k=64, top_p=0.95)


@dataclass(frozen=True, slots=True)
class Contestant:
    verify: Verify
    mode: Mtp

    @property
    def words(self) -> str:
        return "plain" if self.mode == "off" else f"{self.verify}, K {self.mode}"


def main() -> None:
    options = _options()
    engine = Engine.load(api.Load(target=options.target))
    contestants = [
        Contestant("coupled", "off"),
        *(Contestant(rule, k) for k in options.depths for rule in get_args(Verify)),
    ]
    found = run_all(engine, contestants, options)
    print(table(found))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--target", default=api.DEMO_PAIR)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--max-tokens", type=int, default=96)
    parser.add_argument("--ignore-eos", action="store_true")
    parser.add_argument(
        "--depths", type=lambda text: [int(k) for k in text.split(",")], default=[3, 6]
    )
    return parser.parse_args()


def run_all(
    engine: Engine, contestants: list[Contestant], options: argparse.Namespace
) -> dict[Contestant, list[Run]]:
    benches = {
        rule: Runner(
            engine,
            Plan(
                modes=(),
                repeats=options.repeats,
                max_tokens=options.max_tokens,
                sampling=SAMPLING,
                verify=rule,
                ignore_eos=options.ignore_eos,
            ),
            lambda: False,
        )
        for rule in get_args(Verify)
    }
    prompts = load_suite("quick").prompts
    found: dict[Contestant, list[Run]] = {one: [] for one in contestants}
    for one in contestants:  # warm-up
        benches[one.verify].run(Turn(mode=one.mode, prompt=prompts[0], repeat=0))
    for repeat in range(options.repeats):
        for prompt in prompts:
            for one in contestants[:: -1 if repeat % 2 else 1]:
                turn = Turn(mode=one.mode, prompt=prompt, repeat=repeat)
                found[one].append(benches[one.verify].run(turn))
    return found


def table(found: dict[Contestant, list[Run]]) -> str:
    plain = speeds(next(runs for one, runs in found.items() if one.mode == "off"))
    runs = len(plain)
    lines = [
        f"T = 1, top-k 64, top-p 0.95; {runs} runs each; paired medians, 95 % intervals",
        "",
        "| | accepted | τ | tok/s | against plain | against coupled |",
        "|---|---|---|---|---|---|",
    ]
    for one, mine in found.items():
        drafted = sum(run.finished.stats.draft_n for run in mine)
        accepted = sum(run.finished.stats.draft_n_accepted for run in mine)
        rounds = sum(run.finished.stats.draft_rounds for run in mine)
        base = found[Contestant("coupled", one.mode)]
        lines.append(
            f"| {one.words} | {f'{100 * accepted / drafted:.1f} %' if drafted else ''} "
            f"| {f'{1 + accepted / rounds:.2f}' if rounds else ''} "
            f"| {statistics.median(speeds(mine)):.1f} "
            f"| {ratio(mine, plain)} | {ratio(mine, speeds(base))} |"
        )
    return "\n".join(lines)


def speeds(runs: list[Run]) -> list[float]:
    return [run.finished.stats.decode_tps or 0.0 for run in runs]


def ratio(runs: list[Run], base: list[float]) -> str:
    """The median of paired ratios and its interval: all take prompts and repeats in one order."""
    mine = speeds(runs)
    if mine == base:
        return ""
    found = interval([a / b for a, b in zip(mine, base, strict=True)])
    assert found is not None
    return f"{found.median:.2f} ({found.low:.2f} to {found.high:.2f})"


if __name__ == "__main__":
    main()
