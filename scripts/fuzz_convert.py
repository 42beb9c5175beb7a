"""Kill conversions at random moments, and compare what comes of them with one that ran through.

Usage: python -m scripts.fuzz_convert --count 20 [--seed 0]

Each case converts the built-in target into small files, kills the process again and again, damages
what was left now and then, and ends with one that runs through. No half model may have the result's
name meanwhile, and the result must be the same byte by byte.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from mtp_mlx.hub.conversions import work_folder
from mtp_mlx.hub.resolve import DEMO_FOLDER

CONVERT = """
import sys
from pathlib import Path
from mtp_mlx.hub.progress import Progress
from mtp_mlx.loading import conversion_file, conversion_plan, convert

conversion_plan.SHARD_BYTES = 1_000_000
conversion_file.BLOCK = 2**18
convert.perplexity = lambda _folder: 1.0
print("begun", flush=True)
convert.convert(Path(sys.argv[1]), Path(sys.argv[2]), Progress(), bits=4)
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    kills = 0
    with tempfile.TemporaryDirectory() as folder:
        straight = Path(folder) / "straight"
        assert _run(straight, None) == 0
        expected = _digests(straight)
        for case in range(options.count):
            seed = options.seed + case
            kills += _case(Path(folder) / f"case {seed}", expected, random.Random(seed))
    print(f"{options.count} conversions, {kills} kills, and every result is whole and the same.")
    return 0


def _case(out: Path, expected: dict[str, str], draw: random.Random) -> int:
    """Return how often it was killed."""
    kills = 0
    for _ in range(draw.randrange(1, 5)):
        code = _run(out, draw.uniform(0, 0.8))
        kills += code == -signal.SIGKILL
        if out.exists():
            break
        assert code == -signal.SIGKILL, code
        if draw.random() < 0.3:
            _damage(work_folder(out), draw)
    if not out.exists():
        assert _run(out, None) == 0
    assert _digests(out) == expected, out.name
    assert not work_folder(out).exists()
    return kills


def _run(out: Path, kill_after_s: float | None) -> int:
    """Convert, in a process that is killed so many seconds after it began; return its exit code."""
    command = [sys.executable, "-c", CONVERT, str(DEMO_FOLDER / "target"), str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            return process.wait(kill_after_s)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


def _damage(work: Path, draw: random.Random) -> None:
    """Flip a bit of a file, cut it, or remove it."""
    entries = work.iterdir() if work.exists() else iter(())
    files = sorted(entry for entry in entries if entry.stat().st_size)
    if not files:
        return
    file = draw.choice(files)
    content = bytearray(file.read_bytes())
    place = draw.randrange(len(content))
    match draw.randrange(3):
        case 0:
            content[place] ^= 1 << draw.randrange(8)
            file.write_bytes(content)
        case 1:
            file.write_bytes(content[:place])
        case _:
            file.unlink()


def _digests(folder: Path) -> dict[str, str]:
    """Return the hash of every file but those of the conversion itself."""
    files = (entry for entry in folder.iterdir() if not entry.name.startswith(".conversion"))
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


if __name__ == "__main__":
    sys.exit(main())
