"""Damage the texts of a tiny checkpoint again and again, and see that a sentence answers each time.

A reader of its own loads each folder, renders, encodes and decodes. Printed are the cases that
ended otherwise than with an answer or one sentence: with another text, or with the reader killed
for its time or memory, which is its way of ending some templates.

    .venv/bin/python -m scripts.fuzz_texts --count 2000 --seed 0
"""

from __future__ import annotations

import argparse
import collections
import random
import shutil
import tempfile
from pathlib import Path

from mtp_mlx.text import reader
from mtp_mlx.text.codec import never
from mtp_mlx.text.process import EndedError, ReaderProcess
from tests.support.damaged_texts import QUESTIONS, damage, encoded, faults
from tests.text.samples import byte_fallback, write_json, write_pieces

TIME_S = 5.0


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=2000)
    options.add_argument("--seed", type=int, default=0)
    asked = options.parse_args()
    ends: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory() as place:
        wholes = _wholes(Path(place))
        process = ReaderProcess()
        for seed in range(asked.seed, asked.seed + asked.count):
            folder = Path(place) / "damaged"
            shutil.copytree(wholes[seed % len(wholes)], folder)
            name = damage(folder, random.Random(seed))
            try:
                end = _tried(process, folder)
            except EndedError as error:
                end = f"reader: {error}"
                process.end()
                process = ReaderProcess()
            if end not in {"answered", "refused"}:
                print(f"seed {seed}, {name}: {end}")
            ends[end] += 1
            shutil.rmtree(folder)
        process.end()
    for end, count in ends.most_common():
        print(f"{count:6}  {end}")


def _wholes(place: Path) -> list[Path]:
    folders = [place / "json", place / "pieces"]
    for folder in folders:
        folder.mkdir()
        (folder / "chat_template.jinja").write_text("{{ bos_token }}{{ messages | tojson }}")
        (folder / "generation_config.json").write_text('{"eos_token_id": [1, 4]}')
    write_json(folders[0], byte_fallback(), {"bos_token": "<bos>", "eos_token": "<eos>"})
    write_pieces(folders[1])
    return folders


def _tried(process: ReaderProcess, folder: Path) -> str:
    """Return how a folder ended. Raises EndedError where it took the reader with it."""
    refused = False
    for question in QUESTIONS:
        answer = process.ask(encoded(question, folder), TIME_S, never)
        if (fault := faults(answer)) is not None:
            return fault
        refused = refused or answer.startswith(reader.REFUSED)
        if question is QUESTIONS[0] and (refused or answer.strip() == b"null"):
            break  # there is no tokenizer to ask
    return "refused" if refused else "answered"


if __name__ == "__main__":
    main()
