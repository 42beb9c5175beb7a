"""What one should know before settling on unusual settings. Pure."""

from __future__ import annotations

from app import strings
from app.domain.settings import ReplySettings
from app.viewmodels.common import format as fmt
from mtp_mlx.wire import Sampling, Verify

HOT = 1.5
SHORT = 16

RULES: dict[Verify, tuple[str, str]] = {
    "coupled": (strings.RULE_COUPLED, strings.RULE_COUPLED_MEANS),
    "block": (strings.RULE_BLOCK, strings.RULE_BLOCK_MEANS),
    "token": (strings.RULE_EACH, strings.RULE_EACH_MEANS),
}
"""Name and meaning of each verify rule."""


def advice(settings: ReplySettings, recommended: Sampling, context: int | None) -> tuple[str, ...]:
    """Sentences; none where there is nothing to say. `context` is None while none is known."""
    law = settings.sampling or recommended
    found: list[str] = []
    if law.temperature > HOT:
        found.append(strings.ADVICE_HOT.format(temperature=f"{law.temperature:g}"))
    if law.temperature == 0 and settings.seed is not None:
        found.append(strings.ADVICE_GREEDY_SEED)
    if law.temperature > 0 and (law.top_k == 1 or law.top_p == 0):
        found.append(strings.ADVICE_ONE_CHOICE)
    if context is not None and settings.max_tokens > context:
        found.append(strings.ADVICE_CONTEXT.format(length=fmt.count(context)))
    if settings.max_tokens < SHORT:
        found.append(strings.ADVICE_SHORT)
    return tuple(found)
