"""Muon for the matrices, AdamW for embeddings and gains, one learning-rate schedule for both.

Muon (Jordan 2024) takes an orthogonalised step: the text is learnt from few tokens, and time on two
cores is what is short.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn

MATRIX_RATE = 0.01
OTHER_RATE = 3e-3
WARM_UP = 40
FLOOR = 0.02


@dataclass(frozen=True, slots=True)
class Optimisers:
    """Both optimisers, stepped together."""

    matrices: torch.optim.Optimizer
    others: torch.optim.Optimizer

    def step(self, share: float) -> None:
        """One step at `share` of the full learning rate, then forget the gradients."""
        for optimiser, rate in ((self.matrices, MATRIX_RATE), (self.others, OTHER_RATE)):
            for group in optimiser.param_groups:
                group["lr"] = rate * share
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)

    def state(self) -> list[dict[str, object]]:
        return [self.matrices.state_dict(), self.others.state_dict()]

    def restore(self, state: list[dict[str, object]]) -> None:
        self.matrices.load_state_dict(state[0])
        self.others.load_state_dict(state[1])


def optimisers(model: nn.Module) -> Optimisers:
    """Matrices that multiply activations go to Muon, everything else to AdamW."""
    matrices: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        is_matrix = parameter.ndim == 2 and "embed" not in name and "centroids" not in name
        (matrices if is_matrix else others).append(parameter)
    return Optimisers(
        torch.optim.Muon(matrices, lr=MATRIX_RATE, momentum=0.95, weight_decay=0.05),
        torch.optim.AdamW(others, lr=OTHER_RATE, betas=(0.9, 0.97), weight_decay=0.0, fused=True),
    )


def rate_share(step: int, progress: float) -> float:
    """Warm up over the first steps, then a cosine over `progress` from 0 to 1."""
    cosine = FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    return min(1.0, (step + 1) / WARM_UP) * cosine
