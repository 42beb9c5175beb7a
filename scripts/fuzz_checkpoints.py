"""Loads damaged checkpoints by the thousand, and writes a few tokens with what loads.

Each case is damaged by its own seed (`tests/support/mutations.py`), in a process that may die of
it. A case is good where it loads and writes, or where it fails with an error of this program: one
line of at most 300 characters. Run as `python -m scripts.fuzz_checkpoints --count 2000`.
"""

from __future__ import annotations

import argparse
import collections
import os
import random
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMIT_S = 240  # kernels are compiled anew for each unusual constant
SLOW_S = 20  # a case that takes longer is named
MOST = 300


def main() -> int:
    given = _arguments()
    if given.worker is not None:
        return _work(Path(given.worker), range(given.first, given.first + given.count))
    kinds: collections.Counter[str] = collections.Counter()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        _original(Path(folder))
        at, end = given.first, given.first + given.count
        while at < end:
            for case, outcome, words in _batch(Path(folder), at, end):
                at = case + 1
                kinds[outcome] += 1
                if outcome == "FOUND":
                    found.append((case, words))
                    print(f"{case}: {words}", flush=True)
    print(", ".join(f"{n} {kind}" for kind, n in kinds.most_common()))
    return 1 if found else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="the seed of the first case")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    return parser.parse_args()


def _original(folder: Path) -> None:
    from tests.support.checkpoints import write_pair
    from tests.support.shapes import E4B

    write_pair(folder / "whole", E4B)


def _batch(folder: Path, first: int, end: int) -> list[tuple[int, str, str]]:
    """Run cases in one process until all are done or it dies; return case, outcome, words."""
    command = [sys.executable, "-m", "scripts.fuzz_checkpoints", "--worker", str(folder)]
    command += ["--first", str(first), "--count", str(end - first)]
    results: list[tuple[int, str, str]] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        begun = ""
        while True:
            ready, _, _ = select.select([worker.stdout], [], [], LIMIT_S)
            line = worker.stdout.readline() if ready else ""
            if not line:
                break
            number, outcome, words = line.rstrip("\n").split("\t", 2)
            begun = words
            if outcome != "begun":
                results.append((int(number), outcome, words))
        worker.kill()
    done = results[-1][0] + 1 if results else first
    if done < end:
        how = f"signal {-worker.returncode}" if ready else f"no answer in {LIMIT_S} s"
        results.append((done, "FOUND", f"{how}: {begun}"))
    return results


def _work(folder: Path, cases: range) -> int:
    os.environ["XDG_DATA_HOME"] = str(folder / "data")
    for case in cases:
        began, used = time.perf_counter(), time.process_time()
        outcome, words = _run(folder, case)
        seconds, used = time.perf_counter() - began, time.process_time() - used
        if seconds > SLOW_S:
            took = f"slow: {seconds:.0f} s, of which {used:.0f} s of computing"
            print(f"{case} {took}: {words[:200]}", file=sys.stderr, flush=True)
        print(case, outcome, f"{words} ({seconds:.1f} s)", sep="\t", flush=True)
    return 0


def _run(folder: Path, case: int) -> tuple[str, str]:
    from mtp_mlx.errors import MtpMlxError
    from tests.support.checkpoints import PairFolders
    from tests.support.mutations import check_list, mutate

    place = folder / f"case-{case}"
    shutil.copytree(folder / "whole", place)
    pair = PairFolders(place / "target", place / "drafter")
    done = mutate(pair, random.Random(case))
    print(case, "begun", done, sep="\t", flush=True)
    try:
        check_list(pair, loads=False)
        return "written", f"{done}: {_written(pair)}"
    except MtpMlxError as error:
        words = str(error)
        good = len(words) <= MOST and words.isprintable() and "Unexpected" not in words
        return type(error).__name__ if good else "FOUND", f"{done}: {words[:400]!r}"
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        return "FOUND", f"{done}: {type(error).__name__}: {str(error)[:200]!r}"
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _written(pair: object) -> int:
    """Load, write a reply with and without drafts, and return the number of tokens."""
    from mtp_mlx import api
    from mtp_mlx.engine import Control, Engine
    from mtp_mlx.events import Round
    from tests.support.checkpoints import PairFolders
    from tests.support.mutations import check_list

    assert isinstance(pair, PairFolders)
    load = api.Load(target=str(pair.target), drafter=str(pair.drafter), dtype="float32")
    engine = Engine.load(load)
    tokens = 0
    for mtp in ("off", 3):
        prompt = (api.TokenIds((5, 6, 7, 8, 9, 10, 11)),)
        request = api.Generate(prompt=prompt, mtp=mtp, max_tokens=12, seed=1)
        for event in engine.generate(request, Control(mtp=mtp)):
            tokens += len(event.tokens) if isinstance(event, Round) else 0
    check_list(pair, loads=True)
    return tokens


if __name__ == "__main__":
    sys.exit(main())
