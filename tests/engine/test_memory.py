"""Long replies: what memory grows by, what a step may allocate, and what is given back."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import mlx.core as mx
import pytest

from mtp_mlx.api import Mtp
from mtp_mlx.engine import Control, Engine
from mtp_mlx.errors import OutOfMemory
from mtp_mlx.events import PromptProgress, ReplyEvent, Round
from mtp_mlx.hub.fit import MARGIN, MachineMemory, cache_bytes, chunk_bytes
from mtp_mlx.kv.rows import BLOCK
from tests.support.random_pairs import TWO_LAYERS, random_tiny_pair
from tests.support.replies import reply

WIDE = replace(TWO_LAYERS, global_head_dim=256)  # keys far larger than all else of a step
PROMPT = [5, 17, 300, 42]
NOISE = 32 * 1024  # bytes: the activations of a step that may be in flight


@pytest.mark.parametrize("mtp", [pytest.param("off", marks=pytest.mark.slow), 3])
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


ENOUGH = MachineMemory(total=10**12, available=10**12)
NONE = MachineMemory(total=10**12, available=0)
FULL_MAC = MachineMemory(total=10**12, available=0, recommended=0, pressure="normal")
CRITICAL = MachineMemory(total=10**12, available=10**12, recommended=10**12, pressure="critical")


def from_the_third_chunk(then: MachineMemory) -> Callable[[], MachineMemory]:
    """Return what tells of enough memory twice, and of another state after that."""
    told = iter([ENOUGH, ENOUGH])
    return lambda: next(told, then)


@pytest.mark.parametrize(
    ("then", "anyway", "said"),
    [
        (NONE, False, r"read to token 128 and no further: .* into the 0.0 GB that"),
        (NONE, True, r"read to token 128 and no further: "),
        (FULL_MAC, False, r"read to token 128 and no further: "),
        (CRITICAL, False, r"macOS reports .* critically short, .* read to token 128 and no"),
        (CRITICAL, True, r"macOS reports .* critically short"),
    ],
)
def test_a_prompt_stops_before_the_machine_is_in_danger(
    then: MachineMemory, anyway: bool, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mtp_mlx.decode.loop.CHUNK", 64)
    engine = Engine(replace(random_tiny_pair(), anyway=anyway))
    with monkeypatch.context() as short:
        memory = from_the_third_chunk(then)
        short.setattr("mtp_mlx.loading.memory.machine_memory", memory)
        with pytest.raises(OutOfMemory, match=said):
            reply(engine, PROMPT * 64, max_tokens=4)
    assert engine.state.length == 0  # what was read is given back
    assert len(reply(engine, PROMPT * 64, max_tokens=4).tokens) == 4


def test_other_conversations_give_way_before_a_prompt_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = Engine(random_tiny_pair())
    first, other, third = PROMPT * 8, [9, 9, 31, 7] * 8, [3, 250, 8, 77] * 8
    reply(engine, first, max_tokens=1)
    reply(engine, other, max_tokens=1)
    assert reply(engine, first, max_tokens=1).finished.reused_tokens > 0
    told = iter([NONE])
    with monkeypatch.context() as short:
        short.setattr("mtp_mlx.loading.memory.machine_memory", lambda: next(told, ENOUGH))
        assert len(reply(engine, third, max_tokens=4).tokens) == 4
    assert reply(engine, first, max_tokens=1).finished.reused_tokens == 0


def test_what_was_loaded_all_the_same_reads_on_while_the_mac_finds_pages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = Engine(replace(random_tiny_pair(), anyway=True))
    monkeypatch.setattr("mtp_mlx.loading.memory.machine_memory", lambda: FULL_MAC)
    assert len(reply(engine, PROMPT, max_tokens=4).tokens) == 4


def test_a_prompt_is_read_in_smaller_chunks_where_memory_is_short(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pair = random_tiny_pair()
    engine = Engine(pair)
    most = chunk_bytes(pair.size, 1024, 512) + cache_bytes(pair.size, 1024)
    free = most + MARGIN

    def memory() -> MachineMemory:
        return MachineMemory(total=10**12, available=mx.get_active_memory() + free)

    monkeypatch.setattr("mtp_mlx.loading.memory.machine_memory", memory)
    read: list[int] = []

    def watch(event: ReplyEvent, control: Control) -> None:
        if isinstance(event, PromptProgress):
            read.append(event.done)

    reply(engine, PROMPT * 512, max_tokens=1, watch=watch)
    sizes = [end - start for start, end in pairwise(read)]
    assert sum(sizes) == 2048
    assert len(sizes) > 2
    assert all(BLOCK <= size < 2048 for size in sizes[:-1])
