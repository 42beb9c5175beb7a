"""An engine that says what it is told to, for tests of the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from mtp_mlx import api
from mtp_mlx.api import FinishReason, PairInfo, Sampling, Stats, TokenSource
from mtp_mlx.decode.sequence import Control
from mtp_mlx.events import Finished, PromptProgress, Rejected, Round, Token

PAIR = PairInfo(
    target="scripted",
    drafter="scripted drafter",
    no_drafter_reason=None,
    target_bytes=1,
    drafter_bytes=1,
    quantization="float32",
    context_length=64,
    sliding_window=16,
    draft_position="last-seen",
    recommended=Sampling(temperature=1.0, top_k=64, top_p=0.95),
    has_chat_template=True,
)
STATS = Stats(
    draft_rounds=2,
    draft_n=6,
    draft_n_accepted=3,
    acceptance_rate=0.5,
    mean_acceptance_length=2.5,
    acceptance_histogram=(0, 1, 1, 0),
    acceptance_by_position=(1.0, 0.5, 0.0),
    conditional_acceptance=(1.0, 0.5, 0.0),
    generated_tokens=6,
    decode_tps=61.4,
    prefill_tps=None,
    ttft_s=0.213,
    peak_memory_bytes=10,
)
WORDS = {7: "two", 8: " words", 9: " hmm"}


class Words:
    """A tokenizer that knows a few words; the engine below does not even ask it."""


@dataclass
class ScriptedEngine:
    """Writes a fixed reply of three rounds; `meanwhile` runs after the first."""

    tokenizer: Words | None = field(default_factory=Words)
    meanwhile: Callable[[], None] = lambda: None
    failure: Exception | None = None
    no_drafter: str | None = None  # why there is none
    requests: list[api.Generate] = field(default_factory=list)

    @property
    def pair(self) -> PairInfo:
        drafter = PAIR.drafter if self.no_drafter is None else None
        return replace(
            PAIR,
            has_tokenizer=self.tokenizer is not None,
            drafter=drafter,
            no_drafter_reason=self.no_drafter,
        )

    def memory(self) -> api.Memory:
        return api.Memory(active=0, peak=0, limit=1)

    def generate(
        self, request: api.Generate, control: Control, instruments: object = None
    ) -> Iterator[PromptProgress | Round | Finished]:
        del instruments
        self.requests.append(request)
        if self.failure is not None:
            raise self.failure
        yield PromptProgress(done=3, total=3, reused=1)
        yield told(0, [token(9, "target", thought=True)], [])
        self.meanwhile()
        if not control.cancelled:
            yield told(1, [token(7, "draft"), token(8, "target")], [5, 6])
            yield told(2, [token(2, "target", text="")], [])
        yield finished("cancelled" if control.cancelled else "stop")


def token(i: int, source: TokenSource, *, text: str | None = None, **more: bool) -> Token:
    return Token(id=i, text=WORDS[i] if text is None else text, source=source, **more)


def told(index: int, tokens: list[Token], rejected: list[int]) -> Round:
    accepted = sum(one.source == "draft" for one in tokens)
    depth = accepted + len(rejected)
    return Round(
        index=index,
        tokens=tokens,
        depth=depth,
        accepted=accepted,
        rejected=[Rejected(id=i, text="?") for i in rejected],
        ms=1.5,
    )


def finished(reason: FinishReason) -> Finished:
    return Finished(
        reason=reason,
        prompt_tokens=3,
        reused_tokens=1,
        seed=4,
        sampling=PAIR.recommended,
        stats=STATS,
    )
