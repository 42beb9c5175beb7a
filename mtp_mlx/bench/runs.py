"""Interleaved runs: every mode on every prompt, in turns, so that heat slows all modes alike.

With replayed acceptance everything is computed in full: the drafter's steps, the verify pass, the
rule's verdict. Only the tokens are replaced: the target's by a recorded text, the drafter's by the
same text with random mistakes. So a pair of random weights, whose drafts are never right, shows the
speed of a trained pair, with the requested acceptance on any machine.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import mlx.core as mx

from mtp_mlx.api import MAX_DEPTH, Generate, Mtp
from mtp_mlx.bench.contexts import Contexts, part_of
from mtp_mlx.bench.plan import Plan, Turn, turns
from mtp_mlx.bench.prompts import Prompt, random_ids, tokens_sha256
from mtp_mlx.engine import Control, Engine, Instruments
from mtp_mlx.errors import UsageError
from mtp_mlx.events import Finished, Round, Token
from mtp_mlx.protocols import Drafts, Proposal, Rule, Verdict
from mtp_mlx.sampling.choice import NONE_IN_FLIGHT
from mtp_mlx.sampling.distribution import Logits
from mtp_mlx.text.codec import ReadingCancelledError

MARGIN = 2 * MAX_DEPTH + 2  # tokens of a recording past the reply, for rounds that run over its end


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A measured reply."""

    mode: Mtp
    prompt: Prompt
    repeat: int
    tokens: tuple[int, ...]
    rounds: tuple[Round, ...]  # without the token that prefill yields
    finished: Finished
    text: str = ""  # without thoughts
    context_tokens: int = 0  # before the prompt
    context_sha256: str | None = None  # of those tokens; None for none

    @property
    def prompt_sha256(self) -> str:
        """Return the hash of all that the model read."""
        prompt = self.prompt.sha256
        whole = None if self.context_sha256 is None else f"{self.context_sha256} {prompt}"
        return prompt if whole is None else hashlib.sha256(whole.encode()).hexdigest()

    @property
    def cut(self) -> bool:
        return self.finished.reason == "cancelled"


def runs(engine: Engine, plan: Plan, prompts: Sequence[Prompt]) -> Iterator[Run]:
    """Warm up, then measure turn by turn."""
    runner, ahead = Runner(engine, plan, lambda: False), turns(plan, prompts)
    runner.warm_up(ahead)
    for turn in ahead:
        yield runner.run(turn)


class Runner:
    """Runs turns of one plan, and keeps the recordings for replayed acceptance."""

    def __init__(self, engine: Engine, plan: Plan, cancelled: Callable[[], bool]) -> None:
        self._engine = engine
        self._plan = plan
        self._cancelled = cancelled
        self._contexts = Contexts(engine, cancelled)
        self._recordings: dict[str, list[int]] = {}

    def warm_up(self, ahead: Sequence[Turn]) -> None:
        """Run every mode once behind each context of the turns `ahead`.

        So no measured run builds kernels or reads files.
        """
        first = {turn.context_tokens: turn for turn in reversed(ahead)}
        for context, turn in sorted(first.items()):
            for mode in self._plan.modes:
                self.run(Turn(mode=mode, prompt=turn.prompt, repeat=0, context_tokens=context))

    def run(self, turn: Turn) -> Run:
        """Measure one reply, which reads its context and its prompt anew.

        Raises ReadingCancelledError.
        """
        request, control = self._request(turn, self._plan.max_tokens), Control(mtp=turn.mode)
        context = turn.context_tokens
        tokens: list[Token] = []
        rounds: list[Round] = []
        instruments = self._instruments(turn)  # before `forget`, for a recording fills the cache
        self._engine.forget()
        control.cancelled = self._cancelled()
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
            context_tokens=context,
            context_sha256=tokens_sha256(self._contexts.tokens(context)) if context else None,
        )

    def prompt_ids(self, turn: Turn) -> tuple[int, ...]:
        """Return the turn's prompt as the model reads it."""
        return self._engine.prompt_ids(self._request(turn, 1))

    def _request(self, turn: Turn, max_tokens: int) -> Generate:
        plan, prompt, context = self._plan, turn.prompt, turn.context_tokens
        part = self._contexts.behind(prompt, context) if context else part_of(prompt)
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
            return Instruments(cancelled=self._cancelled)
        recording = self._recording(turn)
        length = len(self._engine.prompt_ids(self._request(turn, 1), self._cancelled))
        replay = partial(Replay, recording=recording, acceptance=acceptance, prompt_length=length)
        return Instruments(wrap=replay, cancelled=self._cancelled)

    def _recording(self, turn: Turn) -> list[int]:
        """Return the text recorded for a prompt: the same for every mode, repeat and context."""
        recording = self._recordings.get(turn.prompt.id)
        if recording is None:
            length = min(self._plan.max_tokens, self._engine.pair.context_length) + MARGIN
            if turn.prompt.ids is None:
                recording = self._plain_text(turn.prompt, length)
            else:
                recording = random_ids(self._engine.vocabulary, length, seed=1)
            self._recordings[turn.prompt.id] = recording
        return recording

    def _plain_text(self, prompt: Prompt, length: int) -> list[int]:
        """Return what plain decoding writes.

        Raises UsageError where the context is too short, ReadingCancelledError.
        """
        request = self._request(Turn(mode="off", prompt=prompt, repeat=0), length)
        text: list[int] = []
        control = Control(mtp="off")
        following = Instruments(cancelled=self._cancelled)
        for event in self._engine.generate(request, control, following):
            control.cancelled = self._cancelled()
            text += [token.id for token in event.tokens] if isinstance(event, Round) else []
        if control.cancelled:
            raise ReadingCancelledError
        if len(text) < length:
            raise UsageError(
                f"The context does not hold {length} tokens after {prompt.id}.",
                "Ask for fewer with --max-tokens.",
            )
        return text


class Replay:
    """A `Rule` around another that emits the tokens of `recording` after the prompt.

    Whether a draft is right depends on its position only, so every K and every repeat meets the
    same misses. The recording must be longer than the reply by the deepest round.
    """

    def __init__(
        self, rule: Rule, recording: Sequence[int], acceptance: float, prompt_length: int
    ) -> None:
        self._rule = rule
        self._recording = recording
        self._prompt_length = prompt_length
        chance = random.Random(0)  # noqa: S311 - misses need no secrecy
        self._right = [chance.random() < acceptance for _ in recording]

    def choose(
        self, logits: Logits, position: int, in_flight: mx.array = NONE_IN_FLIGHT
    ) -> mx.array:
        real = self._rule.choose(logits, position, in_flight)
        return _instead_of(real, self._recording[position - self._prompt_length])

    def propose(self, logits: Logits, start: int, drafted: mx.array) -> Proposal:
        real = self._rule.propose(logits, start, drafted)
        i = start + 1 + drafted.shape[0] - self._prompt_length
        token = self._recording[i]
        wanted = token if self._right[i] else _another(token)
        return replace(real, token=_instead_of(real.token, wanted))

    def judge(self, logits: Logits, start: int, drafts: Drafts) -> Verdict:
        real = self._rule.judge(logits, start, drafts)
        first = start + 1 - self._prompt_length
        k = len(drafts.proposals)
        n = next((i for i in range(k) if not self._right[first + i]), k)
        following = self._recording[first + n]
        return Verdict(_instead_of(real.accepted, n), _instead_of(real.following, following))

    def commit(self, tokens: Sequence[int]) -> None:
        self._rule.commit(tokens)


def _instead_of(real: mx.array, wanted: int) -> mx.array:
    """Return `wanted` in a graph that depends on `real`: otherwise `real` is never computed."""
    return mx.where(real < 0, real, wanted).astype(real.dtype)


def _another(token: int) -> int:
    """Return a token other than `token` that every vocabulary has."""
    return token - 1 if token > 0 else 1
