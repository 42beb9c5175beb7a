"""A pair in memory, loaded from the checkpoints of a target and its drafter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import mlx.core as mx

from mtp_mlx import api
from mtp_mlx.api import DraftPosition, PairInfo, ThinkingSyntax
from mtp_mlx.errors import (
    LoadError,
    NonFiniteScores,
    PairMismatch,
    UsageError,
)
from mtp_mlx.events import LoadProgress
from mtp_mlx.families import family_of
from mtp_mlx.families.base import Blueprint
from mtp_mlx.files import brief, made_of
from mtp_mlx.hub.fit import PairSize, judged_context
from mtp_mlx.hub.in_use import Hold, hold, is_loaded
from mtp_mlx.hub.packing import check_packing
from mtp_mlx.hub.progress import Status
from mtp_mlx.hub.resolve import Show, is_built_in, resolve, resolve_drafter
from mtp_mlx.loading.checkpoint import Checkpoint, model_name, open_checkpoint, unchanged
from mtp_mlx.loading.device import (
    backend_name,
    compute_dtype,
    prepare,
)
from mtp_mlx.loading.generation import Generation, read_generation
from mtp_mlx.loading.memory import (
    GB,
    check_fits,
    keep_freed_within,
    pair_size,
)
from mtp_mlx.loading.weights import (
    NO_FILES,
    WEIGHTS,
    Loading,
    Progress,
    WeightFiles,
    Weights,
    first_not_finite,
    load_weights,
    precision_words,
)
from mtp_mlx.protocols import Drafter, Target
from mtp_mlx.sampling.constraints import NO_CONSTRAINTS, Constraints
from mtp_mlx.text.codec import Codec
from mtp_mlx.text.remote import Opening, opening
from mtp_mlx.text.tokenizer import end_token_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPair:
    """A matched pair and everything else that a reply needs, in memory."""

    target: Target
    drafter: Drafter | None
    codec: Codec | None  # None: prompts and replies are token ids
    thinking: ThinkingSyntax | None
    end_tokens: frozenset[int]
    constraints: Constraints = NO_CONSTRAINTS  # of the target, on every reply
    info: PairInfo
    size: PairSize
    context: int  # tokens that its fit is judged for
    anyway: bool = False  # it was loaded whether or not it fits this machine
    drafter_at: Callable[[DraftPosition], Drafter | None]  # the drafter at a draft position
    target_weights: WeightFiles = NO_FILES
    drafter_weights: WeightFiles = NO_FILES
    holds: tuple[Hold | None, ...] = ()  # they show others that these files are in use

    def with_draft_position(self, position: DraftPosition) -> LoadedPair:
        """Return the pair with a drafter that stands at `position`; the weights are the same."""
        drafter = None if self.drafter is None else self.drafter_at(position)
        return replace(self, drafter=drafter, info=replace(self.info, draft_position=position))


def load_pair(request: api.Load, progress: Progress = lambda _: None) -> LoadedPair:
    """Load the pair that `request` names. Raises LoadError, UsageError or OutOfMemory."""
    prepare()
    progress(LoadProgress(phase="checking"))
    fetching = partial(_tell_fetch, progress)
    target_checkpoint = open_checkpoint(resolve(request.target, show=fetching))
    chosen = _drafter(request, target_checkpoint, fetching)
    progress(LoadProgress(phase="checking"))
    blueprint = _blueprint(target_checkpoint, chosen.checkpoint)
    generation = read_generation(
        target_checkpoint.generation, target_checkpoint.config, blueprint.vocabulary
    )
    folder = target_checkpoint.folder
    both = [c for c in (target_checkpoint, chosen.checkpoint) if c is not None]
    with (
        opening(folder, blueprint.thinking, trusted=is_built_in(folder)) as codec,
        unchanged(*both),
    ):
        return _load_pair(
            request, target_checkpoint, chosen, blueprint, generation, codec, progress
        )


def _tell_fetch(progress: Progress, status: Status) -> None:
    """Tell how far a repository has come that is fetched to be loaded."""
    is_fetch = status.phase == "fetching"
    progress(
        LoadProgress(
            phase="fetching",
            done=status.done if is_fetch else 0,
            total=status.total if is_fetch else 0,
            waits=status.reason,
        )
    )


def _load_pair(
    request: api.Load,
    target_checkpoint: Checkpoint,
    chosen: _Drafter,
    blueprint: Blueprint,
    generation: Generation,
    text: Opening,
    progress: Progress,
) -> LoadedPair:
    drafter_checkpoint = chosen.checkpoint
    dtype = compute_dtype(request.dtype)
    check_dtype(blueprint, dtype)
    both = [c for c in (target_checkpoint, drafter_checkpoint) if c is not None]
    name = _target_name(request, target_checkpoint)
    check_context(name, request.context, blueprint.context_length)
    context = judged_context(blueprint.context_length, request.context)
    size = pair_size(blueprint, target_checkpoint, drafter_checkpoint, dtype, request.drafter_bits)
    is_copy = not is_built_in(target_checkpoint.folder) and is_loaded(target_checkpoint.folder)
    if not request.anyway:
        keep_freed_within(check_fits(name, size, context, is_copy=is_copy))
    if is_copy:
        progress(LoadProgress(phase="checking", note=_second_copy(name, size)))
    loading = Loading(
        name=name, size=size, context=context, progress=progress, anyway=request.anyway
    )

    tensors = _tensors(blueprint.target_tensors, target_checkpoint)
    network = made_of(lambda: blueprint.target_network(tensors), target_checkpoint.name)
    target_weights = load_weights(network, tensors, target_checkpoint, dtype, loading)
    target = blueprint.target(network)

    position: DraftPosition = request.draft_position or "last-seen"
    drafter_of: Callable[[DraftPosition], Drafter | None] = dict[DraftPosition, Drafter]().get
    drafter_weights = NO_FILES
    if drafter_checkpoint is not None:
        loading.phase = "drafter"
        settings = drafter_checkpoint.generation or {}
        position = request.draft_position or blueprint.draft_position(settings)
        with _of_drafter(drafter_checkpoint.folder):
            head = made_of(blueprint.drafter_network, drafter_checkpoint.name)
            tensors = _tensors(blueprint.drafter_tensors, drafter_checkpoint)
            drafter_weights = load_weights(
                head, tensors, drafter_checkpoint, dtype, loading, request.drafter_bits
            )
        drafter_of = partial(blueprint.drafter, head, target)

    codec = text.codec()
    info = _info(request, target_checkpoint, chosen, blueprint, generation)
    return LoadedPair(
        target=target,
        drafter=drafter_of(position),
        drafter_at=drafter_of,
        codec=codec,
        thinking=blueprint.thinking,
        end_tokens=codec.facts.end_ids if codec else end_token_ids(target_checkpoint.folder),
        constraints=generation.constraints,
        size=size,
        context=context,
        anyway=request.anyway,
        info=replace(
            info,
            quantization=precision_words(network),
            draft_position=position,
            has_chat_template=codec is not None and codec.facts.has_template,
            has_tokenizer=codec is not None,
        ),
        target_weights=target_weights,
        drafter_weights=drafter_weights,
        holds=tuple(hold(checkpoint.folder) for checkpoint in both),
    )


def not_finite(pair: LoadedPair, whose: Literal["target", "drafter"]) -> NonFiniteScores:
    """Return the error for scores that are no numbers: damaged weights, or a dtype too narrow."""
    of = pair.target_weights if whose == "target" else pair.drafter_weights
    without = "" if whose == "target" else " or switch MTP off"
    damaged = first_not_finite(of.files)
    if damaged is not None:
        return NonFiniteScores(
            f"The weights of the {whose} are damaged: {damaged} holds numbers that are not finite "
            f"({of.dtype}).",
            f"Download the model again{without}.",
        )
    file = f" ({brief(of.files[0].name, 60)})" if of.files else ""
    other = "float32" if of.dtype != "float32" else "bfloat16"
    return NonFiniteScores(
        f"The scores of the {whose} {of.name}{file} are not finite in {of.dtype}.",
        f"Choose another conversion{without}, or load it on the command line with --dtype {other}.",
    )


def _blueprint(target: Checkpoint, drafter: Checkpoint | None) -> Blueprint:
    """Read both config.json, the target's alone first, so that an error names the right file."""
    family = family_of(target.config)
    alone = made_of(lambda: family.blueprint(target.config, None), target.name)
    if drafter is None:
        return alone
    with _of_drafter(drafter.folder):
        return made_of(lambda: family.blueprint(target.config, drafter.config), drafter.name)


def check_context(name: str, chosen: int | None, longest: int) -> None:
    """Raise UsageError for a context that the target was not made for."""
    if chosen is not None and not 0 < chosen <= longest:
        raise UsageError(
            f"{brief(name)} holds {longest} tokens at the most.", "Choose a shorter context."
        )


def _second_copy(name: str, size: PairSize) -> str:
    more = (size.target + size.drafter) / GB
    return f"Another MTP MLX has loaded {name} too: this second copy takes {more:.1f} GB more."


def check_dtype(blueprint: Blueprint, dtype: mx.Dtype | None) -> None:
    """Raise UsageError where this machine's CPU cannot compute the target in `dtype`."""
    if blueprint.float32_on_cpu and backend_name() == "cpu" and dtype != mx.float32:
        raise UsageError(
            "On this machine's CPU a mixture of experts runs in float32 only.",
            "Leave --dtype out.",
        )


@dataclass(frozen=True, slots=True)
class _Drafter:
    """A drafter's checkpoint, or why there is none."""

    checkpoint: Checkpoint | None
    absent_because: str | None = None
    note: str | None = None


def _drafter(request: api.Load, target_checkpoint: Checkpoint, fetching: Show) -> _Drafter:
    """Open the drafter's checkpoint. Raises LoadError for a drafter that the request names.

    Where the target's own cannot be had, return the reason: replies are then written without MTP.
    """
    if not request.use_drafter:
        return _Drafter(None, "switched off")
    try:
        own = resolve_drafter(request.drafter, request.target, target_checkpoint.folder, fetching)
    except LoadError as error:
        if request.drafter is not None:
            raise
        return _Drafter(None, error.message)
    if own is None:
        return _Drafter(None, "no drafter is known for this target")
    with _of_drafter(own.folder):
        return _Drafter(open_checkpoint(own.folder), note=own.note)


@contextmanager
def _of_drafter(folder: Path) -> Iterator[None]:
    """Name the drafter in an error raised within: without that it is taken for the target's."""
    try:
        yield
    except PairMismatch:
        raise  # it names both halves
    except LoadError as error:
        raise type(error)(
            f"Its drafter {model_name(folder)} cannot be used: {error.message}", error.remedy
        ) from error


def _tensors(named: Callable[[Weights], Weights], checkpoint: Checkpoint) -> Weights:
    """Return a checkpoint's tensors under the names of the networks, still lazy."""
    check_packing(checkpoint.config, checkpoint.tensors)
    weights = checkpoint.weights()
    return made_of(lambda: named(weights), checkpoint.name, WEIGHTS)


def _info(
    request: api.Load,
    target_checkpoint: Checkpoint,
    drafter: _Drafter,
    blueprint: Blueprint,
    generation: Generation,
) -> PairInfo:
    drafter_checkpoint = drafter.checkpoint
    return PairInfo(
        target=_target_name(request, target_checkpoint),
        drafter=None if drafter_checkpoint is None else _drafter_name(request, drafter_checkpoint),
        no_drafter_reason=drafter.absent_because,
        target_bytes=target_checkpoint.size,
        drafter_bytes=0 if drafter_checkpoint is None else drafter_checkpoint.size,
        quantization="",
        context_length=request.context or blueprint.context_length,
        longest_context=blueprint.context_length,
        sliding_window=blueprint.sliding_window,
        draft_position="last-seen",
        recommended=generation.recommended,
        has_chat_template=False,
        notes=(*_notes(target_checkpoint, drafter, blueprint), *generation.notes()),
    )


def _target_name(request: api.Load, target: Checkpoint) -> str:
    return "built-in" if request.target == api.DEMO_PAIR else target.name


def _drafter_name(request: api.Load, drafter_checkpoint: Checkpoint) -> str:
    demo = request.target == api.DEMO_PAIR and request.drafter in (None, api.DEMO_PAIR)
    name = "built-in" if demo else drafter_checkpoint.name
    return name if request.drafter_bits is None else f"{name}, {request.drafter_bits}-bit head"


def _notes(target: Checkpoint, drafter: _Drafter, blueprint: Blueprint) -> Iterator[str]:
    """Yield a sentence about a drafter that nobody named, and each part that was not used."""
    if drafter.note is not None:
        yield drafter.note
    yield from target.left_out(blueprint.other_part)
    for checkpoint in filter(None, (target, drafter.checkpoint)):
        yield from checkpoint.unused_index()
