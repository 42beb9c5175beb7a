"""The head of the E2B and E4B drafters: clusters first, then the tokens of the best ones."""

from __future__ import annotations

import mlx.core as mx
from mlx import nn

from mtp_mlx.families.gemma4.config import CentroidConfig, TextConfig
from mtp_mlx.protocols import Scores


class CentroidHead(nn.Module):
    """Scores `top_k` clusters' tokens only; every other token loses.

    `token_ordering` [vocabulary] lists the token ids cluster after cluster.
    """

    def __init__(self, text: TextConfig, config: CentroidConfig) -> None:
        super().__init__()
        self.centroids = nn.Linear(text.hidden_size, config.num_centroids, bias=False)
        self.token_ordering = mx.zeros((text.vocab_size,), dtype=mx.int32)
        self._top_k = config.top_k

    def __call__(self, hidden: mx.array, embedding: nn.Module) -> Scores:
        """`hidden` [1, hidden] to logits [1, top_k * cluster size] with their token ids.

        Rows are gathered through the embedding module, so that a quantised one unpacks them.
        """
        clusters = self.token_ordering.reshape(self.centroids.weight.shape[0], -1)
        similarity = self.centroids(hidden)  # [1, clusters]
        best = mx.argpartition(-similarity, kth=self._top_k - 1, axis=-1)[0, : self._top_k]
        ids = clusters[best].reshape(-1)  # [candidates]
        rows = embedding(ids)  # [candidates, hidden]
        return Scores(hidden @ rows.T, ids[None])
