"""The requests that a `Host` serves, and the values that requests and events are made of.

They are plain and frozen, free of MLX and of any transport, and named as in the literature
(ARCHITECTURE.md has the glossary). `mtp_mlx.events` has the answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

DEMO_PAIR = "demo"
"""The name by which `Load` asks for the built-in pair."""

MAX_DEPTH = 8
"""The most tokens drafted in a round (K)."""

MAX_PRESENCE_PENALTY = 2
MAX_BIAS = 100
"""The greatest presence penalty and logit bias, upwards and downwards; OpenAI's ranges."""

GREEDY_BELOW = 1e-5
"""A temperature below this is none: scores divided by it would overflow."""

CONTEXTS = tuple(2**n for n in range(12, 19))
"""Tokens of prompt and reply together: the lengths that are offered, 4,096 to 262,144."""

MAX_REPEATS = 1000
"""The most times that a benchmark measures each prompt."""

Mtp = int | Literal["off", "auto"]
"""The MTP switch: "off", "auto", or a fixed K of 0 to `MAX_DEPTH` drafts a round (0 parks)."""

RoundState = Literal["plain", "drafting", "parked", "probe"]
FinishReason = Literal["stop", "length", "cancelled"]
TokenSource = Literal["target", "draft"]
Verify = Literal["coupled", "block", "token"]
"""How drafts are judged. All three keep the target's distribution; "coupled" also its text."""

DraftPosition = Literal["last-seen", "anchor"]
"""Where the drafter stands: at the last position in the cache, or at the anchor's own."""

Dtype = Literal["auto", "float32", "bfloat16", "float16"]
Pressure = Literal["normal", "warning", "critical"]
"""How short macOS says that memory is."""

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a conversation, as the chat template takes it."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class RawText:
    """Text that is tokenised as it is, without a chat template."""

    text: str


@dataclass(frozen=True, slots=True)
class TokenIds:
    """Tokens that are read as they are, such as those of a recorded prompt."""

    ids: tuple[int, ...]


Prompt = tuple[Message | RawText | TokenIds, ...]
"""The parts of a prompt, in order. Messages go through the chat template together, and a prompt
that has messages has no other parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkingSyntax:
    """How a family marks a thought: `opening` `header` … `closing`; none of the three is shown."""

    opening: str  # the name of a token
    header: str  # text right after it; "" for none
    closing: str  # the name of a token


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """The transforms of target's and drafter's logits, in the order in which they are applied.

    Temperature 0 is greedy decoding. `logit_bias` is pairs, not a mapping: so these settings can
    be hashed, and JSON has no integer keys.
    """

    logit_bias: tuple[tuple[int, float], ...] = ()  # (token id, what is added to its score)
    repetition_penalty: float = 1.0  # on tokens of prompt and reply; 1: off
    presence_penalty: float = 0.0  # taken once from tokens of the reply; 0: off
    temperature: float = 0.0
    top_k: int = 0  # 0: off
    top_p: float = 1.0  # 1: off
    min_p: float = 0.0  # 0: off

    @property
    def is_greedy(self) -> bool:
        """Tell whether the likeliest token is taken."""
        return self.temperature < GREEDY_BELOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """The numbers of one reply. None means "not measured", never zero."""

    draft_rounds: int  # verify passes with K >= 1
    draft_n: int  # tokens drafted
    draft_n_accepted: int  # tokens drafted and emitted
    acceptance_rate: float | None  # draft_n_accepted / draft_n
    mean_acceptance_length: float | None  # tau = 1 + draft_n_accepted / draft_rounds
    acceptance_histogram: tuple[int, ...]  # rounds by number accepted, 0..K
    acceptance_by_position: tuple[float, ...]  # accepted at i / rounds that drafted >= i
    conditional_acceptance: tuple[float, ...]  # accepted at i / rounds that reached i
    generated_tokens: int
    decode_tps: float | None  # (n - 1) / (t_last - t_first)
    prefill_tps: float | None  # prompt tokens computed / second, reused ones left out
    ttft_s: float | None  # request to first token
    peak_memory_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes held by the engine, as MLX counts them, and those that there are for a pair here."""

    active: int
    peak: int
    limit: int
    need: int | None = None  # of the loaded pair, by the sum of fit; None: loaded whatever it needs
    pressure: Pressure | None = None  # None: the system has no such state, and kills instead
    context: int | None = None  # the longest of `CONTEXTS` for which the pair fits; None: of none

    @property
    def is_short(self) -> bool:
        """Tell whether the system says so, or less is here than the pair was loaded for."""
        return self.pressure in ("warning", "critical") or (self.need or 0) > self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class PairInfo:
    """The loaded pair as a window or a report shows it; it holds no paths."""

    target: str
    drafter: str | None
    no_drafter_reason: str | None
    target_bytes: int
    drafter_bytes: int
    quantization: str  # "4-bit affine, group 64", or the dtype
    context_length: int  # tokens of prompt and reply together, as the pair was loaded
    sliding_window: int
    draft_position: DraftPosition
    recommended: Sampling
    has_chat_template: bool
    has_tokenizer: bool = True  # False: replies are token ids
    notes: tuple[str, ...] = ()  # sentences: what of the checkpoint was left out
    longest_context: int | None = None  # tokens that the target was made for; None: not told


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """Load a pair; a pair already loaded is unloaded first. Answered by `Loaded`."""

    target: str  # a folder, a repository id, or DEMO_PAIR
    drafter: str | None = None  # None: the drafter trained for the target, if there is one
    use_drafter: bool = True
    drafter_bits: int | None = None  # 4 or 8: quantise the drafter's head; None: leave it
    context: int | None = None  # tokens of prompt and reply; None: all it was made for
    dtype: Dtype = "auto"
    draft_position: DraftPosition | None = None  # None: the pair's own
    anyway: bool = False  # also where it is too big for this machine


class LoadRandom(msgspec.Struct, frozen=True, kw_only=True):
    """Make a pair of random weights in the shape of a real one. Answered by `Loaded`."""

    shape: str
    layers: int | None = None  # of the target; None: all of the shape's
    bits: int = 4
    drafter_bits: int | None = None
    dtype: Dtype = "auto"
    anyway: bool = False


class Unload(msgspec.Struct, frozen=True, kw_only=True):
    """Free the pair and its caches. Answered by `Unloaded`."""


class LookAtMemory(msgspec.Struct, frozen=True, kw_only=True):
    """Tell what is held and what there is. Answered by `MemoryReport`."""


class Generate(msgspec.Struct, frozen=True, kw_only=True):
    """Write one reply. Answered by `PromptProgress`, a `Round` each round, and `Finished`.

    `continue_reply` says that the last message is the assistant's: its turn stays open, and the
    reply goes on from the message's last character.
    """

    prompt: Prompt
    continue_reply: bool = False
    thinking: bool = False
    sampling: Sampling | None = None  # None: what the model recommends
    mtp: Mtp = "auto"
    verify: Verify = "coupled"
    max_tokens: int = 2048
    seed: int = 0
    ignore_eos: bool = False


class CountTokens(msgspec.Struct, frozen=True, kw_only=True):
    """Count the tokens of `text`, by itself. Answered by `TokenCount`."""

    text: str


class Calibrate(msgspec.Struct, frozen=True, kw_only=True):
    """Measure the loaded pair for auto to start from. Answered by `Calibrated`."""


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """Measure the loaded pair, mode against mode, interleaved.

    Answered by `BenchProgress` and `BenchRun` as it goes, and `BenchFinished`.
    """

    suite: str | None = None  # a shipped suite or a file; None: "quick", random tokens for a shape
    modes: tuple[Mtp, ...] = ("off", "auto", 3)
    repeats: int = 3
    max_tokens: int = 128
    temperature: float = 0.0  # above 0 with the model's recommended top-k and top-p
    verify: Verify = "coupled"
    seed: int = 0
    context_tokens: tuple[int, ...] = (0,)  # text before each prompt, in tokens; each is measured
    cooldown_s: float | None = None  # None: that of the resumed report, or the machine's usual
    replay_acceptance: float | None = None
    include_text: bool = False
    out: str | None = None  # the file to write the report to after every run
    jsonl: str | None = None  # the file to append a line of JSON to after every run
    resume: str | None = None  # a report whose runs are kept; without `out` it is written to


Request = Load | LoadRandom | Unload | LookAtMemory | Generate | CountTokens | Calibrate | Bench
"""Every request that a Host serves."""
