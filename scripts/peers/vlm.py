"""mlx-vlm: its plain loop and its MTP rounds, through its own loaders and `generate_step`.

Its "block" of K + 1 is K drafts. Above its drafter's default block it would draft less than asked
for until acceptance is high; `prefer_requested_block_size` is its own switch against that, and
`draft_lens` its own record of what it drafted.

At temperature above 0 it has two modes. Without `seed`, as its command line runs it, drafter and
target sample with one stream of random numbers each. With `seed`, as its server runs it, drafts are
the drafter's first choice, and the target draws by (seed, position).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten
from mlx_vlm.generate import generate_step, generation_stream
from mlx_vlm.speculative.common import generation_stream as round_stream
from mlx_vlm.speculative.drafters import load_drafter
from mlx_vlm.utils import load_model

from peers.messages import TOP_K, TOP_P, Ask, Counts
from peers.serving import serve


class VlmLoop:
    def __init__(self, target: Path, drafter: str) -> None:
        self._model = load_model(target)
        self._drafter, self._kind = load_drafter(drafter, kind="mtp")
        assert _dtypes(self._model) == _dtypes(self._drafter) == {mx.float32}
        self._drafter.prefer_requested_block_size = True
        self._draft_block = self._drafter.draft_block
        self._depth = 0

    def start(self, ask: Ask) -> Iterator[int]:
        self._depth = ask.depth
        self._drafter.draft_block = self._replayed(ask) if ask.proposals else self._draft_block
        mx.random.seed(ask.seed)
        options = _sampling(ask)
        if ask.depth:
            options |= {
                "draft_model": self._drafter,
                "draft_kind": self._kind,
                "draft_block_size": ask.depth + 1,
            }
        prompt = mx.array([ask.prompt])
        steps = generate_step(prompt, self._model, None, None, max_tokens=ask.tokens, **options)
        return (int(token) for token, _ in steps)

    def _replayed(self, ask: Ask) -> Any:
        """`draft_block` in full, its tokens replaced: the sum keeps every step in the graph."""

        def replayed(*arguments: Any, **options: Any) -> mx.array:
            drafts: mx.array = self._draft_block(*arguments, **options)  # [1, K]
            length = self._drafter._kv_offset  # noqa: SLF001 - of its target's cache
            first = length + 1 - len(ask.prompt)
            wanted = ask.proposals[first : first + drafts.shape[1]]
            return mx.array([wanted], dtype=drafts.dtype) + 0 * drafts

        return replayed

    def settle(self) -> None:
        mx.synchronize(generation_stream)
        mx.synchronize(round_stream)

    def counts(self) -> Counts:
        if not self._depth:
            return Counts()
        drafts = self._drafter.draft_lens
        return Counts(
            rounds=len(drafts),
            drafted=sum(drafts),
            accepted=sum(self._drafter.accept_lens),
            deepest=max(drafts),
        )


def _dtypes(module: Any) -> set[mx.Dtype]:
    """Of the weights; token ids are left out."""
    dtypes = {weight.dtype for _, weight in tree_flatten(module.parameters())}
    return {dtype for dtype in dtypes if mx.issubdtype(dtype, mx.floating)}


def _sampling(ask: Ask) -> dict[str, Any]:
    if ask.temperature == 0:
        return {"temperature": 0.0, "top_p": 1.0, "top_k": 0}
    seed = ask.seed if ask.keyed else None
    return {"temperature": ask.temperature, "top_p": TOP_P, "top_k": TOP_K, "seed": seed}


if __name__ == "__main__":
    serve(VlmLoop(Path(sys.argv[1]), sys.argv[2]), ["mlx", "mlx-vlm"])
