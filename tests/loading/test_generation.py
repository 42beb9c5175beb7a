"""generation_config.json: what it recommends, what it rules out, and what it cannot mean."""

from __future__ import annotations

import math
from typing import Any

import pytest

from mtp_mlx.api import Sampling
from mtp_mlx.errors import DamagedModel
from mtp_mlx.loading.generation import read_generation
from mtp_mlx.sampling.constraints import NO_CONSTRAINTS, Constraints

VOCABULARY = 100

RECOMMENDED: list[tuple[dict[str, Any], Sampling]] = [
    ({}, Sampling()),
    ({"temperature": 0.7, "top_k": 3, "top_p": 0.5}, Sampling()),  # nothing is sampled
    ({"do_sample": None, "temperature": 0.7}, Sampling()),
    ({"do_sample": True}, Sampling(temperature=1.0)),
    (
        {"do_sample": True, "temperature": 1, "top_k": 64.0, "top_p": 0.95, "min_p": 0.1},
        Sampling(temperature=1.0, top_k=64, top_p=0.95, min_p=0.1),
    ),
    (
        dict.fromkeys(("temperature", "top_k", "top_p", "min_p", "repetition_penalty"))
        | {"do_sample": True},
        Sampling(temperature=1.0),
    ),
    ({"repetition_penalty": 1.1}, Sampling(repetition_penalty=1.1)),
    (
        {"do_sample": True, "repetition_penalty": 1.1, "presence_penalty": 0.5},
        Sampling(temperature=1.0, repetition_penalty=1.1, presence_penalty=0.5),
    ),
    ({"transformers_version": "5.0", "cache_implementation": "hybrid", "x": [1]}, Sampling()),
]


@pytest.mark.parametrize(("settings", "expected"), RECOMMENDED)
def test_recommended(settings: dict[str, Any], expected: Sampling) -> None:
    read = read_generation(settings, {}, VOCABULARY)
    assert (read.recommended, read.constraints) == (expected, NO_CONSTRAINTS)
    assert read.unheeded == ()


RULED: list[tuple[dict[str, Any], Constraints]] = [
    ({"suppress_tokens": [7, 17, 17]}, Constraints(never=frozenset({7, 17}))),
    ({"suppress_tokens": []}, NO_CONSTRAINTS),
    ({"suppress_tokens": [-1, 100, 10**12]}, NO_CONSTRAINTS),
    ({"begin_suppress_tokens": [220, 5]}, Constraints(not_first=frozenset({5}))),
    (
        {"bad_words_ids": [[4], [5, 6], [7, 999], [1]], "eos_token_id": [1, 2]},
        Constraints(never=frozenset({4}), sequence_biases=(((5, 6), -math.inf),)),
    ),
    (
        {"sequence_bias": [[[5], 2], [[5, 6], -1.5], [[5], 3.0]]},
        Constraints(biases=((5, 3.0),), sequence_biases=(((5, 6), -1.5),)),
    ),
    ({"no_repeat_ngram_size": 3}, Constraints(no_repeated_run=3)),
    ({"min_new_tokens": 4, "min_length": 9}, Constraints(least_reply=4, least_text=9)),
    ({"forced_bos_token_id": 8}, Constraints(after_one=8)),
    ({"forced_eos_token_id": 8}, Constraints(last=frozenset({8}))),
    ({"forced_eos_token_id": [8, 9]}, Constraints(last=frozenset({8, 9}))),
    (
        dict.fromkeys(
            ("suppress_tokens", "begin_suppress_tokens", "bad_words_ids", "sequence_bias",
             "no_repeat_ngram_size", "min_new_tokens", "min_length", "forced_bos_token_id",
             "forced_eos_token_id", "eos_token_id")
        ),
        NO_CONSTRAINTS,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "expected"), RULED)
@pytest.mark.parametrize("sampled", [True, False])
def test_rules(settings: dict[str, Any], expected: Constraints, sampled: bool) -> None:
    read = read_generation(settings | {"do_sample": sampled}, {}, VOCABULARY)
    assert read.constraints == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("do_sample", "yes"),
        ("do_sample", 1),
        ("temperature", "hot"),
        ("temperature", -1),
        ("temperature", math.nan),
        ("temperature", math.inf),
        ("temperature", True),
        ("top_k", 1.5),
        ("top_k", -1),
        ("top_p", 2),
        ("min_p", [0.1]),
        ("repetition_penalty", 0),
        ("repetition_penalty", 10**400),
        ("presence_penalty", 3),
        ("suppress_tokens", ["17"]),
        ("suppress_tokens", "17"),
        ("suppress_tokens", [[17]]),
        ("suppress_tokens", {"17": 1}),
        ("suppress_tokens", [True]),
        ("suppress_tokens", list(range(100))),
        ("begin_suppress_tokens", 1.5),
        ("bad_words_ids", [1, 2]),
        ("bad_words_ids", [[]]),
        ("bad_words_ids", {"a": 1}),
        ("sequence_bias", {"[1]": 2.0}),
        ("sequence_bias", [[[1], "x"]]),
        ("sequence_bias", [[1, 2.0]]),
        ("no_repeat_ngram_size", "2"),
        ("min_length", -3),
        ("forced_eos_token_id", "x"),
    ],
)
def test_what_a_setting_cannot_be(name: str, value: object) -> None:
    with pytest.raises(DamagedModel) as caught:
        read_generation({name: value}, {}, VOCABULARY)
    assert f"generation_config.json says {name} is " in str(caught.value)
    assert len(str(caught.value)) < 200


def test_without_the_file_config_json_counts() -> None:
    """As in transformers: its outermost settings first, then those of its text."""
    config = {
        "suppress_tokens": None,
        "do_sample": True,
        "temperature": 0.5,
        "text_config": {"suppress_tokens": [17], "temperature": 0.9},
    }
    read = read_generation(None, config, VOCABULARY)
    assert read.constraints.never == {17}
    assert read.recommended.temperature == 0.5
    assert read_generation({}, config, VOCABULARY).constraints == NO_CONSTRAINTS


def test_what_this_program_does_not_have_is_told() -> None:
    settings = {"num_beams": 4, "typical_p": 0.9, "guidance_scale": 1.0, "stop_strings": ["x"]}
    assert read_generation(settings, {}, VOCABULARY).unheeded == ("num_beams", "stop_strings")
    sampled = read_generation(settings | {"do_sample": True}, {}, VOCABULARY)
    assert set(sampled.unheeded) == {"num_beams", "stop_strings", "typical_p"}
