"""What a report comes to: each verdict's sentence, the figures, and a message of five lines."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from mtp_mlx.report import answer, words
from mtp_mlx.report.answer import Figure, verdict
from mtp_mlx.report.derived import headline
from mtp_mlx.report.model import Environment, Identity, Mode, Report, Run
from mtp_mlx.report.warnings import notes
from mtp_mlx.report.writer import markdown
from tests.report.samples import (
    PARTED,
    REPORT,
    SAME,
    SLOWER,
    SPOILED,
    WARNED,
    a_report,
    a_round,
    a_run,
)

ARROW = "\N{RIGHTWARDS ARROW}"
DRAFTED = [a_round(3, 2)] * 10
PARKED = [*[a_round(3, 1)] * 8, *[a_round(0, 0, state="parked")] * 115]
ALL_DRAFTED = "Drafts were made in {} of {} rounds (100 %)."


def runs_of(mode: Mode, *ratios: float, parked: bool = False) -> list[Run]:
    rounds = PARKED if parked else DRAFTED
    return [
        run
        for repeat, ratio in enumerate(ratios)
        for run in (
            a_run("off", 40.0, repeat=repeat),
            a_run(mode, 40.0 * ratio, repeat=repeat, rounds=rounds),
        )
    ]


def report_of(mode: Mode, *ratios: float, parked: bool = False) -> Report:
    return a_report(runs_of(mode, *ratios, parked=parked))


SENTENCES = {
    "faster": (
        report_of(3, 1.5, 1.51, 1.49),
        "MTP with K 3 wrote 1.50 times as fast as plain decoding (95 %: 1.48 to 1.53).",
        ALL_DRAFTED.format(30, 30),
        "1.50×",  # noqa: RUF001
    ),
    "slower": (
        report_of("auto", 0.5, 0.51, 0.49),
        (
            "MTP auto was slower: it wrote at 0.50 times the speed of plain decoding "
            "(95 %: 0.48 to 0.53)."
        ),
        ALL_DRAFTED.format(30, 30),
        "0.50×",  # noqa: RUF001
    ),
    "even": (
        report_of(3, 0.95, 1.06, 0.99, 1.04, 0.97, 1.02),
        (
            "This run shows no clear difference between MTP with K 3 and plain decoding: "
            "1.00 times its speed (95 %: 0.96 to 1.05)."
        ),
        ALL_DRAFTED.format(60, 60),
        "No difference",
    ),
    "one run each": (
        report_of("auto", 1.5),
        (
            "MTP auto wrote 1.50 times as fast as plain decoding in one run each, "
            "which has no interval."
        ),
        ALL_DRAFTED.format(10, 10),
        "Faster",
    ),
    "parked": (
        report_of("auto", 1.05, 1.05, 1.051, parked=True),
        (
            "MTP auto parked, because drafting did not pay here: it wrote at 1.05 times the speed "
            "of plain decoding (95 %: 1.05 to 1.05)."
        ),
        "Drafts were made in 24 of 369 rounds (7 %). So the difference comes from the machine.",
        "Parked",
    ),
    "parked even": (
        report_of("auto", 0.99, 1.0, 1.01, parked=True),
        (
            "MTP auto parked, because drafting did not pay here: it wrote at 1.00 times the speed "
            "of plain decoding (95 %: 0.98 to 1.03)."
        ),
        "Drafts were made in 24 of 369 rounds (7 %). This run shows no clear difference.",
        "Parked",
    ),
    "busy": (
        report_of("auto", 1.4, 1.41, 1.39, parked=True),
        "The machine was busy, so this run gives no speed-up of MTP auto: measure again.",
        "Drafts were made in 24 of 369 rounds (7 %).",
        "Machine was busy",
    ),
    "plain alone": (
        a_report([a_run("off", 30.0)]),
        "MTP took no part in this report: it measures plain decoding alone.",
        "",
        "Not measured",
    ),
    "MTP alone": (
        a_report([a_run("auto", 30.0)]),
        "This report has no speed-up: plain decoding was not measured beside it.",
        "",
        "Not measured",
    ),
    "no pair": (
        a_report([a_run("off", 30.0, finish_reason="cancelled"), a_run(3, 60.0)]),
        "This report has no speed-up: no run with MTP has a plain run to set against it.",
        "",
        "Not measured",
    ),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_a_verdict_is_a_sentence(case: str) -> None:
    report, text, drafted, large = SENTENCES[case]
    said = verdict(report)
    assert (said.text, said.drafted, said.large) == (text, drafted, large)


@pytest.mark.parametrize("case", SENTENCES)
def test_only_a_sure_verdict_has_a_tone_and_a_large_number(case: str) -> None:
    said = verdict(SENTENCES[case][0])
    assert said.tone == {"faster": "faster", "slower": "warning"}.get(case, "plain")
    assert said.large[0].isdigit() == (case in {"faster", "slower"})


@pytest.mark.parametrize(
    ("compared", "text"),
    [
        ((SAME,), ", the same text for 1 of 1 prompt."),
        ((SAME, SAME, replace(SAME, identical=False)), ", the same text for 2 of 3 prompts."),
        ((SAME, PARTED), ", the same text for 1 of 1 prompt."),  # another mode's is left out
        ((PARTED,), "(95 %: 0.94 to 2.00)."),
    ],
)
def test_in_how_many_prompts_the_text_was_the_same(compared: tuple[object, ...], text: str) -> None:
    identity = Identity(measured=True, comparisons=compared)  # type: ignore[arg-type]
    assert verdict(replace(REPORT, identity=identity)).text.endswith(text)
    unknown = replace(REPORT, identity=replace(identity, measured=False))
    assert verdict(unknown).text.endswith("(95 %: 0.94 to 2.00).")


def test_a_busy_machine_is_not_run_together_with_the_text() -> None:
    """ "Measure again" ends its sentence."""
    busy, *_ = SENTENCES["busy"]
    said = verdict(replace(busy, identity=Identity(measured=True, comparisons=(SAME,))))
    assert said.text == (
        "The machine was busy, so this run gives no speed-up of MTP auto: measure again. "
        "It wrote the same text for 1 of 1 prompt."
    )


def test_the_figures() -> None:
    assert answer.figures(SLOWER) == (
        Figure(name="Tokens/s, MTP off and on", value=f"40.0 {ARROW} 20.0", note="medians"),
        Figure(name="Drafts accepted", value="67 %", note="of the drafted tokens"),
        Figure(name="τ, tokens per drafting round", value="3.00", note="3.00 over all rounds"),
        Figure(name="First token", value="0.25 s", note="0.25 s with MTP off"),
    )


def test_the_figures_tell_all_rounds_from_those_that_drafted() -> None:
    parked, *_ = SENTENCES["parked"]
    tau = answer.figures(parked)[2]
    assert (tau.value, tau.note) == ("2.00", "1.07 over all rounds")


def test_what_has_no_speed_up_has_the_figures_that_are_known() -> None:
    plain, *_ = SENTENCES["plain alone"]
    assert [one.value for one in answer.figures(plain)] == [
        f"30.0 {ARROW} {words.NONE}", "not measured", "not measured", "0.25 s",
    ]  # fmt: skip
    alone, *_ = SENTENCES["MTP alone"]
    assert answer.figures(alone)[0].value == f"{words.NONE} {ARROW} 30.0"
    assert answer.figures(a_report([])) == ()


def test_what_was_measured_is_named_as_far_as_it_is_known() -> None:
    known = Environment(
        app_version="0.1.0", commit="0123456789ab", device="Apple M4 Pro",
        memory_bytes=24 * 10**9, os="macOS 26.1",
    )  # fmt: skip
    assert answer.about(replace(REPORT, environment=known)) == (
        "google/gemma-4 + google/helper", "4-bit", "Apple M4 Pro", "24 GB", "macOS 26.1",
        "MTP MLX 0.1.0 (0123456)", "2 January 2026",
    )  # fmt: skip
    alone = replace(REPORT.pair, drafter=None, quantization=None)
    bare = replace(REPORT, pair=alone, environment=Environment(), created=None)
    assert answer.about(bare) == ("google/gemma-4, no drafter", "date not recorded")
    built_in = replace(bare, pair=replace(alone, target="built-in"))
    assert "to try MTP with" in answer.about(built_in)[0]


def test_the_conditions() -> None:
    assert answer.conditions(REPORT) == ("18 runs", "interleaved", "temperature 0")
    settings = replace(REPORT.settings, interleaved=None, replay_acceptance=0.8)
    one = a_report([a_run("off", 30.0)], settings=settings)
    assert answer.conditions(one) == (
        "1 run", "not interleaved", "temperature 0", "drafts replayed at 80 % acceptance",
    )  # fmt: skip


MESSAGES = {
    "report": REPORT, "slower": SLOWER, "warned": WARNED, "spoiled": SPOILED,
    "empty": a_report([]), **{name: case[0] for name, case in SENTENCES.items()},
    "bare": a_report([a_run("off", 1.0)], created=None, environment=Environment()),
    "broken": a_report([a_run("off", 1.0)], title="a\nb\u2028c\r\nd"),
}  # fmt: skip


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_has_five_lines(name: str) -> None:
    lines = answer.message(MESSAGES[name]).splitlines()
    assert len(lines) == 5
    if name != "empty":
        assert all(lines)


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_says_nothing_that_the_page_does_not(name: str) -> None:
    report = MESSAGES[name]
    page = flat(markdown(report).replace("\\", "").replace("*", ""))
    title, said, figures, conditions, made = answer.message(report).splitlines()
    assert flat(title.replace("\\", "").replace("*", "")) in page
    assert flat(said) in page
    for figure in figures.split(" · "):
        assert figure.rpartition(": ")[2] in page
    known, _, disturbed = conditions.partition(". ")
    assert ", ".join(known.rstrip(".").split(" · ")) in page
    for note in [*notes(report)][:1]:
        assert note in page
        assert disturbed.startswith(note)
    for fact in made.removeprefix("MTP MLX").strip(" ·").split(" · "):
        assert fact in page


def flat(text: str) -> str:
    return " ".join(text.split())


def test_a_message_counts_the_doubts_that_it_leaves_out() -> None:
    line = answer.message(WARNED).splitlines()[3]
    assert [note in line for note in notes(WARNED)] == [True, *[False] * 9]
    assert line.endswith("(9 more in the report.)")
    assert "more in the report" not in answer.message(REPORT)


def test_a_message_is_about_the_headlines_mode() -> None:
    group = headline(REPORT)
    assert group is not None
    assert answer.mode_name(group.mode) in answer.message(REPORT).splitlines()[1]
