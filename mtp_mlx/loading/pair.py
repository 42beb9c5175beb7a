"""A pair in memory, loaded from the checkpoints of a target and its drafter."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import mlx.core as mx

from mtp_mlx import api
from mtp_mlx.api import DraftPosition, PairInfo, Sampling, ThinkingSyntax
from mtp_mlx.errors import DamagedModel, LoadError, OutOfMemory, UsageError
from mtp_mlx.events import LoadProgress
from mtp_mlx.families import family_of
from mtp_mlx.families.base import Blueprint
from mtp_mlx.hub.resolve import resolve, resolve_drafter
from mtp_mlx.loading.checkpoint import Checkpoint, open_checkpoint
from mtp_mlx.loading.device import backend_name, compute_dtype, is_out_of_memory, prepare
from mtp_mlx.loading.weights import Weights, dtype_words, fill, pack_head, packing, packing_words
from mtp_mlx.protocols import Drafter, Target
from mtp_mlx.text.template import ChatTemplate
from mtp_mlx.text.tokenizer import Tokenizer, end_token_ids

Made = TypeVar("Made")
Progress = Callable[[LoadProgress], None]


@dataclass(frozen=True, slots=True)
class WeightFiles:
    """The files that a network was loaded from; none where its weights are random."""

    files: tuple[Path, ...] = ()

    @property
    def revision(self) -> str | None:
        """Return the commit of the repository; None for files outside the download cache.

        There the snapshot's folder has the commit as its name.
        """
        folder = self.files[0].parent if self.files else None
        if folder is None or folder.parent.name != "snapshots":
            return None
        return folder.name if re.fullmatch(r"[0-9a-f]{40}", folder.name) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPair:
    """A matched pair and everything else that a reply needs, in memory."""

    target: Target
    drafter: Drafter | None
    tokenizer: Tokenizer | None
    template: ChatTemplate | None
    thinking: ThinkingSyntax | None
    end_tokens: frozenset[int]
    info: PairInfo
    drafter_at: Callable[[DraftPosition], Drafter | None]  # the drafter at a draft position
    target_weights: WeightFiles = WeightFiles()
    drafter_weights: WeightFiles = WeightFiles()

    def with_draft_position(self, position: DraftPosition) -> LoadedPair:
        """Return the pair with a drafter that stands at `position`; the weights are the same."""
        drafter = None if self.drafter is None else self.drafter_at(position)
        return replace(self, drafter=drafter, info=replace(self.info, draft_position=position))


def load_pair(request: api.Load, progress: Progress = lambda _: None) -> LoadedPair:
    """Load the pair that `request` names. Raises LoadError, UsageError or OutOfMemory."""
    prepare()
    progress(LoadProgress(phase="checking", done=0, total=3))
    target_checkpoint = open_checkpoint(resolve(request.target))
    chosen = _drafter(request, target_checkpoint)
    drafter_checkpoint = chosen.checkpoint
    blueprint = _blueprint(target_checkpoint, drafter_checkpoint)

    progress(LoadProgress(phase="target", done=1, total=3))
    dtype = compute_dtype(request.dtype)
    check_dtype(blueprint, dtype)
    network = _from_config(blueprint.target_network, target_checkpoint)
    _load(network, target_checkpoint, blueprint, blueprint.target_tensors, dtype)
    target = blueprint.target(network)

    position: DraftPosition = request.draft_position or "last-seen"
    drafter_of: Callable[[DraftPosition], Drafter | None] = _no_drafter
    if drafter_checkpoint is not None:
        progress(LoadProgress(phase="drafter", done=2, total=3))
        position = request.draft_position or blueprint.draft_position(drafter_checkpoint.generation)
        head = _from_config(blueprint.drafter_network, drafter_checkpoint)
        _load(head, drafter_checkpoint, blueprint, blueprint.drafter_tensors, dtype)
        if request.drafter_bits is not None:
            pack_head(head, request.drafter_bits)
        drafter_of = partial(blueprint.drafter, head, target)
    progress(LoadProgress(phase="drafter", done=3, total=3))

    tokenizer = Tokenizer.load(target_checkpoint.folder)
    template = ChatTemplate.load(target_checkpoint.folder)
    return LoadedPair(
        target=target,
        drafter=drafter_of(position),
        drafter_at=drafter_of,
        tokenizer=tokenizer,
        template=template,
        thinking=blueprint.thinking,
        end_tokens=tokenizer.end_ids if tokenizer else end_token_ids(target_checkpoint.folder),
        info=_info(request, target_checkpoint, chosen, blueprint, position, tokenizer, template),
        target_weights=WeightFiles(target_checkpoint.files),
        drafter_weights=WeightFiles(() if drafter_checkpoint is None else drafter_checkpoint.files),
    )


def _no_drafter(_: DraftPosition) -> None:
    return None


def _blueprint(target: Checkpoint, drafter: Checkpoint | None) -> Blueprint:
    """Read both config.json, the target's alone first, so that an error names the right file."""
    family = family_of(target.config)
    alone = _from_config(lambda: family.blueprint(target.config, None), target)
    if drafter is None:
        return alone
    return _from_config(lambda: family.blueprint(target.config, drafter.config), drafter)


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


def _drafter(request: api.Load, target_checkpoint: Checkpoint) -> _Drafter:
    """Open the drafter's checkpoint. Raises LoadError for a drafter that the request names.

    Where the target's own cannot be had, return the reason: replies are then written without MTP.
    """
    if not request.use_drafter:
        return _Drafter(None, "switched off")
    try:
        folder = resolve_drafter(request.drafter, request.target, target_checkpoint.folder)
    except LoadError as error:
        if request.drafter is not None:
            raise
        return _Drafter(None, error.message)
    if folder is None:
        return _Drafter(None, "no drafter is known for this target")
    return _Drafter(open_checkpoint(folder))


def _from_config(make: Callable[[], Made], checkpoint: Checkpoint) -> Made:
    """Return `make()`, which reads config.json.

    Raises DamagedModel where that file holds values of the wrong kind.
    """
    try:
        return make()
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
        raise DamagedModel(
            f"config.json of {checkpoint.name} cannot be understood: {error}.",
            "Download the model again.",
        ) from error


def _load(
    network: Any,
    checkpoint: Checkpoint,
    blueprint: Blueprint,
    named: Callable[[Weights], Weights],
    dtype: mx.Dtype | None,
) -> None:
    """Fill `network` with the checkpoint's tensors and evaluate them."""
    quantization = packing(checkpoint.config)
    fill(network, named(checkpoint.weights()), quantization, blueprint.module_name)
    if dtype is not None:
        network.set_dtype(dtype)
    network.eval()
    try:
        mx.eval(network.parameters())
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise OutOfMemory(
                f"{checkpoint.name} does not fit into this machine's memory.",
                "Choose a smaller model or a smaller quantisation.",
            ) from error
        raise DamagedModel(
            f"The weights of {checkpoint.name} cannot be read: {error}.",
            "Download the model again.",
        ) from error


def _info(
    request: api.Load,
    target_checkpoint: Checkpoint,
    drafter: _Drafter,
    blueprint: Blueprint,
    position: DraftPosition,
    tokenizer: Tokenizer | None,
    template: ChatTemplate | None,
) -> PairInfo:
    demo = request.target == api.DEMO_PAIR
    drafter_checkpoint = drafter.checkpoint
    return PairInfo(
        target="built-in" if demo else target_checkpoint.name,
        drafter=None if drafter_checkpoint is None else _drafter_name(request, drafter_checkpoint),
        no_drafter_reason=drafter.absent_because,
        target_bytes=target_checkpoint.size,
        drafter_bytes=0 if drafter_checkpoint is None else drafter_checkpoint.size,
        quantization=_quantization(target_checkpoint, request),
        context_length=blueprint.context_length,
        sliding_window=blueprint.sliding_window,
        draft_position=position,
        recommended=_recommended(target_checkpoint),
        has_chat_template=template is not None,
        has_tokenizer=tokenizer is not None,
    )


def _drafter_name(request: api.Load, drafter_checkpoint: Checkpoint) -> str:
    demo = request.target == api.DEMO_PAIR and request.drafter in (None, api.DEMO_PAIR)
    name = "built-in" if demo else drafter_checkpoint.name
    return name if request.drafter_bits is None else f"{name}, {request.drafter_bits}-bit head"


def _quantization(checkpoint: Checkpoint, request: api.Load) -> str:
    quantization = checkpoint.config.get("quantization")
    if isinstance(quantization, dict):
        return packing_words(quantization)
    computed = compute_dtype(request.dtype)
    if computed is not None:
        return dtype_words(computed)
    return str(checkpoint.config.get("dtype") or checkpoint.config.get("torch_dtype") or "bfloat16")


def _recommended(checkpoint: Checkpoint) -> Sampling:
    """Return the sampling of generation_config.json; greedy where it recommends no sampling."""
    settings = checkpoint.generation
    if not settings.get("do_sample"):
        return Sampling()
    try:
        return Sampling(
            temperature=float(settings.get("temperature", 1.0)),
            top_k=int(settings.get("top_k", 0) or 0),
            top_p=float(settings.get("top_p", 1.0)),
            min_p=float(settings.get("min_p", 0.0) or 0.0),
        )
    except (TypeError, ValueError) as error:
        raise DamagedModel(
            f"generation_config.json of {checkpoint.name} cannot be understood: {error}.",
            "Download the model again.",
        ) from error
