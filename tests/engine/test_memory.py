"""Long replies: what memory grows by, what a step may allocate, and what is given back."""

from __future__ import annotations

import gc
from dataclasses import replace

import mlx.core as mx
import pytest

from mtp_mlx.api import Mtp
from mtp_mlx.engine import Control, Engine
from mtp_mlx.events import PromptProgress, ReplyEvent, Round
from tests.support.random_pairs import TWO_LAYERS, random_tiny_pair
from tests.support.replies import reply

WIDE = replace(TWO_LAYERS, global_head_dim=256)  # keys far larger than all else of a step
PROMPT = [5, 17, 300, 42]
NOISE = 32 * 1024  # bytes: the activations of a step that may be in flight


@pytest.mark.parametrize("mtp", ["off", 3])
def test_memory_grows_by_the_keys_of_full_layers_alone(
    mtp: Mtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mtp_mlx.kv.window.SLACK", 16)  # windows move many times
    monkeypatch.setattr("mtp_mlx.kv.buffer.GRANULE", 16)
    engine = Engine(random_tiny_pair(WIDE))
    seen: list[tuple[int, int]] = []

    def watch(event: ReplyEvent, control: Control) -> None:
        if isinstance(event, Round) and event.index >= 20:
            if not seen:
                gc.collect()  # or what other tests left dies while this one counts
                mx.clear_cache()  # a buffer that is used again may be larger than what it holds
            seen.append((mx.get_active_memory(), engine.state.nbytes))

    reply(engine, PROMPT, mtp=mtp, max_tokens=200, watch=watch)
    (active, keys), (last_active, last_keys) = seen[0], seen[-1]
    assert last_keys - keys > 10 * NOISE
    assert last_active - active == pytest.approx(last_keys - keys, abs=NOISE)


@pytest.mark.parametrize("mtp", ["off", 3])
def test_a_step_copies_no_keys(mtp: Mtp) -> None:
    engine = Engine(random_tiny_pair(WIDE))
    gc.collect()
    without_keys = mx.get_active_memory()

    def watch(event: ReplyEvent, control: Control) -> None:
        if isinstance(event, Round) and event.index == 3:
            mx.reset_peak_memory()

    reply(engine, PROMPT * 500, mtp=mtp, max_tokens=20, watch=watch)
    assert mx.get_peak_memory() - without_keys < 1.25 * engine.state.nbytes


def test_freed_memory_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mtp_mlx.decode.loop.TIDY_AFTER", 16)
    monkeypatch.setattr("mtp_mlx.decode.loop.CHUNK", 64)
    mx.clear_cache()
    kept: list[int] = []

    def watch(event: ReplyEvent, control: Control) -> None:
        kept.append(mx.get_cache_memory())
        if isinstance(event, PromptProgress) and event.done:
            assert kept[-1] < NOISE

    reply(Engine(random_tiny_pair()), PROMPT * 64, mtp=3, max_tokens=64, watch=watch)
    assert max(kept) > 2 * NOISE  # there was something to give back
    assert sum(bytes_kept < NOISE for bytes_kept in kept[-20:]) >= 1
