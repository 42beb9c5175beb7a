"""Whether a drafter belongs to a target. Pure."""

from __future__ import annotations

from mtp_mlx.errors import PairMismatch
from mtp_mlx.families.gemma4.config import FULL, SLIDING, DrafterConfig, TextConfig

_DRAFTERS = {
    1536: "gemma-4-E2B-it-assistant",
    2560: "gemma-4-E4B-it-assistant",
    3840: "gemma-4-12B-it-assistant",
    2816: "gemma-4-26B-A4B-it-assistant",
    5376: "gemma-4-31B-it-assistant",
}


def check_pair(target: TextConfig, drafter: DrafterConfig) -> None:
    """Raises PairMismatch with both numbers and the drafter that would fit."""
    remedy = _fitting_drafter(target)
    _compare("hidden size", target.hidden_size, drafter.backbone_hidden_size, remedy)
    _compare("vocabulary", target.vocab_size, drafter.text.vocab_size, remedy)
    for kind, name in ((SLIDING, "sliding layers"), (FULL, "full layers")):
        if kind not in drafter.text.layer_types:
            continue
        # The drafter has no K/V of its own: what must fit is the width of a head and that its
        # heads can be shared out over the target's key heads, as many as it was trained with.
        kv_heads, head_dim = target.kv_shape(kind)
        trained_kv_heads, trained_head_dim = drafter.text.kv_shape(kind)
        _compare(f"head width of the {name}", head_dim, trained_head_dim, remedy)
        if kind == SLIDING or not drafter.text.k_eq_v or drafter.text.num_global_kv_heads:
            _compare(f"number of key heads of the {name}", kv_heads, trained_kv_heads, remedy)
        if drafter.text.num_heads % kv_heads:
            raise PairMismatch(
                f"The target's {name} have {kv_heads} key heads, which {drafter.text.num_heads} "
                "heads of the drafter cannot share.",
                remedy,
            )


def _compare(what: str, target: int, drafter: int, remedy: str) -> None:
    if target != drafter:
        raise PairMismatch(
            f"The target's {what} is {target}, the drafter was made for {drafter}.", remedy
        )


def _fitting_drafter(target: TextConfig) -> str:
    name = _DRAFTERS.get(target.hidden_size)
    if name is None:
        return "Use the drafter that was trained with this target."
    return f"Use google/{name}."
