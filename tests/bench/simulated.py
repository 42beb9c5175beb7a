"""An engine and a clock that tests turn: no model, and no second passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from mtp_mlx import api
from mtp_mlx.api import Mtp, Sampling
from mtp_mlx.bench.plan import Plan, turns
from mtp_mlx.bench.prompts import Prompt, Suite
from mtp_mlx.bench.report import Subject
from mtp_mlx.bench.session import Circumstances, Session
from mtp_mlx.engine import Control, Instruments
from mtp_mlx.errors import MtpMlxError
from mtp_mlx.events import Finished, Round, Token
from mtp_mlx.report.model import Environment, Report
from tests.cli.scripted import PAIR, STATS

PROMPTS = [Prompt(id=name, category=name, ids=[1, 2]) for name in ("code", "chat", "lists")]
PLAN = Plan(modes=("off", 3), repeats=4, max_tokens=8, sampling=Sampling())
LENGTH = 100  # tokens of a reply


@dataclass
class Simulated:
    """Speeds are a function of mode and time; the clock goes on by what a run takes."""

    speed: Callable[[Mtp, float], float] = lambda mode, _: 20.0 if mode == "off" else 30.0
    text: Callable[[Mtp], list[int]] = lambda _: [1, 2, 3]
    failure: MtpMlxError | None = None
    fails_at: int = -1  # the run that does; warm-up counts
    now: float = 0.0
    asked: list[api.Generate] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    codec = None  # the pair has no tokenizer
    vocabulary = 384

    def prompt_ids(self, request: api.Generate, cancelled: object) -> tuple[int, ...]:
        del cancelled
        (part,) = request.prompt
        assert isinstance(part, api.TokenIds)
        return part.ids

    def forget(self) -> None:
        """Nothing is kept."""

    @property
    def last_prompt(self) -> tuple[int, ...]:
        (part,) = self.asked[-1].prompt
        assert isinstance(part, api.TokenIds)
        return part.ids

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def generate(
        self, request: api.Generate, control: Control, instruments: Instruments
    ) -> Iterator[Round | Finished]:
        del instruments
        if len(self.asked) == self.fails_at and self.failure is not None:
            raise self.failure
        self.asked.append(request)
        tps = self.speed(request.mtp, self.now)
        self.now += LENGTH / tps
        tokens = [Token(id=i, text="", source="target") for i in self.text(request.mtp)]
        yield Round(index=0, tokens=tokens, depth=0, accepted=0, rejected=[], ms=1)
        yield Finished(
            reason="cancelled" if control.cancelled else "length",
            prompt_tokens=2,
            reused_tokens=0,
            seed=request.seed,
            sampling=Sampling(),
            stats=replace(STATS, decode_tps=tps),
        )


def subject(plan: Plan, prompts: list[Prompt] = PROMPTS) -> Subject:
    return Subject(
        pair=PAIR,
        environment=Environment(app_version="1", device="simulated"),
        suite=Suite(name="simulated", prompts=prompts),
        planned=len(turns(plan, prompts)),
    )


def session(
    engine: Simulated, plan: Plan = PLAN, cancelled: Callable[[], bool] = lambda: False
) -> Session:
    circumstances = Circumstances(cancelled=cancelled, clock=engine.clock, sleep=engine.sleep)
    return Session(engine, subject(plan), plan, circumstances)  # type: ignore[arg-type]


def made(benchmark: Session, earlier: Report | None = None) -> Report | None:
    """Run a benchmark to its end; its report."""
    for _ in benchmark.measure(earlier):
        pass
    return benchmark.report
