"""Titles: pairs, machines and days in words, and no stranger's text that breaks out of a line."""

from __future__ import annotations

import unicodedata

import pytest

from mtp_mlx.report import naming
from mtp_mlx.report.model import Environment, Pair

HOSTILE = "a\x1b[2J\u202e/b\u2028\ud800\x00<script>"


def a_pair(target: str, quantization: str | None = "4-bit affine, group 64") -> Pair:
    return Pair(target=target, drafter="d", quantization=quantization)


MAC = Environment(machine="MacBook Pro (Mac16,8)", device="Apple M4 Pro", os="macOS 26.1")
GEMMA = a_pair("mlx-community/gemma-4-e4b-it-4bit")


@pytest.mark.parametrize(
    ("target", "quantization", "name"),
    [
        ("mlx-community/gemma-4-e4b-it-4bit", "4-bit affine, group 64", "Gemma 4 E4B 4-bit"),
        ("mlx-community/gemma-4-e4b-it-4bit", None, "Gemma 4 E4B 4-bit"),
        ("mlx-community/gemma-4-26b-a4b-it-8bit", "8-bit affine", "Gemma 4 26B-A4B 8-bit"),
        ("mlx-community/Qwen3-8B-4bit", "4-bit affine, group 64", "Qwen3 8B 4-bit"),
        ("mlx-community/gemma-4-31b-it-mxfp4", "mxfp4", "Gemma 4 31B mxfp4"),
        ("google/gemma-4-E2B-it", "bfloat16", "Gemma 4 E2B bf16"),
        ("google/gemma-4-E4B-it-qat-q4_0", None, "Gemma 4 E4B Q4_0"),
        ("some/Qwen3.5-0.6B-Instruct", "float16", "Qwen3.5 0.6B fp16"),
        ("my_model", "float32", "My_model fp32"),  # a local folder
        ("mine-v2", None, "Mine V2"),
        ("random e4b", "bfloat16", "random e4b"),
        ("built-in", "4-bit affine", "The built-in demo pair"),
        ("it", None, "it"),  # nothing is left of it
        ("---", None, "---"),
    ],
)
def test_a_pair_in_words(target: str, quantization: str | None, name: str) -> None:
    assert naming.pair_name(a_pair(target, quantization)) == name


@pytest.mark.parametrize(
    ("known", "name"),
    [
        ({"machine": "MacBook Pro (Mac16,8)", "device": "Apple M4 Pro"}, "a MacBook Pro M4 Pro"),
        ({"machine": "Mac mini (Mac16,10)", "device": "Apple M4"}, "a Mac mini M4"),
        ({"machine": "iMac (Mac16,3)", "device": "Apple M4"}, "an iMac M4"),
        ({"device": "Apple M4 Max", "os": "macOS 26.1"}, "a Mac with an M4 Max"),
        (
            {"device": "AMD EPYC 7B13 64-Core Processor", "os": "Linux 6.1"},
            "a Linux machine with an AMD EPYC 7B13",
        ),
        (
            {"cpu": "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz", "os": "Debian GNU/Linux 12"},
            "a Linux machine with an Intel Xeon Gold 6338",
        ),
        ({"cpu": "11th Gen Intel(R) Core(TM) i7-1185G7"}, "an 11th Gen Intel Core i7-1185G7"),
        ({"os": "Ubuntu 24.04"}, "a Linux machine"),
        ({}, ""),
    ],
)
def test_a_machine_in_words(known: dict[str, str], name: str) -> None:
    assert naming.machine_name(Environment(**known)) == name  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("created", "day"),
    [
        ("2026-11-29T19:00:00Z", "29 November 2026"),
        ("2026-01-02", "2 January 2026"),
        ("2026-13-02T00:00:00Z", ""),
        ("yesterday\x1b", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_day_in_words(created: str | None, day: str) -> None:
    assert naming.day(created) == day


@pytest.mark.parametrize(
    ("known", "name"),
    [
        ({"app_version": "0.1.0", "commit": "0123456789ab"}, "MTP MLX 0.1.0 (0123456)"),
        ({"app_version": "0.1.0"}, "MTP MLX 0.1.0"),
        ({"commit": "0123456789ab"}, "0123456"),
        ({}, ""),
    ],
)
def test_the_program_in_words(known: dict[str, str], name: str) -> None:
    assert naming.program_name(Environment(**known)) == name  # type: ignore[arg-type]


def test_titles() -> None:
    whole = "Gemma 4 E4B 4-bit with MTP on a MacBook Pro M4 Pro"
    assert naming.benchmark_title(GEMMA, MAC) == whole
    assert naming.benchmark_title(GEMMA, Environment()) == "Gemma 4 E4B 4-bit with MTP"
    assert naming.reply_title(GEMMA, MAC) == (
        "One reply of Gemma 4 E4B 4-bit on a MacBook Pro M4 Pro"
    )
    compared = "Gemma 4 E4B 4-bit with MTP off and on, on a MacBook Pro M4 Pro"
    assert naming.comparison_title(GEMMA, MAC, whole=True) == compared
    assert naming.comparison_title(GEMMA, MAC, whole=False) == f"{compared} (cut short)"


def test_the_built_in_pair_has_an_article() -> None:
    built_in = a_pair("built-in")
    assert naming.benchmark_title(built_in, Environment()) == "The built-in demo pair with MTP"
    assert naming.reply_title(built_in, Environment()) == "One reply of the built-in demo pair"


def test_a_title_says_what_was_not_measured() -> None:
    """A reader of the title alone must not take a replayed acceptance for a measured one."""
    title = naming.benchmark_title(GEMMA, MAC, replayed=0.8, made="3 of 8 runs")
    assert title.endswith(", drafts replayed at 80 % acceptance (cut short: 3 of 8 runs)")
    deep = naming.benchmark_title(GEMMA, MAC, contexts=(0, 4096))
    assert deep.endswith(", after 0, 4\N{THIN SPACE}096 tokens of context")
    assert naming.benchmark_title(GEMMA, MAC, contexts=(0,)) == naming.benchmark_title(GEMMA, MAC)


@pytest.mark.parametrize("text", [HOSTILE, HOSTILE * 50, "x" * 10_000, "-" * 10_000])
def test_a_strangers_name_stays_a_short_line(text: str) -> None:
    machine = Environment(machine=text, device=text, cpu=text, os=text, app_version=text)
    for title in (
        naming.benchmark_title(a_pair(text, text), machine),
        naming.benchmark_title(a_pair(text, text), Environment(device=text, os=text)),
    ):
        assert len(title) < 160
        kinds = {unicodedata.category(letter) for letter in title}
        assert not kinds & {"Cc", "Cs", "Cf", "Zl", "Zp"}
