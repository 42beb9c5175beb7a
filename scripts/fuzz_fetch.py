"""Fetches by the thousand from a Hub on loopback that fails, and kills fetches in their middle.

Each case has its own seed (`tests/hub/misfortunes.py`). A case is good where the repository is
whole in the end, byte by byte, with one copy on the disk and nothing left over. A kill is good
where the next fetch asks for the bytes behind those on the disk. Run as
`python -m scripts.fuzz_fetch --count 2000 --kills 200`.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "0"

from huggingface_hub import close_session, constants

from tests.hub.fake_hub import PIECE, REPOSITORY, FakeHub, serving, weights
from tests.hub.misfortunes import fetched_in_the_end, leave_behind, unlucky


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="the seed of the first case")
    parser.add_argument("--kills", type=int, default=20)
    given = parser.parse_args()
    found = sum(not _misfortune(seed) for seed in range(given.first, given.first + given.count))
    found += sum(not _kill(seed) for seed in range(given.kills))
    print(f"{given.count} cases, {given.kills} kills, {found} found")
    return 1 if found else 0


def _misfortune(seed: int) -> bool:
    with tempfile.TemporaryDirectory() as folder, serving(FakeHub()) as hub:
        _reach(hub, Path(folder))
        constants.HF_HUB_DISABLE_SYMLINKS = seed % 4 == 0
        rng = unlucky(hub, seed)
        leave_behind(hub, Path(folder), rng)
        try:
            fetched_in_the_end(hub, Path(folder))
        except Exception as error:  # noqa: BLE001 - whatever it is, it was found
            print(f"{seed}: {type(error).__name__}: {error}", flush=True)
            return False
        return True


def _reach(hub: FakeHub, cache: Path) -> None:
    os.environ["HF_HUB_CACHE"] = str(cache)
    constants.ENDPOINT = hub.address
    constants.HUGGINGFACE_CO_URL_TEMPLATE = hub.address + "/{repo_id}/resolve/{revision}/{filename}"
    close_session()


def _kill(seed: int) -> bool:
    """Kill a fetch three times wherever it is, and let the fourth end."""
    rng = random.Random(seed)
    size = rng.randrange(PIECE, 60 * PIECE)
    files = {"config.json": b"{}", "model.safetensors": weights(size, seed)}
    with tempfile.TemporaryDirectory() as folder, serving(FakeHub({REPOSITORY: files})) as hub:
        _reach(hub, Path(folder))
        environment = {**os.environ, "HF_ENDPOINT": hub.address}
        command = [sys.executable, "-m", "mtp_mlx", "models", "fetch", REPOSITORY, "--json"]
        parts, folder_of_blobs = [], Path(folder) / "models--some--model" / "blobs"
        for _ in range(3):
            with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
                at = rng.randrange(size)
                hub.hold = lambda sent, at=at, process=process: sent < at or process.kill()  # type: ignore[misc]
                process.wait()
            left = [*folder_of_blobs.glob("*.mtp.incomplete")]
            parts += [f"bytes={part.stat().st_size}-" for part in left if part.stat().st_size]
            hub.sent = 0
        hub.hold = lambda _sent: None
        ended = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False)
        good = ended.returncode == 0 and hub.ranges == parts
        if not good:
            print(f"kill {seed}: {ended.returncode}, {hub.ranges} after {parts}", flush=True)
        return good


if __name__ == "__main__":
    sys.exit(main())
