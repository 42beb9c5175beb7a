"""Balanced k-means: equally large clusters of token embeddings for the centroid head."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

ROUNDS = 20


def balanced_clusters(points: Tensor, count: int, seed: int) -> Tensor:
    """Indices of `points` [N, D] ordered by cluster, N / count after one another.

    Each round assigns greedily: the pairs of point and centre closest in angle go first, and a
    full cluster takes no more.
    """
    generator = torch.Generator().manual_seed(seed)
    points = functional.normalize(points.float(), dim=-1)
    centres = points[torch.randperm(len(points), generator=generator)[:count]]
    for _ in range(ROUNDS):
        cluster = _assigned(points @ centres.T)
        sums = torch.zeros_like(centres).index_add_(0, cluster, points)
        centres = functional.normalize(sums, dim=-1)
    return torch.argsort(_assigned(points @ centres.T), stable=True)


def _assigned(similarity: Tensor) -> Tensor:
    """The cluster of each point, every cluster equally large: [N, C] -> [N]."""
    points, count = similarity.shape
    room = [points // count] * count
    cluster = [-1] * points
    order = similarity.flatten().argsort(descending=True)
    for pair in order.tolist():
        point, centre = divmod(pair, count)
        if cluster[point] < 0 and room[centre]:
            cluster[point] = centre
            room[centre] -= 1
    return torch.tensor(cluster)
