"""Values that no window or engine could take are none of the settings."""

from __future__ import annotations

import msgspec
import pytest

from app.domain.settings import ReplySettings
from mtp_mlx.api import Sampling


@pytest.mark.parametrize(
    "text",
    [
        '{"seed": -1}',
        '{"max_tokens": 2147483648}',
        '{"sampling": {"top_k": 99999999999}}',
        '{"sampling": {"temperature": -1e300}}',
        '{"mtp": {"depth": 9}}',
    ],
)
def test_a_number_beyond_all_bounds_is_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=ReplySettings)


def test_any_sampling_that_the_window_offers_is_taken() -> None:
    chosen = ReplySettings(sampling=Sampling(temperature=2.0, top_k=1000), seed=2**31 - 1)
    assert msgspec.json.decode(msgspec.json.encode(chosen), type=ReplySettings) == chosen
