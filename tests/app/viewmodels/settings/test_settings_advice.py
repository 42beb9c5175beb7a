from __future__ import annotations

import pytest

from app.domain.settings import ReplySettings
from app.viewmodels.settings.settings_advice import RULES, advice
from mtp_mlx.wire import Sampling
from tests.app.helpers import PAIR

HELD = 32_768


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (ReplySettings(sampling=Sampling(temperature=1.8)), "At temperature 1.8"),
        (ReplySettings(sampling=Sampling(), seed=3), "the seed changes nothing"),
        (ReplySettings(sampling=Sampling(temperature=1, top_k=1)), "Only the likeliest"),
        (ReplySettings(sampling=Sampling(temperature=1, top_p=0)), "Only the likeliest"),
        (ReplySettings(max_tokens=40_000), "holds 32\u2009768 tokens"),
        (ReplySettings(max_tokens=3), "mid-sentence"),
    ],
)
def test_unusual_settings_are_spoken_of(settings: ReplySettings, words: str) -> None:
    (sentence,) = advice(settings, PAIR.recommended, HELD)
    assert words in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    "settings",
    [ReplySettings(), ReplySettings(sampling=Sampling()), ReplySettings(seed=3, max_tokens=HELD)],
)
def test_usual_ones_are_not(settings: ReplySettings) -> None:
    assert advice(settings, PAIR.recommended, HELD) == ()


def test_an_unknown_context_is_no_limit() -> None:
    assert advice(ReplySettings(max_tokens=10**6), PAIR.recommended, None) == ()


def test_only_the_coupled_rule_promises_the_same_text() -> None:
    promises = {rule: "the same with MTP and without" in RULES[rule][1] for rule in RULES}
    assert promises == {"coupled": True, "block": False, "token": False}
