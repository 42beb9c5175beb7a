"""Interleaved runs: every mode on every prompt, in turns, so that heat falls on all alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from mtp_mlx.api import MAX_DEPTH, Generate, Message, Mtp, TokenIds
from mtp_mlx.bench.plan import Plan, Turn, turns
from mtp_mlx.bench.prompts import Prompt, random_ids
from mtp_mlx.bench.replay import Replay
from mtp_mlx.engine import Control, Engine, Instruments
from mtp_mlx.errors import UsageError
from mtp_mlx.events import Finished, Round, Token

MARGIN = 2 * MAX_DEPTH + 2  # tokens of a recording past the reply: a round and a step may look on


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One reply, measured."""

    mode: Mtp
    prompt: Prompt
    repeat: int
    tokens: tuple[int, ...]
    rounds: tuple[Round, ...]  # without the token that prefill yields
    finished: Finished
    text: str = ""  # without thoughts

    @property
    def cut(self) -> bool:
        return self.finished.reason == "cancelled"


def runs(engine: Engine, plan: Plan, prompts: Sequence[Prompt]) -> Iterator[Run]:
    """Warm up, then measure turn by turn."""
    runner = Runner(engine, plan, lambda: False)
    runner.warm_up(prompts[0])
    for turn in turns(plan, prompts):
        yield runner.run(turn)


class Runner:
    """Runs turns of one plan, and keeps what is to be replayed."""

    def __init__(self, engine: Engine, plan: Plan, cancelled: Callable[[], bool]) -> None:
        self._engine = engine
        self._plan = plan
        self._cancelled = cancelled
        self._recordings: dict[str, list[int]] = {}

    def warm_up(self, prompt: Prompt) -> None:
        """Run every mode once, so that what is built or read for the first time is not measured."""
        for mode in self._plan.modes:
            self.run(Turn(mode=mode, prompt=prompt, repeat=0))

    def run(self, turn: Turn) -> Run:
        """Measure one reply that reuses nothing of an earlier one."""
        request, control = self._request(turn, self._plan.max_tokens), Control(mtp=turn.mode)
        tokens: list[Token] = []
        rounds: list[Round] = []
        instruments = self._instruments(turn)  # recording a text fills the cache
        self._engine.forget()
        for event in self._engine.generate(request, control, instruments):
            control.cancelled = self._cancelled()
            if isinstance(event, Round):
                tokens += event.tokens
                rounds += [event] if event.index else []
            elif isinstance(event, Finished):
                finished = event
        return Run(
            mode=turn.mode,
            prompt=turn.prompt,
            repeat=turn.repeat,
            tokens=tuple(token.id for token in tokens),
            rounds=tuple(rounds),
            finished=finished,
            text="".join(token.text for token in tokens if not token.thought),
        )

    def prompt_ids(self, turn: Turn) -> tuple[int, ...]:
        """Return the turn's prompt as the model reads it."""
        return self._engine.prompt_ids(self._request(turn, 1))

    def _request(self, turn: Turn, max_tokens: int) -> Generate:
        plan, prompt = self._plan, turn.prompt
        part = (
            TokenIds(tuple(prompt.ids or ()))
            if prompt.text is None
            else Message(role="user", content=prompt.text)
        )
        return Generate(
            prompt=(part,),
            sampling=plan.sampling,
            mtp=turn.mode,
            verify=plan.verify,
            max_tokens=max_tokens,
            seed=plan.seed_of(turn.repeat),
            ignore_eos=plan.ignore_eos or plan.replay_acceptance is not None,
        )

    def _instruments(self, turn: Turn) -> Instruments:
        acceptance = self._plan.replay_acceptance
        if acceptance is None:
            return Instruments()
        recording = self._recording(turn)
        length = len(self.prompt_ids(turn))
        replay = partial(Replay, recording=recording, acceptance=acceptance, prompt_length=length)
        return Instruments(wrap=replay)

    def _recording(self, turn: Turn) -> list[int]:
        """Return what follows a prompt, end tokens included: the same for every mode and repeat."""
        recording = self._recordings.get(turn.prompt.id)
        if recording is None:
            length = self._plan.max_tokens + MARGIN
            if turn.prompt.ids is None:
                recording = self._plain_text(turn.prompt, length)
            else:
                recording = random_ids(self._engine.vocabulary, length, seed=1)
            self._recordings[turn.prompt.id] = recording
        return recording

    def _plain_text(self, prompt: Prompt, length: int) -> list[int]:
        """Return what plain decoding writes. Raises UsageError where the context is too short."""
        request = self._request(Turn(mode="off", prompt=prompt, repeat=0), length)
        text = [
            token.id
            for event in self._engine.generate(request, Control(mtp="off"))
            if isinstance(event, Round)
            for token in event.tokens
        ]
        if len(text) < length:
            raise UsageError(
                f"The context does not hold {length} tokens after {prompt.id}.",
                "Ask for fewer with --max-tokens.",
            )
        return text
