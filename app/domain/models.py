"""The models on this disk and in the catalogue, as `mtp-mlx models` tells them.

Every field that may be missing has a default, and fields of a later release are ignored.
"""

from __future__ import annotations

import msgspec


class LocalModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model on this disk, and why it cannot be loaded where it cannot."""

    name: str  # its repository where that is known, else its folder's name
    path: str
    place: str = ""  # the folder that it was seen in
    owner: str = "own"  # "hub", "lm-studio", …; of these only "hub" may be removed here
    repository: str | None = None
    part: str | None = None  # "target" or "drafter"
    title: str | None = None  # "Gemma 4 E4B"
    precision: str | None = None  # "4-bit"
    size_bytes: int = 0
    state: str = "unsupported"  # "usable", "incomplete", "damaged" or "unsupported"
    problem: str | None = None
    remedy: str | None = None
    lacks: tuple[str, ...] = ()

    @property
    def is_usable(self) -> bool:
        return self.state == "usable"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A folder in which a program or the user keeps models."""

    owner: str
    title: str  # "LM Studio"; of a user's folder its name
    path: str
    state: str = "connected"  # or "not-connected", "unreadable"
    problem: str | None = None
    models: tuple[LocalModel, ...] = ()
    size_bytes: int = 0
    is_partial: bool = False


class DrafterChoice(msgspec.Struct, frozen=True, kw_only=True):
    model: LocalModel
    merits: tuple[str, ...] = ()


class Pairing(msgspec.Struct, frozen=True, kw_only=True):
    """A usable target with the drafters on this disk that fit it, the best first."""

    target: LocalModel
    drafters: tuple[DrafterChoice, ...] = ()
    published: str | None = None  # the repository of its own drafter


class Conversion(msgspec.Struct, frozen=True, kw_only=True):
    """A half of a pair in one precision: of the catalogue, on this disk, or both."""

    name: str
    repository: str | None = None
    precision: str = ""
    size_bytes: int | None = None
    missing_bytes: int | None = None  # that a fetch has to bring; None: unknown
    drafter: str | None = None  # the repository of a target's own drafter
    state: str | None = None
    path: str | None = None


class KnownPair(msgspec.Struct, frozen=True, kw_only=True):
    name: str  # "E4B"
    title: str = ""  # "Gemma 4 E4B"
    targets: tuple[Conversion, ...] = ()
    drafters: tuple[Conversion, ...] = ()


class Unfinished(msgspec.Struct, frozen=True, kw_only=True):
    """A conversion that was interrupted, or that another process is making."""

    name: str
    out: str  # the folder that it is to have
    source: str = ""
    bits: int = 4
    group: int = 0
    done: int = 0  # bytes of the source
    total: int = 0
    is_running: bool = False


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `models list`."""

    conversions: tuple[Unfinished, ...] = ()
    made_here: str = ""  # the folder of the conversions that this program keeps
    places: tuple[Place, ...] = ()
    pairings: tuple[Pairing, ...] = ()
    pairs: tuple[KnownPair, ...] = ()

    @property
    def models(self) -> tuple[LocalModel, ...]:
        return tuple(model for place in self.places for model in place.models)


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes that a pair needs, part by part."""

    target: int = 0
    drafter: int = 0
    kv: int = 0
    scores: int = 0
    margin: int = 0

    @property
    def total(self) -> int:
        return self.target + self.drafter + self.kv + self.scores + self.margin


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a pair fits this machine: the answer of `models fit TARGET`."""

    target: str = ""  # a repository of the catalogue, or the name of a model on this disk
    verdict: str  # "fits", "tight" or "too-big"
    need: Need
    have: int
    context: int = 0  # tokens
    longest_context: int = 0  # that the target was made for
    drafter: str | None = None  # the name of the one that is counted


class PairFits(msgspec.Struct, frozen=True, kw_only=True):
    """The conversions of a known pair, judged."""

    name: str  # "E4B"
    suited: str | None = None  # the target that suits this machine; None: none fits
    reason: str = ""  # a sentence: why it does, or why none
    targets: tuple[Fit, ...] = ()


class FitReport(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `models fit` without a target: those of the catalogue and of this disk."""

    have: int = 0
    pairs: tuple[PairFits, ...] = ()


class RemovalPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `models remove`."""

    repository: str
    folder: str = ""
    freed_bytes: int = 0
    is_loaded: bool = False
    readers: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    removed: bool = False


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a process that works; the last has the phase "done" or "failed"."""

    phase: str
    message: str = ""  # of a failure
    remedy: str = ""


class FetchStatus(Status, frozen=True, kw_only=True):
    """One line of `models fetch`."""

    repository: str = ""
    file: str | None = None
    done: int = 0
    total: int = 0
    rate: int = 0  # bytes a second
    waiting_s: float | None = None  # until the next attempt
    reason: str | None = None  # why it waits


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A repository that the user asked for and that is not whole yet."""

    repository: str
    title: str = ""
    paused: bool = False
    done: int = 0  # bytes, when the window last heard of it
    total: int = 0
    counted: int = 0  # the greatest total that a process of it told


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """How often drafts are right with trained weights, as somebody measured it."""

    pair: str = ""  # "E4B"
    chance: float = 0.0  # that a draft is right
    source: str = ""


class TrialEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `bench --shape --estimate`: what measuring random weights takes."""

    verdict: str  # "fits", "tight" or "too-big"
    need: Need
    have: int
    context: int = 0
    max_tokens: int
    seconds: float
    reported: Reported | None = None


class TrialSpeed(msgspec.Struct, frozen=True, kw_only=True):
    """What a benchmark measured of one mode, over all prompts."""

    mode: str | int
    decode_tps: float | None = None


class TrialStatus(Status, frozen=True, kw_only=True):
    """One line of `bench --json`."""

    done: int = 0  # runs
    total: int = 0
    left_s: float | None = None
    created: str | None = None  # of the last line: ISO 8601
    machine: str = ""  # "a MacBook Air M3"
    summary: tuple[TrialSpeed, ...] = ()

    def tps(self, mode: str) -> float | None:
        """Return the tokens a second of a mode; None where it was not measured."""
        return next((one.decode_tps for one in self.summary if one.mode == mode), None)


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What random weights of a pair's true shape reached on a machine."""

    pair: str  # "E4B"
    bits: int
    plain_tps: float
    drafts_tps: float
    reported: Reported | None = None
    created: str | None = None
    machine: str = ""
    was_disturbed: bool = False  # a reply was written meanwhile

    @property
    def key(self) -> tuple[str, int]:
        return self.pair, self.bits


class PlannedModel(msgspec.Struct, frozen=True, kw_only=True):
    """One of the models that a conversion would write."""

    folder: str
    part: str = "target"
    size_bytes: int = 0
    source_bytes: int = 0


class ConversionPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `models convert --plan`."""

    name: str
    folder: str  # in which the models are written
    size_bytes: int
    free_bytes: int
    is_enough: bool
    models: tuple[PlannedModel, ...] = ()


class WorstTensor(msgspec.Struct, frozen=True, kw_only=True):
    tensor: str = ""
    error: float = 0.0  # as a share of its source's norm


class ConvertedModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model that was made, and how near it is to its source."""

    folder: str = ""
    part: str = "target"
    bits: int = 4
    size_bytes: int = 0
    source_bytes: int = 0
    worst: WorstTensor = WorstTensor()
    perplexity: float | None = None
    source_perplexity: float | None = None
    unmeasured: str | None = None
    is_suspect: bool = False


class ConversionStatus(Status, frozen=True, kw_only=True):
    """One line of `models convert --json`."""

    repository: str = ""
    file: str | None = None
    done: int = 0
    total: int = 0
    rate: int = 0  # bytes of the source a second
    models: tuple[ConvertedModel, ...] = ()  # of the last line
