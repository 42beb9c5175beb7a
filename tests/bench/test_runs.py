"""One run at a time: cold, with its text kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mtp_mlx import api
from mtp_mlx.api import Sampling
from mtp_mlx.bench.plan import Plan, Turn
from mtp_mlx.bench.prompts import Prompt
from mtp_mlx.bench.runs import MARGIN, Runner
from mtp_mlx.engine import Control, Instruments
from mtp_mlx.events import Finished, Round
from mtp_mlx.reply import BARE
from tests.cli.scripted import PAIR, finished, token, told

PLAN = Plan(modes=("off", 2), repeats=1, max_tokens=4, sampling=Sampling())
TURN = Turn(mode="off", prompt=Prompt(id="a", category="chat", text="Hello"), repeat=0)


class Cached:
    """Remembers whether its cache holds anything when it is asked for a reply."""

    pair = PAIR

    def __init__(self) -> None:
        self.warm = False
        self.asked: list[tuple[int, bool]] = []  # tokens wished for, with a warm cache

    def forget(self) -> None:
        self.warm = False

    def prompt_ids(self, request: api.Generate, cancelled: object) -> tuple[int, ...]:
        del request, cancelled
        return (1, 2, 3)

    def generate(
        self, request: api.Generate, control: Control, instruments: Instruments = BARE
    ) -> Iterator[Round | Finished]:
        del control, instruments
        self.asked.append((request.max_tokens, self.warm))
        self.warm = True
        yield told(0, [token(9, "target", thought=True)], [])
        text = [token(7, "draft"), token(8, "target")]
        yield told(1, text * request.max_tokens, [])
        yield finished("length")


def test_a_run_is_cold_also_after_its_text_was_recorded() -> None:
    engine = Cached()
    plan = replace(PLAN, replay_acceptance=0.5)
    runner = Runner(engine, plan, lambda: False)  # type: ignore[arg-type]
    for _ in range(2):
        runner.run(TURN)
    assert engine.asked == [(4 + MARGIN, False), (4, False), (4, False)]


def test_a_run_keeps_its_text_without_thoughts() -> None:
    made = Runner(Cached(), PLAN, lambda: False).run(TURN)  # type: ignore[arg-type]
    assert made.text == "two words" * 4
    assert made.tokens == (9, *[7, 8] * 4)
    assert [one.index for one in made.rounds] == [1]
    assert not made.cut
