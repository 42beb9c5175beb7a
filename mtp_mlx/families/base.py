"""What a model family states: how to recognise its checkpoints, build them, and its known pairs.

Nothing outside `families/` names a family. Importing this module or a family's facts loads no MLX.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from mtp_mlx.api import DraftPosition, Sampling, ThinkingSyntax

if TYPE_CHECKING:
    import mlx.core as mx

    from mtp_mlx.protocols import Drafter, Target

    Weights = dict[str, mx.array]

Config = Mapping[str, Any]
"""A config.json as it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """A repository that holds a model in one precision."""

    repository: str
    precision: str  # "bf16", "8-bit", "4-bit"
    size_bytes: int | None  # as its publisher reports it; None: not known to us


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyValueShape:
    """What a target caches: layers that own keys and values, their heads, and a head's width."""

    sliding_layers: int
    sliding_heads: int
    sliding_width: int
    full_layers: int
    full_heads: int
    full_width: int
    window: int

    def size_bytes(self, context: int, bytes_a_number: int = 2) -> int:
        """Return the bytes of keys and values for a context of so many tokens."""
        full = self.full_layers * self.full_heads * self.full_width * context
        kept = min(context, self.window)
        sliding = self.sliding_layers * self.sliding_heads * self.sliding_width * kept
        return 2 * bytes_a_number * (full + sliding)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPair:
    """A target, the drafter trained for it, and the conversions of both."""

    name: str  # "E2B"
    title: str  # "Gemma 4 E2B"
    hidden_size: int
    layers: int
    key_values: KeyValueShape
    targets: tuple[Conversion, ...]  # best known first
    drafters: tuple[Conversion, ...]

    @property
    def drafter(self) -> str:
        return self.drafters[0].repository


class Blueprint(Protocol):
    """The configurations of a target and perhaps its drafter, understood and found to fit."""

    @property
    def vocabulary(self) -> int: ...

    @property
    def context_length(self) -> int:
        """Tokens that prompt and reply may have together."""
        ...

    @property
    def sliding_window(self) -> int: ...

    @property
    def thinking(self) -> ThinkingSyntax | None:
        """How the target marks its thoughts; None where it has none."""
        ...

    @property
    def float32_on_cpu(self) -> bool:
        """Tell whether MLX's CPU backend can compute the target in float32 only."""
        ...

    def target_network(self) -> Any:
        """Return the target's modules, with weights that are still lazy."""
        ...

    def drafter_network(self) -> Any:
        """Return the drafter's modules, with weights that are still lazy."""
        ...

    def target_tensors(self, weights: Weights) -> Weights:
        """Return a checkpoint's tensors under the names of `target_network`, without others'."""
        ...

    def drafter_tensors(self, weights: Weights) -> Weights:
        """Return a checkpoint's tensors under the names of `drafter_network`.

        Raises DamagedModel where a table among them is not what it must be.
        """
        ...

    def module_name(self, name: str) -> str:
        """Return the name that a module of a checkpoint has in the networks."""
        ...

    def target(self, network: Any) -> Target: ...

    def drafter(self, network: Any, target: Target, position: DraftPosition) -> Drafter: ...

    def draft_position(self, generation: Config) -> DraftPosition:
        """Return where the drafter was trained to stand, as its generation_config.json says.

        Raises UnsupportedModel for a position that is not known.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueShape:
    """A known pair's blueprint; the target may have fewer layers than the true one."""

    name: str  # as in the known pairs, such as "26B-A4B"
    layers: int
    true_layers: int
    blueprint: Blueprint
    recommended: Sampling  # what the family's own checkpoints recommend

    @property
    def title(self) -> str:
        """Such as "31B", or "31B with 10 of 60 layers"."""
        part = f" with {self.layers} of {self.true_layers} layers"
        return self.name if self.layers == self.true_layers else self.name + part


class Family(Protocol):
    """One family of targets and drafters."""

    @property
    def pairs(self) -> tuple[KnownPair, ...]: ...

    @property
    def shape_names(self) -> tuple[str, ...]:
        """The names that `shape` takes, in the order of `pairs`."""
        ...

    def recognises(self, config: Config) -> bool:
        """Tell whether a config.json is that of a target or a drafter of this family."""
        ...

    def pair_of(self, target: str) -> KnownPair | None:
        """Return the pair that the name of a repository or a folder speaks of, if any."""
        ...

    def drafter_for(self, target: str | Config) -> str | None:
        """Return the drafter's repository for a target's name or config.json, if one is known."""
        ...

    def blueprint(self, target: Config, drafter: Config | None) -> Blueprint:
        """Read the configurations of a pair, or of a target alone.

        Raises UnsupportedModel, DamagedModel, or PairMismatch where the two do not fit.
        """
        ...

    def shape(self, name: str, layers: int | None = None) -> TrueShape:
        """Return a known pair at its true size, with all target layers or only `layers` of them.

        Raises UsageError for an unknown name or a number of layers that cannot be.
        """
        ...


def mlx_lm_model(architecture: str) -> ModuleType:
    """Import `mlx_lm.models.<architecture>`, such as "gemma4_text".

    Importing the `mlx_lm` package runs an `__init__` that imports transformers, which costs every
    worker a second; the model files alone cost a tenth of that. So they are imported beneath an
    empty stand-in for the package, which is removed again: a later `import mlx_lm` finds the real
    package, and where that is imported already it is used.

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
