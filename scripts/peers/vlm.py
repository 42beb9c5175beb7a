"""mlx-vlm: its plain loop and its MTP rounds, through its own loaders and `generate_step`.

Its "block" of K + 1 is K drafts. Above its drafter's default block it would draft less than asked
for until acceptance is high; `prefer_requested_block_size` is its own switch against that, and
`draft_lens` its own record of what it drafted.

At temperature above 0 it has two modes. Without `seed`, as its command line runs it, drafts are
sampled and must equal independent draws of the target. With `seed`, as its server runs it, drafts
are the drafter's first choice, and the target draws by (seed, position).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten
from mlx_vlm.generate import generate_step
from mlx_vlm.speculative.drafters import load_drafter
from mlx_vlm.utils import load_model

from peers.messages import TOP_K, TOP_P, Ask, Run, timed
from peers.serving import serve


def main() -> None:
    model = load_model(Path(sys.argv[1]))
    drafter, kind = load_drafter(sys.argv[2], kind="mtp")
    assert kind == "mtp"
    assert _dtypes(model) == _dtypes(drafter) == {mx.float32}
    drafter.prefer_requested_block_size = True
    draft_block = drafter.draft_block

    def decode(ask: Ask) -> Run:
        drafter.draft_block = _replayed(drafter, draft_block, ask) if ask.proposals else draft_block
        mx.random.seed(ask.seed)
        options = _sampling(ask)
        if ask.depth:
            options |= {
                "draft_model": drafter,
                "draft_kind": kind,
                "draft_block_size": ask.depth + 1,
            }
        prompt = mx.array([ask.prompt])
        steps = generate_step(prompt, model, None, None, max_tokens=ask.tokens, **options)
        found = timed(int(token) for token, _ in steps)
        drafts = drafter.draft_lens if ask.depth else []
        return Run(
            tokens=found.tokens,
            seconds=found.seconds,
            cpu_seconds=found.cpu_seconds,
            rounds=len(drafts),
            drafted=sum(drafts),
            accepted=sum(drafter.accept_lens) if ask.depth else 0,
            deepest=max(drafts, default=0),
        )

    serve(decode, ["mlx", "mlx-vlm"])


def _dtypes(module: Any) -> set[mx.Dtype]:
    """Of the weights; token ids are left out."""
    dtypes = {weight.dtype for _, weight in tree_flatten(module.parameters())}
    return {dtype for dtype in dtypes if mx.issubdtype(dtype, mx.floating)}


def _sampling(ask: Ask) -> dict[str, Any]:
    if ask.temperature == 0:
        return {"temperature": 0.0, "top_p": 1.0, "top_k": 0}
    seed = ask.seed if ask.keyed else None
    return {"temperature": ask.temperature, "top_p": TOP_P, "top_k": TOP_K, "seed": seed}


def _replayed(drafter: Any, draft_block: Any, ask: Ask) -> Any:
    """`draft_block` in full, its tokens replaced: the sum keeps every step in the graph."""

    def replayed(*arguments: Any, **options: Any) -> mx.array:
        drafts: mx.array = draft_block(*arguments, **options)  # [1, K]
        first = drafter._kv_offset + 1 - len(ask.prompt)  # noqa: SLF001 - its cache's length
        wanted = mx.array([ask.proposals[first : first + drafts.shape[1]]], dtype=drafts.dtype)
        return wanted + 0 * drafts

    return replayed


if __name__ == "__main__":
    main()
