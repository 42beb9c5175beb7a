"""Messages: what is sent is what arrives, and old lines are still read."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtp_mlx import api, wire
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


GENERATE = api.Generate(
    prompt=(api.Message(role="user", content="Hi"),),
    continue_reply=True,
    thinking=True,
    sampling=Sampling(temperature=0.5),
    mtp=3,
    verify="block",
    max_tokens=7,
    seed=8,
    ignore_eos=True,
)


@pytest.mark.parametrize(
    "request_",
    [GENERATE, api.Generate(prompt=(api.TokenIds((1, 2)), api.TokenIds((3,))))],
)
def test_a_reply_is_asked_for_as_it_was_meant(request_: api.Generate) -> None:
    asked = wire.ask(request_, "a")
    assert isinstance(asked, wire.Generate)
    assert asked.id == "a"
    told = asked.request
    ids = [t for part in request_.prompt if isinstance(part, api.TokenIds) for t in part.ids]
    prompt = (api.TokenIds(tuple(ids)),) if ids else request_.prompt
    assert told == msgspec.structs.replace(request_, prompt=prompt)


@pytest.mark.parametrize(
    "request_",
    [
        api.Load(target="t", drafter="d", use_drafter=False, drafter_bits=4, dtype="float16"),
        api.Unload(),
        api.Calibrate(),
        api.CountTokens(text="Hi"),
        api.Bench(suite="full", modes=("off",), repeats=1, out="o", resume="r"),
    ],
)
def test_any_other_request_is_told_field_by_field(request_: api.Request) -> None:
    found = wire.decode_command(wire.encode(wire.ask(request_, "a")))
    assert isinstance(found, type(request_))
    asked = msgspec.structs.asdict(found)
    assert asked.pop("id", "a") == "a"
    assert asked == msgspec.structs.asdict(request_)


def test_what_has_no_message_is_refused() -> None:
    for request_ in (
        api.LoadRandom(shape="e2b"),
        api.Generate(prompt=(api.RawText("as it stands"),)),
    ):
        with pytest.raises(TypeError):
            wire.ask(request_, "a")
