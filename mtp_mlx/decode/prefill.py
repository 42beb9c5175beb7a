"""Reading the prompt in chunks: between two of them progress is reported and a stop obeyed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import mlx.core as mx

from mtp_mlx.protocols import Chunk, DraftState, State, Target

CHUNK = 2048  # rows a forward pass


def prefill(
    target: Target, state: State, prompt: Sequence[int], draft_state: DraftState | None = None
) -> Iterator[mx.array | None]:
    """Append `prompt` to the states; yield after each chunk, at last the last hidden row.

    Until then None is yielded: no hidden state is computed before the last chunk, and of that only
    the last row [1, hidden], unless the drafter reads hidden states. A consumer that stops between
    chunks leaves states that hold the chunks read so far.
    """
    reads_hidden = draft_state is not None and draft_state.reads_hidden
    for start in range(0, len(prompt), CHUNK):
        tokens = mx.array(list(prompt[start : start + CHUNK]))
        hidden = target.forward([Chunk(state, tokens, last_row=not reads_hidden)])
        if draft_state is not None:
            draft_state.read(tokens, hidden if reads_hidden else None)
            draft_state.evaluate()
        last = hidden[-1:] if start + CHUNK >= len(prompt) else None
        del hidden  # a row that nobody asks for is not computed
        state.evaluate()
        if last is not None:
            mx.eval(last)
        mx.clear_cache()  # the next chunk attends to more keys: what this one freed is too small
        yield last
