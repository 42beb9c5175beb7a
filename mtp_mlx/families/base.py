"""The protocol of a model family: it recognises its checkpoints, builds them, lists known pairs.

Nothing outside `families/` names a family. Importing this module or a family's facts loads no MLX.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, Protocol

from mtp_mlx.api import DraftPosition, Sampling, ThinkingSyntax

if TYPE_CHECKING:
    import mlx.core as mx

    from mtp_mlx.protocols import Drafter, Target

    Weights = dict[str, mx.array]

Config = Mapping[str, Any]
"""The content of a config.json."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """A repository that holds a model in one precision."""

    repository: str
    precision: str  # "bf16", "8-bit", "4-bit"
    size_bytes: int | None  # as its publisher reports it; None where it is not known
    is_qat: bool = False  # trained so that few bits cost it little

    @property
    def label(self) -> str:
        """Return its precision as people write it: "4-bit", "4-bit QAT"."""
        return f"{self.precision} QAT" if self.is_qat else self.precision


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedAcceptance:
    """How well a drafter's tokens fit its target, as somebody measured it with trained weights."""

    pair: str  # that it was measured of, such as "E4B"
    drafts: int  # a round, K
    tokens_a_round: float  # the accepted drafts, and one token of the target's own
    source: str  # who says so, of which text and on which machine

    @property
    def chance(self) -> float:
        """Return the chance that a draft is right where those before it are.

        It is taken to be the same at each of the K positions: the accepted drafts of a round are
        then the sum of its powers from the first to the Kth.
        """
        accepted = self.tokens_a_round - 1
        low, high = 0.0, 1.0
        for _ in range(40):
            middle = (low + high) / 2
            enough = sum(middle**i for i in range(1, self.drafts + 1)) >= accepted
            low, high = (low, middle) if enough else (middle, high)
        return high


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryShape:
    """The sizes of a target that decide how much memory a context and a prompt's chunk take.

    Layers count where they own keys and values; heads and widths are those of the keys.
    """

    sliding_layers: int
    sliding_heads: int
    sliding_width: int
    full_layers: int
    full_heads: int
    full_width: int
    window: int
    query_heads: int  # each has a score for each pair of a row and a position
    chunk_row: int  # numbers that a row of a chunk needs at a time, beside its scores

    @property
    def full_row(self) -> int:
        """Return the numbers that the full layers keep of one position, keys and values."""
        return 2 * self.full_layers * self.full_heads * self.full_width

    @property
    def sliding_row(self) -> int:
        """Return the numbers that the sliding layers keep of one position, keys and values."""
        return 2 * self.sliding_layers * self.sliding_heads * self.sliding_width

    def size_bytes(self, context: int, bytes_a_number: int = 2) -> int:
        """Return the bytes of keys and values for a context of `context` tokens."""
        kept = min(context, self.window)
        return bytes_a_number * (self.full_row * context + self.sliding_row * kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPair:
    """A target, the drafter trained for it, and the conversions of both."""

    name: str  # "E2B"
    title: str  # "Gemma 4 E2B"
    hidden_size: int
    layers: int
    memory: MemoryShape
    acceptance: ReportedAcceptance | None  # None: nobody reports one
    other_bytes: int  # of a target's files: parts for images and sound, which are not loaded
    context_length: int
    targets: tuple[Conversion, ...]  # the smallest first
    drafters: tuple[Conversion, ...]

    @property
    def drafter(self) -> str:
        return self.drafters[0].repository


Part = Literal["target", "drafter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a config.json says of a model before anything of it is loaded."""

    part: Part
    title: str  # "Gemma 4 E4B" for target and drafter alike; the family's where the size is unknown
    name: str | None  # of the known pair, such as "E4B"
    width: int  # the hidden size of its own layers, which are the columns of its embedding


class Blueprint(Protocol):
    """The configurations of a target and perhaps its drafter, read and checked to fit."""

    @property
    def vocabulary(self) -> int: ...

    @property
    def context_length(self) -> int:
        """Return the number of tokens that prompt and reply may have together."""
        ...

    @property
    def sliding_window(self) -> int: ...

    @property
    def memory(self) -> MemoryShape: ...

    @property
    def numbers_read(self) -> int:
        """Return how many of the target's weights a forward pass over one row reads."""
        ...

    @property
    def thinking(self) -> ThinkingSyntax | None:
        """Return how the target marks its thoughts; None where it has none."""
        ...

    @property
    def float32_on_cpu(self) -> bool:
        """Tell whether MLX's CPU backend can compute the target in float32 only."""
        ...

    def target_network(self, weights: Weights | None = None) -> Any:
        """Return the target's modules for these tensors, with values that are still lazy."""
        ...

    def drafter_network(self) -> Any:
        """Return the drafter's modules, with weights that are still lazy."""
        ...

    def other_part(self, name: str) -> str | None:
        """Return what a checkpoint's tensor is for, such as "vision", where it is not for text."""
        ...

    def target_tensors(self, weights: Weights) -> Weights:
        """Return the target's tensors of a checkpoint, under the names of `target_network`."""
        ...

    def drafter_tensors(self, weights: Weights) -> Weights:
        """Return a checkpoint's tensors under the names of `drafter_network`, without others'.

        Raises DamagedModel where a table among them holds impossible values.
        """
        ...

    def target(self, network: Any) -> Target: ...

    def drafter(self, network: Any, target: Target, position: DraftPosition) -> Drafter: ...

    def draft_position(self, generation: Config) -> DraftPosition:
        """Return the draft position that the drafter's generation_config.json states.

        Raises UnsupportedModel for an unknown one.
        """
        ...


SameBytes = Callable[[str, str], bool]
"""Tells whether two tensors of a checkpoint hold the same numbers."""


class Recipe(Protocol):
    """How a checkpoint of one part is quantised, and written so that mlx-lm reads it."""

    @property
    def part(self) -> Part: ...

    @property
    def prefix(self) -> str:
        """Return what stands before the network's names in the files, such as "language_model."."""
        ...

    def own_names(self, names: Collection[str], same: SameBytes) -> Mapping[str, str]:
        """Return which tensors of a checkpoint the network is made of, and their names there."""
        ...

    def carries(self, name: str) -> bool:
        """Tell whether a tensor that is not for text is taken over as it is."""
        ...

    def tensors(self, weights: Weights) -> Weights:
        """Return a checkpoint's tensors under the network's names. Raises DamagedModel."""
        ...

    def network(self, own_names: Collection[str]) -> Any:
        """Return the modules for tensors of these names, with values that are still lazy."""
        ...

    def needs_8_bits(self, path: str) -> bool:
        """Tell whether fewer bits would spoil the module at `path`."""
        ...

    def config(self, own_names: Collection[str]) -> dict[str, Any]:
        """Return the config.json for tensors of these names, without its quantisation."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueShape:
    """A known pair's blueprint; its target may have fewer layers than the real one."""

    name: str  # as in the known pairs, such as "26B-A4B"
    layers: int
    true_layers: int
    blueprint: Blueprint
    recommended: Sampling  # what the family's own checkpoints recommend

    @property
    def title(self) -> str:
        """Return the name of the shape, such as "31B" or "31B with 10 of 60 layers"."""
        part = f" with {self.layers} of {self.true_layers} layers"
        return self.name if self.layers == self.true_layers else self.name + part


class Family(Protocol):
    """One family of targets and drafters."""

    @property
    def pairs(self) -> tuple[KnownPair, ...]: ...

    @property
    def shape_names(self) -> tuple[str, ...]:
        """Return the names that `shape` takes, in the order of `pairs`."""
        ...

    def recognises(self, config: Config) -> bool:
        """Tell whether a config.json is that of a target or a drafter of this family."""
        ...

    def identify(self, config: Config) -> Identity:
        """Return what a config.json of this family describes.

        Raises UnsupportedModel or DamagedModel.
        """
        ...

    def absent_part(self, config: Config, tensors: Iterable[str]) -> str | None:
        """Return a part of the text network, such as "layer 7", that no tensor belongs to.

        None where the names tell of none. Raises as `identify` does.
        """
        ...

    def pair_of(self, target: str) -> KnownPair | None:
        """Return the pair that the name of a repository or a folder contains, if any."""
        ...

    def drafter_for(self, target: str | Config) -> str | None:
        """Return the drafter's repository for a target's name or config.json, if one is known."""
        ...

    def blueprint(self, target: Config, drafter: Config | None) -> Blueprint:
        """Read the configurations of a pair, or of a target alone.

        Raises UnsupportedModel, DamagedModel, or PairMismatch where the two do not fit.
        """
        ...

    def recipe(self, config: Config) -> Recipe:
        """Return how a checkpoint of this family is quantised. Raises as `identify` does."""
        ...

    def shape(self, name: str, layers: int | None = None) -> TrueShape:
        """Return a known pair at its true size, with all target layers or only `layers` of them.

        Raises UsageError for an unknown name or an impossible number of layers.
        """
        ...


def mlx_lm_model(architecture: str) -> ModuleType:
    """Import `mlx_lm.models.<architecture>`, such as "gemma4_text".

    Importing the `mlx_lm` package runs its `__init__`, which imports transformers and costs every
    worker a second; the model files alone cost a tenth of that. So an empty package stands in for
    `mlx_lm` during the import and is removed afterwards: a later `import mlx_lm` gets the real
    package. Where the real package is imported already, it is used.

    Raises ModuleNotFoundError where mlx-lm or the architecture is missing.
    """
    name = f"mlx_lm.models.{architecture}"
    if "mlx_lm" in sys.modules:
        return import_module(name)
    spec = find_spec("mlx_lm")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError("mlx-lm is not installed", name="mlx_lm")
    stand_in = ModuleType("mlx_lm")
    stand_in.__path__ = list(spec.submodule_search_locations)
    sys.modules["mlx_lm"] = stand_in
    try:
        return import_module(name)
    finally:
        del sys.modules["mlx_lm"]
