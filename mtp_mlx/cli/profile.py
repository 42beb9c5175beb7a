"""`generate --profile`: where the time of a round goes."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from mtp_mlx.api import Stats
from mtp_mlx.decode.watch import Laps, Timing
from mtp_mlx.events import Round

NOTE = (
    "Each part was waited for before the next was built, so these rounds are slower than usual. "
    "Plain steps overlap and have no parts."
)
PARTS = {
    "draft_build": "draft, built by the host",
    "draft_wait": "draft, run by the device",
    "verify_build": "verify, built by the host",
    "verify_wait": "verify, run by the device",
}


class Profile(Timing):
    """Times rounds part by part and keeps what it finds."""

    def __init__(self) -> None:
        super().__init__()
        self._found: list[Laps] = []

    def laps(self) -> Laps:
        self._found.append(super().laps())
        return self._found[-1]

    def table(self, rounds: Sequence[Round], stats: Stats) -> str:
        """Milliseconds a drafting round, and a plain step; with what passes between them."""
        drafting = [one for one in rounds if one.depth > 0]
        lines = self._drafting(drafting, _between(rounds, stats)) if self._found else []
        plain = [one.ms for one in rounds if one.depth == 0]
        if plain:
            lines.append(f"{len(plain)} plain steps, {statistics.mean(plain):.2f} ms each.")
        return "\n".join([*lines, NOTE])

    def _drafting(self, rounds: Sequence[Round], between: float) -> list[str]:
        parts = {
            words: statistics.mean(getattr(laps, name) for laps in self._found)
            for name, words in PARTS.items()
        }
        mean = statistics.mean(one.ms for one in rounds)
        parts["read, settled, committed"] = mean - sum(parts.values())
        parts["between rounds: text, events"] = between
        whole = sum(parts.values())
        depth = statistics.mean(one.depth for one in rounds)
        tokens = statistics.mean(len(one.tokens) for one in rounds)
        return [
            f"{'':30}{'ms a round':>10}{'share':>8}",
            *(f"{words:30}{ms:10.2f}{100 * ms / whole:6.0f} %" for words, ms in parts.items()),
            f"{'together':30}{whole:10.2f}",
            f"{len(rounds)} drafting rounds, mean K {depth:.1f}, {tokens:.2f} tokens a round.",
        ]


def _between(rounds: Sequence[Round], stats: Stats) -> float:
    """Milliseconds a round that no round accounts for."""
    if stats.decode_tps is None:
        return 0.0
    decode_ms = (stats.generated_tokens - 1) / stats.decode_tps * 1e3
    return max(decode_ms - sum(one.ms for one in rounds), 0.0) / len(rounds)
