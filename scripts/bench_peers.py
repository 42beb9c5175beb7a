"""This engine against mlx-lm and mlx-vlm: same machine, weights, prompts; interleaved in one run.

mlx-vlm needs an environment of its own (built once, about 1.3 GB):

    python3 -m venv build/peers && build/peers/bin/pip install -c constraints.txt -e ".[peers]"
    python scripts/bench_peers.py [--pair built-in|replay] [--prompts N] [--tokens N] [--repeats N]
                                  [--depths 1,2,3,4] [--json FILE]

Every engine is a process of its own and only one computes at a time: rivals write their replies to
a prompt in turns of a few tokens. All read the same float32 files, and on Linux all have OpenBLAS
loaded before them where it is installed. Speed is (n - 1) tokens, end tokens ignored, over the time
from the first token to the last. Ours is the whole engine with its detokenizer; the peers' loops
yield bare token ids.

`replay` takes a larger pair of random weights, whose drafts are replaced by the recorded reply
spoiled at random (`--acceptance`), in our engine and in mlx-vlm alike. It is greedy only.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from peers import numbers, table
from peers.contestant import ROOT, Contestant
from peers.folders import copied
from peers.identity import Parting, partings
from peers.prompts import built_in_prompts, random_prompts
from peers.race import Prompt, race
from peers.random_pair import VOCABULARY, write_random_pair
from peers.replay import spoiled
from peers.schedule import MODULES, OUR_PLAIN, OURS, VLM_KEYED, Group, Result, groups, interleaved

from mtp_mlx.calibration import Costs


def main() -> None:
    options = _options()
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        pair = Path(scratch) / "pair"
        _write_pair(options.pair, pair)
        temperatures = [0.0, options.temperature] if options.pair == "built-in" else [0.0]
        contestants = {
            name: stack.enter_context(Contestant(module, pair, options.threads))
            for name, module in MODULES.items()
            if name != VLM_KEYED or len(temperatures) > 1
        }
        plan = groups(contestants, options.tokens, options.depths, temperatures)
        prompts = _prompts(options, pair, plan)
        print(_environment(contestants, options), "\n", flush=True)
        parted = partings(plan, prompts)
        print("\n".join(table.identity(parted)), "\n", flush=True)
        context = sum(len(p.ids) for p in prompts) // len(prompts) + options.tokens // 2
        costs: list[Costs] = []

        def measure_costs(repeat: int) -> None:
            costs.append(contestants[OURS].costs(context))
            print(f"repeat {repeat + 1} of {options.repeats} done", file=sys.stderr)

        races = interleaved(plan, prompts, options.repeats, options.turn, measure_costs)
        results = list(races)
        print(_report(results, costs))
        print(
            f"\nLoad average {load_before:.1f} at the start, {os.getloadavg()[0]:.1f} at the end."
        )
        if options.json is not None:
            _write_json(options.json, contestants, options, parted, results, costs)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pair", choices=("built-in", "replay"), default="built-in")
    parser.add_argument("--prompts", type=int, default=6)
    parser.add_argument(
        "--any-tokens",
        action="store_true",
        help="ask the built-in pair token ids drawn at random: it is unsure of what follows them",
    )
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--turn", type=int, default=8, help="tokens between changes of engine")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument(
        "--depths", type=lambda text: [int(k) for k in text.split(",")], default=[1, 2, 3, 4]
    )
    parser.add_argument("--temperature", type=float, default=1.0, help="of the sampled replies")
    parser.add_argument("--threads", type=int, help="of OpenBLAS; a busy machine disturbs 1 least")
    parser.add_argument("--acceptance", type=float, default=0.8, help="of replayed drafts")
    parser.add_argument("--json", type=Path, help="write settings and every run to this file")
    return parser.parse_args()


def _write_pair(name: str, folder: Path) -> None:
    if name == "built-in":
        copied(ROOT / "resources" / "demo_pair", folder)
    else:
        write_random_pair(folder)


def _prompts(options: argparse.Namespace, pair: Path, plan: Sequence[Group]) -> list[Prompt]:
    if options.pair == "built-in" and options.any_tokens:
        vocabulary = json.loads((pair / "target" / "config.json").read_text())["vocab_size"]
        return [Prompt(ids) for ids in random_prompts(vocabulary, options.prompts)]
    if options.pair == "built-in":
        return [Prompt(ids) for ids in built_in_prompts(pair / "target", options.prompts)]
    found = []
    for i, ids in enumerate(random_prompts(VOCABULARY, options.prompts)):
        [run] = race(plan[0].rivals[:1], Prompt(ids), turn=options.tokens)
        found.append(Prompt(ids, spoiled(run.tokens, options.acceptance, VOCABULARY, seed=i)))
    return found


def _environment(contestants: dict[str, Contestant], options: argparse.Namespace) -> str:
    versions = {k: v for c in contestants.values() for k, v in c.about["versions"].items()}
    mlx = {c.about["versions"]["mlx"] for c in contestants.values()}
    blas = {c.about["blas"] for c in contestants.values()}
    named = ", ".join(f"{name} {number}" for name, number in versions.items() if name != "mlx")
    threads = "" if options.threads is None else f" with {options.threads} threads"
    replayed = f" at acceptance {options.acceptance:g}" if options.pair == "replay" else ""
    drawn = " of random tokens" if options.any_tokens else ""
    return (
        f"{named}, mlx {' and '.join(sorted(mlx))}, Python {sys.version.split()[0]}, float32, "
        f"{os.cpu_count()} cores, BLAS: {' and '.join(sorted(blas))}{threads}. "
        f"Pair: {options.pair}{replayed}; {options.prompts} prompts{drawn}, "
        f"{options.tokens} tokens, {options.repeats} repeats; speeds are medians of repeats "
        "averaged over prompts, ratios of those, and in brackets the least and greatest ratio of "
        "a single repeat."
    )


def _report(results: Sequence[Result], costs: Sequence[Costs]) -> str:
    found = numbers.collected(results)
    rows = [
        numbers.efficiency(group.depth, runs, found[group, OUR_PLAIN], costs)
        for (group, who), runs in found.items()
        if who == OURS and group.depth and not group.temperature
    ]
    parts = [table.speeds(found), table.efficiencies(rows), table.goals(found, rows)]
    return "\n\n".join("\n".join(part) for part in parts)


def _write_json(
    file: Path,
    contestants: dict[str, Contestant],
    options: argparse.Namespace,
    parted: Sequence[Parting],
    results: Sequence[Result],
    costs: Sequence[Costs],
) -> None:
    runs = [
        {
            "group": result.group.title,
            "engine": result.rival,
            "prompt": result.prompt,
            "repeat": result.repeat,
            "tps": result.run.tps,
            **asdict(result.run),
        }
        for result in results
    ]
    settings = {key: value for key, value in vars(options).items() if key != "json"}
    document = {
        "settings": settings,
        "environment": {name: one.about for name, one in contestants.items()},
        "partings": [str(one) for one in parted],
        "runs": runs,
        "costs": [asdict(one) for one in costs],
    }
    file.write_text(json.dumps(document))


if __name__ == "__main__":
    main()
