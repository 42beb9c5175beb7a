"""An engine that says what it is told to, for tests of the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from mtp_mlx import wire
from mtp_mlx.api import FinishReason, PairInfo, Sampling, Stats, TokenSource
from mtp_mlx.decode.control import Control

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
    """A tokenizer of a few words."""

    def encode(self, text: str) -> list[int]:
        return [1, *range(2, 2 + len(text.split()))]


@dataclass
class ScriptedEngine:
    """Writes a fixed reply of three rounds; `meanwhile` runs after the first."""

    tokenizer: Words | None = field(default_factory=Words)
    meanwhile: Callable[[], None] = lambda: None
    failure: Exception | None = None
    pair: PairInfo = PAIR
    requests: list[wire.Generate] = field(default_factory=list)

    def generate(
        self, request: wire.Generate, control: Control, instruments: object = None
    ) -> Iterator[wire.PromptProgress | wire.Round | wire.Finished]:
        del instruments
        self.requests.append(request)
        if self.failure is not None:
            raise self.failure
        yield wire.PromptProgress(id=request.id, done=3, total=3, reused=1)
        yield told(0, [token(9, "target", thought=True)], [])
        self.meanwhile()
        if not control.cancelled:
            yield told(1, [token(7, "draft"), token(8, "target")], [5, 6])
            yield told(2, [token(2, "target", text="")], [])
        yield finished("cancelled" if control.cancelled else "stop")


def token(i: int, source: TokenSource, *, text: str | None = None, **more: bool) -> wire.Token:
    return wire.Token(id=i, text=WORDS[i] if text is None else text, source=source, **more)


def told(index: int, tokens: list[wire.Token], rejected: list[int]) -> wire.Round:
    accepted = sum(one.source == "draft" for one in tokens)
    depth = accepted + len(rejected)
    return wire.Round(
        id="x",
        index=index,
        tokens=tokens,
        depth=depth,
        accepted=accepted,
        rejected=[wire.Rejected(id=i, text="?") for i in rejected],
        ms=1.5,
    )


def finished(reason: FinishReason) -> wire.Finished:
    return wire.Finished(
        id="x",
        reason=reason,
        prompt_tokens=3,
        reused_tokens=1,
        seed=4,
        sampling=PAIR.recommended,
        stats=STATS,
    )
