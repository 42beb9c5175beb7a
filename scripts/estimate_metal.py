"""Estimate steps and rounds on Macs from bandwidth and launches: the tables of docs/metal.md.

    python scripts/estimate_metal.py

A step's time is taken as the time to read its weights, and a fixed time for each kernel that is
launched. Nothing is measured here.
"""

from __future__ import annotations

from dataclasses import dataclass

from mtp_mlx.families.gemma4.config import target_config
from mtp_mlx.families.gemma4.facts import FACTS, Facts, numbers_read, target_of

BYTES = 4.5 / 8  # a weight in 4 bits, with its group's scale and bias
REACHED = 0.85  # of the bandwidth that Apple names
LAUNCH_MS = 0.005
STEP_OF_DRAFTER = 85  # launches, head and choice included
EXPERTS_OF_FOUR_ROWS = 3.0  # times those of one row: 2.5 to 3.6 were reported


@dataclass(frozen=True, slots=True)
class Mac:
    name: str
    bandwidth: float  # bytes/s
    four_rows: float  # time of a quantised product of four rows, in products of one; reported


@dataclass(frozen=True, slots=True)
class Reported:
    """What users report of plain decoding in 4 bits."""

    pair: str
    machine: str
    bandwidth: float  # bytes/s
    tokens_per_second: float


MACS = (
    Mac("M1 Pro", 200e9, 3.2),
    Mac("M4 Pro", 273e9, 1.47),
    Mac("M3 Ultra", 819e9, 1.51),
    Mac("M5 Max", 614e9, 1.25),
)

REPORTS = (
    Reported("12B", "M2 Pro", 200e9, 23.1),
    Reported("26B-A4B", "M2 Pro", 200e9, 49.5),
    Reported("E4B", "M3 Ultra", 819e9, 83),
    Reported("26B-A4B", "M3 Ultra", 819e9, 94),
    Reported("31B", "M3 Ultra", 819e9, 31),
    Reported("12B", "M5 Max", 614e9, 50.2),
    Reported("31B", "M5 Max", 614e9, 26),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Bytes and launches of a pair's passes over one row."""

    facts: Facts

    @property
    def read(self) -> float:
        """Return the bytes of the weights that a step of the target reads."""
        return numbers_read(target_config(target_of(self.facts, self.facts.layers))) * BYTES

    @property
    def launches(self) -> int:
        """Return the kernels of a step of the target, counted in mlx-lm's layer."""
        config = target_config(target_of(self.facts, self.facts.layers))
        a_layer = 24 + 5 * bool(config.per_layer_input_size) + 20 * bool(config.experts)
        return a_layer * config.num_layers

    @property
    def drafter_read(self) -> float:
        """Return the bytes that a step of the drafter reads in bfloat16.

        A head of centroids reads the rows of 4 096 tokens instead of the whole embedding.
        """
        if not self.facts.centroid_head:
            return self.facts.drafter_bytes
        return self.facts.drafter_bytes - 2 * 256 * (262_144 - 4_096)

    def plain(self, bandwidth: float) -> float:
        """Return the milliseconds of a plain step."""
        return self._reading(self.read, bandwidth) + self.launches * LAUNCH_MS

    def draft(self, mac: Mac) -> float:
        """Return the milliseconds of a step of the drafter."""
        return self._reading(self.drafter_read, mac.bandwidth) + STEP_OF_DRAFTER * LAUNCH_MS

    def verify(self, mac: Mac) -> float:
        """Return the milliseconds of a pass over four rows."""
        experts = target_config(target_of(self.facts, self.facts.layers)).experts
        rows = EXPERTS_OF_FOUR_ROWS if experts else mac.four_rows
        return self._reading(self.read, mac.bandwidth) * rows + self.launches * LAUNCH_MS

    @staticmethod
    def _reading(size: float, bandwidth: float) -> float:
        return size / (bandwidth * REACHED) * 1000


def main() -> None:
    pairs = {facts.name: Pair(facts) for facts in FACTS}
    print("| pair | Mac | reported | estimated tokens/s |\n|---|---|---|---|")
    for one in REPORTS:
        estimated = 1000 / pairs[one.pair].plain(one.bandwidth)
        print(f"| {one.pair} | {one.machine} | {one.tokens_per_second:g} | {estimated:.0f} |")
    print("\n| pair | Mac | plain step | draft step | pass over 4 rows | round, K 3 | in steps |")
    print("|---|---|---|---|---|---|---|")
    for name, pair in pairs.items():
        for mac in MACS:
            plain, draft, verify = pair.plain(mac.bandwidth), pair.draft(mac), pair.verify(mac)
            whole = verify + 3 * draft
            print(
                f"| {name} | {mac.name} | {plain:.1f} ms | {draft:.1f} | {verify:.1f} "
                f"| {whole:.1f} | {whole / plain:.2f} |"
            )


if __name__ == "__main__":
    main()
