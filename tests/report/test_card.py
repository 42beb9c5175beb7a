"""The card: it says what the page says and nothing else, and its bars are as long as speeds."""

from __future__ import annotations

from itertools import pairwise

import pytest
from msgspec.structs import replace

from mtp_mlx.report import answer
from mtp_mlx.report.card import HEIGHT, WIDTH, card
from mtp_mlx.report.model import Environment, Identity, Report
from mtp_mlx.report.svg import DARK, LIGHT
from mtp_mlx.report.warnings import notes
from mtp_mlx.report.writer import markdown
from tests.report.samples import (
    NASTY,
    REPORT,
    SAME,
    SLOWER,
    SPOILED,
    WARNED,
    a_report,
    a_run,
    parsed,
)
from tests.report.test_answer import SENTENCES
from tests.report.test_charts import edges

BARE = a_report([a_run(3, None, rounds=[])], created=None, environment=Environment())


def texts(report: Report) -> list[str]:
    return [one.text or "" for one in parsed(card(report)).iter() if one.text]


def all_text(report: Report) -> str:
    return " ".join(texts(report))


def test_the_card_tells_what_a_stranger_must_know() -> None:
    told = texts(REPORT)
    for words in (
        "Speed of target + drafter",
        "No difference",
        "MTP off",
        "MTP auto",
        "30.8 tokens/s",
        "44.8 tokens/s",
        "Drafts accepted",
        "67 %",
        "3.00",
        "0.25 s",
        "18 runs · interleaved · temperature 0",
        "MTP MLX 0.1.0 · 2 January 2026",
    ):
        assert words in told
    said = answer.verdict(REPORT)
    assert f"{said.text} {said.drafted}" in all_text(REPORT)


PARKED, *_ = SENTENCES["parked"]
COMPARED = replace(
    PARKED, identity=Identity(measured=True, comparisons=(replace(SAME, mode="auto"),) * 64)
)


@pytest.mark.parametrize(
    "report", [REPORT, SLOWER, WARNED, BARE, COMPARED, *(case[0] for case in SENTENCES.values())]
)
def test_the_whole_verdict_stands_on_the_card(report: Report) -> None:
    said = answer.verdict(report)
    shown = all_text(report)
    assert f"{said.text} {said.drafted}".strip() in shown
    assert said.large in texts(report)


@pytest.mark.parametrize("report", [REPORT, SLOWER, WARNED, SPOILED, BARE])
def test_the_card_says_no_more_than_the_page(report: Report) -> None:
    page = " ".join(markdown(report).replace("\\", "").replace("*", "").split())
    named = {"MTP off", "MTP auto", "MTP with K 3", answer.verdict(report).large}
    for text in texts(report):
        for fact in text.removesuffix(" tokens/s").rstrip("…").split(" · "):
            known = " ".join(fact.replace("\\", "").replace("*", "").split())
            assert known in page or known in named or known == "MTP MLX", text


def test_a_slow_down_is_as_large_and_in_the_colour_of_warnings() -> None:
    root = parsed(card(SLOWER))
    (ratio,) = (one for one in root.iter() if one.text == "0.50×")  # noqa: RUF001
    assert (ratio.get("font-size"), ratio.get("fill")) == ("108", DARK.warning)
    faster, *_ = SENTENCES["faster"]
    (gain,) = (one for one in parsed(card(faster)).iter() if one.text == "1.50×")  # noqa: RUF001
    assert (gain.get("font-size"), gain.get("fill")) == ("108", DARK.series[1])
    assert "faster" not in card(SLOWER)


def test_what_was_not_measured_is_called_so() -> None:
    told = texts(BARE)
    assert told.count("not measured") == 4  # both speeds, the acceptance and tau
    assert "Not measured" in told
    assert "MTP MLX · date not recorded" in told
    assert "None" not in card(BARE)


def test_texts_come_out_as_they_went_in() -> None:
    assert " ".join(NASTY.split()) in all_text(SPOILED)
    control = a_report([a_run("off", 1.0)], title="a\x00\x1b[2J\ud800b\ufffe")
    assert (parsed(card(control)).get("aria-label") or "").startswith("a [2J b . ")


def bars(report: Report) -> list[tuple[float, float]]:
    """Return y and length of the bars of speeds, without their grounds."""
    grounds = {DARK.grid, DARK.paper}
    rects = [one for one in parsed(card(report)).iter() if one.tag.endswith("rect")]
    drawn = [one for one in rects if one.get("fill") not in grounds]
    return [(float(one.get("y", 0)), float(one.get("width", 0))) for one in drawn]


def test_the_bars_are_as_long_as_the_speeds() -> None:
    (off, on) = bars(SLOWER)
    assert off[0] < on[0]
    assert on[1] == pytest.approx(off[1] / 2, abs=0.2)  # 20 against 40 tokens/s
    (only,) = bars(a_report([a_run("off", 30.0)]))
    assert only[1] == pytest.approx(off[1])


def test_the_card_says_what_limits_its_claim() -> None:
    shown = texts(WARNED)
    conditions = next(one for one in shown if "interleaved" in one)
    assert conditions.endswith("drafts replayed at 80 % acceptance")
    (first, *_) = notes(WARNED)
    (warned,) = (one for one in parsed(card(WARNED)).iter() if (one.text or "").startswith(first))
    assert warned.get("fill") == DARK.warning
    alone = a_report([a_run("off", 30.0), a_run(3, 60.0)])
    lone = replace(alone, settings=replace(alone.settings, interleaved=None))
    assert [one for one in texts(lone) if one.startswith("2 runs · not interleaved")]
    assert "which has no interval" in all_text(lone)


def test_without_a_speed_up_the_card_shows_the_speed_of_mtp() -> None:
    """Plain decoding was cut short: there is no pair, and MTP's own speed is known."""
    runs = [a_run("off", 30.0, finish_reason="cancelled"), a_run(3, 60.0)]
    shown = texts(a_report(runs))
    assert "60.0 tokens/s" in shown
    assert "67 %" in shown


LONG = replace(
    WARNED,
    title="Gemma 4 26B-A4B 8-bit with MTP on a MacBook Pro M4 Max, drafts replayed at 80 % "
    "acceptance (cut short: 18 of 99 runs)",
    environment=replace(WARNED.environment, app_version="0.1.0", commit="0123456789ab"),
)


@pytest.mark.parametrize("report", [REPORT, SLOWER, LONG, SPOILED, BARE, COMPARED])
@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_no_text_leaves_the_card_or_runs_into_another(report: Report, palette: object) -> None:
    root = parsed(card(report, palette))  # type: ignore[arg-type]
    rows: dict[str, list[tuple[float, float, str]]] = {}
    for one in root.iter():
        if one.text:
            start, end = edges(one)
            assert start >= 0, one.text
            assert end <= WIDTH, one.text
            assert float(one.get("y", 0)) < HEIGHT
            rows.setdefault(one.get("y", ""), []).append((start, end, one.text))
    for row in rows.values():
        row.sort()
        for (_, end, left), (start, _, right) in pairwise(row):
            assert end <= start, (left, right)


def test_a_long_title_is_told_to_its_end() -> None:
    """A reader must not miss that drafts were replayed."""
    machine = "a Linux machine with an AMD EPYC 9554"
    title = f"Gemma 4 26B-A4B 4-bit with MTP on {machine}, drafts replayed at 0 % acceptance"
    told = parsed(card(replace(REPORT, title=title)))
    lines = [one.text or "" for one in told.iter() if one.get("font-size") == "29"]
    assert " ".join(lines) == title
