"""Messages: what is sent is what arrives, and old lines are still read."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtp_mlx import wire
from mtp_mlx.api import Sampling
from mtp_mlx.errors import BadMessage

numbers = st.floats(allow_nan=False, allow_infinity=False)
samplings = st.builds(
    Sampling,
    logit_bias=st.lists(st.tuples(st.integers(0, 2**31), numbers)).map(tuple),
    repetition_penalty=numbers,
    presence_penalty=numbers,
    temperature=numbers,
    top_k=st.integers(0, 2**31),
    top_p=numbers,
    min_p=numbers,
)


@given(samplings)
def test_sampling_settings_arrive_as_sent(sampling: Sampling) -> None:
    sent = wire.Generate(id="a", prompt_ids=[1], sampling=sampling)
    found = wire.decode_command(wire.encode(sent))
    assert found == sent
    assert isinstance(found, wire.Generate)
    assert hash(found.sampling) == hash(sampling)


def test_settings_of_before_are_read() -> None:
    line = b'{"type":"generate","id":"a","sampling":{"temperature":1.0,"top_k":64}}'
    found = wire.decode_command(line)
    assert isinstance(found, wire.Generate)
    assert found.sampling == Sampling(temperature=1.0, top_k=64)


@pytest.mark.parametrize(
    "bias", [{"5": 1.0}, [[5]], [[5, None]], [[5.5, 1]], [["5", 1]], [[5, 1, 2]], 5]
)
def test_a_bias_is_pairs_of_an_id_and_a_number(bias: object) -> None:
    line = {"type": "generate", "id": "a", "sampling": {"logit_bias": bias}}
    with pytest.raises(BadMessage):
        wire.decode_command(msgspec.json.encode(line))
