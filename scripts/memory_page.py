"""Write docs/memory.md: which pairs fit which Macs, by the sum that the program itself uses.

Usage: python -m scripts.memory_page
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mtp_mlx.families import PAIRS
from mtp_mlx.families.base import Conversion, KnownPair
from mtp_mlx.hub.fit import COMFORTABLE, MARGIN, RESERVE, Fit, MachineMemory, fit, listed_size

PAGE = Path(__file__).parents[1] / "docs" / "memory.md"
GB, GIB, MIB = 10**9, 2**30, 2**20

ADVISED = {16: 10922, 24: 16384, 32: 21845, 48: 36864}
"""MiB that Metal recommends at most, by a Mac's GB of memory; 24 and 48 follow from the shares of
others: two thirds up to 32 GB, three quarters above. Reported in ggml-org/llama.cpp#5206, #1870 and
ise-uiuc/magicoder#19."""

CONTEXTS = (8, 32, 128)  # thousands of tokens

INTRODUCTION = f"""# What fits which Mac

A pair needs memory for five things, and `mtp-mlx models fit` shows all five for any model:

- **target** and **drafter**: their weights. Parts of the files for images and sound are not loaded.
- **keys and values** of the context, as far as prompt and reply together may reach.
- **reading the prompt**: the scores of 256 rows against the whole context, and the rows themselves.
  At first 2,048 rows are read at a time; where memory is short, down to 256.
- a **margin** of {MARGIN / GB} GB.

A Mac has for a pair what Metal recommends, but at most its memory less {RESERVE / GB:.0f} GB, or
less what other programs have wired where that is more. Once macOS says that memory is short, only
the memory that is available counts. A pair *fits* where it needs at most {COMFORTABLE:.0%} of that,
is *tight* up to all of it, and otherwise is *too big*: it is loaded only with `--anyway`, or with
*Load anyway* in the window. The same figure is watched while a prompt is read: reading stops with
a message before the Mac is in danger.

Each cell has the GB needed at 8, 32 and 128 thousand tokens of context. Bold fits, plain is tight,
and a dash is too big.
"""

END = """
The sizes of the files are those of the catalogue; for a model on the disk the program reads them
from its files. A name does not tell the size: `gemma-4-12B-it-qat-4bit` has 10.99 GB, because
its feed-forward layers have 8 bits. With `--drafter-bits 4` the drafters of 12B, 26B-A4B and 31B
take about a quarter of their 0.8 to 0.9 GB once they are loaded.

This page is written by `python -m scripts.memory_page`; `python -m scripts.measure_fit` compares
the sum with the peak that MLX measures. The sums are for half precision, as on every Mac.

The second script measured these, on a CPU in float32, where everything but packed weights takes
twice as much. The caches were filled with random rows up to a last chunk, which was then read.
The sum is without its margin, of which no part is in MLX's peak; beside it stands how much of both
is more than the weights: the caches and the chunk.

| pair | rows | context | sum | of it no weights | MLX's peak | of it no weights | peak / sum |
|---|---|---|---|---|---|---|---|
| E2B, 4-bit, all 35 layers | 256 | 8,192 | 3.48 GB | | 3.50 | | 1.01 |
| | 256 | 32,768 | 4.02 GB | | 3.99 | | 0.99 |
| | 256 | 131,072 | 6.19 GB | | 6.13 | | 0.99 |
| E2B, bf16, 16 layers | 2,048 | 8,192 | 10.45 GB | 0.80 | 10.19 | 0.54 | 0.98 |
| | 2,048 | 32,768 | 10.68 GB | 1.03 | 10.51 | 0.86 | 0.98 |
| | 2,048 | 131,072 | 12.39 GB | 2.74 | 12.20 | 2.55 | 0.98 |
| 12B, bf16, 7 layers | 256 | 8,192 | 12.65 GB | 0.52 | 12.68 | 0.55 | 1.00 |
| | 256 | 32,768 | 13.28 GB | 1.14 | 13.26 | 1.13 | 1.00 |
| | 2,048 | 8,192 | 13.61 GB | 1.48 | 13.43 | 1.30 | 0.99 |
| | 2,048 | 32,768 | 14.11 GB | 1.97 | 13.65 | 1.52 | 0.97 |

`scripts/true_window.py` took two of them through the window: 16 tokens, after a prompt of 13. All
35 layers of E2B in 4 bits: 3.24 GB without the margin, and 3.23 at the peak. 8 layers of 12B in 4
bits: 3.61 and 3.61. The engine's process held 3.64 and 4.42 GB at the most.
"""


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """Return the content of the page."""
    return "\n".join([INTRODUCTION, *table(), END])


def table() -> Iterator[str]:
    columns = [f"{size} GB (has {have(size) / GB:.1f})" for size in ADVISED]
    yield f"| | {' | '.join(columns)} |"
    yield f"|---|{'---|' * len(columns)}"
    for pair in PAIRS:
        for target in (one for one in pair.targets if one.size_bytes is not None):
            cells = (cell(pair, target, have(size)) for size in ADVISED)
            yield f"| {pair.name}, {target.label} | {' | '.join(cells)} |"


def cell(pair: KnownPair, target: Conversion, have: int) -> str:
    size = listed_size(pair, target)
    assert size is not None
    fits = [fit(size, context * 1024, have) for context in CONTEXTS]
    return " · ".join(map(words, fits)) if fits[0].verdict != "too-big" else "\N{EM DASH}"


def words(judged: Fit) -> str:
    needed = f"{judged.need.total / GB:.1f}"
    return {"fits": f"**{needed}**", "tight": needed, "too-big": "\N{EM DASH}"}[judged.verdict]


def have(memory: int) -> int:
    """Return what a Mac with so many GB of memory has for a pair while nothing else is large."""
    return MachineMemory(
        total=memory * GIB, available=0, recommended=ADVISED[memory] * MIB, pressure="normal"
    ).have


if __name__ == "__main__":
    main()
