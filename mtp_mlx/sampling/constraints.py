"""The constraints of a model's own settings: they hold in every row of a round, for any request.

These are the settings of generation_config.json that transformers applies to greedy and sampled
decoding alike (`generation/logits_process.py`): tokens and sequences that are never written, tokens
that are forced, a least length. They come after penalties and before temperature, for the target
and for the drafter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mlx.core as mx

from mtp_mlx.sampling.distribution import Logits


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """A model's rules. Ids lie within its vocabulary; lengths are in tokens."""

    never: frozenset[int] = frozenset()
    not_first: frozenset[int] = frozenset()  # not as the reply's first token
    biases: tuple[tuple[int, float], ...] = ()  # added to a token's score
    sequence_biases: tuple[tuple[tuple[int, ...], float], ...] = ()
    """Added to the score of a sequence's last token where the text ends in the others; two tokens
    at least, and -inf for a sequence that is never written."""
    no_repeated_run: int = 0  # no run of so many tokens stands twice in prompt and reply; 0: off
    least_reply: int = 0  # an end token comes behind so many tokens of the reply,
    least_text: int = 0  # and behind so many of prompt and reply
    after_one: int | None = None  # the token behind a prompt of one token
    last: frozenset[int] = frozenset()  # one of these is the last token that the length allows


NO_CONSTRAINTS = Constraints()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What constraints need to know of one reply."""

    prompt: Sequence[int]
    end_tokens: frozenset[int] = frozenset()
    length: int | None = None  # of prompt and reply together, at most


class Constrained:
    """The constraints of one reply. `commit` counts what has been emitted."""

    def __init__(self, constraints: Constraints, bounds: Bounds, vocabulary: int) -> None:
        self._of = constraints
        self._start = len(bounds.prompt)
        self._ends = bounds.end_tokens
        self._length = bounds.length
        self._vocabulary = vocabulary
        self._masks: dict[frozenset[int] | tuple[int, ...], mx.array] = {}
        self._bias = _table(constraints.biases, vocabulary)
        self._sequences = [_Sequences(group) for group in _by_length(constraints.sequence_biases)]
        self._reads_text = bool(self._sequences) or constraints.no_repeated_run > 0
        self._text = mx.array(list(bounds.prompt) if self._reads_text else [], dtype=mx.int32)

    def commit(self, tokens: Sequence[int]) -> None:
        """Count `tokens` of the reply from now on."""
        if self._reads_text:
            self._text = mx.concatenate([self._text, mx.array(list(tokens), dtype=mx.int32)])

    def __call__(self, logits: Logits, position: int, in_flight: mx.array) -> Logits:
        """Constrain rows [n, candidates] for the positions from `position` on.

        The last row stands behind all of `in_flight` [m], each row before it behind one fewer.
        """
        rows = range(position, position + logits.raw.shape[0])
        masks = [self._mask(at) for at in rows]
        if any(mask is not None for mask in masks):
            logits = _without(logits, self._stacked(masks))
        bias = self._biases(len(rows), in_flight)
        if bias is None:
            return logits
        return Logits(logits.values + _of_candidates(bias, logits.ids), logits.ids)

    def _mask(self, position: int) -> mx.array | None:
        """Return which tokens may not stand at `position`: [vocabulary], None for none."""
        of = self._of
        if position == 1 and of.after_one is not None:
            return self._all_but((of.after_one,))
        if of.last and self._length is not None and position == self._length - 1:
            return self._all_but(tuple(sorted(of.last)))
        banned = of.never
        if of.not_first and position == self._start:
            banned |= of.not_first
        if position < max(self._start + of.least_reply, of.least_text):
            banned |= self._ends
        if not banned:
            return None
        if banned not in self._masks:
            self._masks[banned] = _marked(banned, self._vocabulary)
        return self._masks[banned]

    def _all_but(self, forced: tuple[int, ...]) -> mx.array:
        if forced not in self._masks:
            self._masks[forced] = ~_marked(forced, self._vocabulary)
        return self._masks[forced]

    def _stacked(self, masks: list[mx.array | None]) -> mx.array:
        """Return [1, vocabulary] where all rows have one mask, else [n, vocabulary]."""
        first = masks[0]
        if first is not None and all(mask is first for mask in masks):
            return first[None]
        nothing = mx.zeros((self._vocabulary,), dtype=mx.bool_)
        return mx.stack([nothing if mask is None else mask for mask in masks])

    def _biases(self, rows: int, in_flight: mx.array) -> mx.array | None:
        """Return what is added to the scores of each row: [n, vocabulary], None for nothing."""
        if not self._reads_text:
            return None if self._bias is None else self._bias[None]
        bias = mx.zeros((rows, self._vocabulary))
        if self._bias is not None:
            bias = bias + self._bias
        text = mx.concatenate([self._text, in_flight])
        ends = text.size - rows + 1 + mx.arange(rows)  # tokens that each row stands behind
        for group in self._sequences:
            bias = group.added(bias, text, ends)
        run = self._of.no_repeated_run
        return _without_repeats(bias, text, ends, run) if 0 < run <= text.size else bias


class _Sequences:
    """Biases of sequences that are equally long."""

    def __init__(self, group: Sequence[tuple[tuple[int, ...], float]]) -> None:
        self._before = mx.array([sequence[:-1] for sequence, _ in group], dtype=mx.int32)  # [s, l]
        self._last = mx.array([sequence[-1] for sequence, _ in group], dtype=mx.int32)  # [s]
        self._biases = mx.array([bias for _, bias in group])  # [s]

    def added(self, bias: mx.array, text: mx.array, ends: mx.array) -> mx.array:
        """Add to `bias` [n, vocabulary] what holds behind the first `ends` [n] tokens of `text`."""
        tail = _tail(text, ends, self._before.shape[1])
        if tail is None:
            return bias
        matches = (tail[:, None] == self._before).all(axis=-1)  # [n, s]
        return bias.at[:, self._last].add(mx.where(matches, self._biases, 0))


def _tail(text: mx.array, ends: mx.array, length: int) -> mx.array | None:
    """Return the last `length` tokens of the first `ends` [n]: [n, length], -1 for none.

    None where the text is shorter than that.
    """
    if text.size < length:
        return None
    places = ends[:, None] - length + mx.arange(length)
    return mx.where(places < 0, -1, text[mx.maximum(places, 0)])


def _without_repeats(bias: mx.array, text: mx.array, ends: mx.array, run: int) -> mx.array:
    """Forbid each token that would complete a run of `run` tokens a second time."""
    tail = _tail(text, ends, run - 1)
    assert tail is not None
    starts = text.size - run + 1
    follows = text[run - 1 :]  # [starts]: the token that completes the run from each place on
    same = mx.arange(starts) + run <= ends[:, None]  # [n, starts]: runs that the row stands behind
    for i in range(run - 1):
        same = same & (text[i : i + starts] == tail[:, i : i + 1])
    return bias.at[:, follows].add(mx.where(same, -mx.inf, 0.0))


def _by_length(
    biases: Sequence[tuple[tuple[int, ...], float]],
) -> list[list[tuple[tuple[int, ...], float]]]:
    lengths = sorted({len(sequence) for sequence, _ in biases})
    return [[entry for entry in biases if len(entry[0]) == length] for length in lengths]


def _table(biases: Sequence[tuple[int, float]], vocabulary: int) -> mx.array | None:
    if not biases:
        return None
    table = mx.zeros((vocabulary,))
    ids, values = zip(*biases, strict=True)
    table[mx.array(ids)] = mx.array(values)
    return table


def _marked(ids: frozenset[int] | tuple[int, ...], vocabulary: int) -> mx.array:
    marks = mx.zeros((vocabulary,), dtype=mx.bool_)
    marks[mx.array(sorted(ids))] = mx.array(True)
    return marks


def _of_candidates(table: mx.array, ids: mx.array | None) -> mx.array:
    """Return [1 or n, vocabulary] at the candidates `ids` [n, candidates] of each row."""
    if ids is None:
        return table
    return table[0][ids] if table.shape[0] == 1 else mx.take_along_axis(table, ids, axis=-1)


def _without(logits: Logits, mask: mx.array) -> Logits:
    raw = mx.where(_of_candidates(mask, logits.ids), -mx.inf, logits.raw)
    return Logits(raw, logits.ids, logits.softcap, has_banned=True)


def constrained(constraints: Constraints, bounds: Bounds, vocabulary: int) -> Constrained | None:
    """Return the constraints of one reply; None where the model has none."""
    if constraints == NO_CONSTRAINTS:
        return None
    return Constrained(constraints, bounds, vocabulary)
