"""Overlay, footer, timeline and report say the same of one reply, to the last digit."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace as with_

from app import strings
from app.viewmodels.chat.footer import facts
from app.viewmodels.overlay.overlay import OverlayNumbers
from mtp_mlx.report import tables, words
from mtp_mlx.report.answer import figures, verdict
from mtp_mlx.report.model import Report
from mtp_mlx.report.saving import load
from mtp_mlx.report.tables import Table, named_flat
from tests.app.conftest import Clock, Rig
from tests.app.helpers import finished, round_of

PLAIN_GAP, ROUND_GAP = 0.0437, 0.0691


def write(rig: Rig, clock: Clock, accepted: list[int], *, gap: float = ROUND_GAP) -> None:
    """The prompt's token, then a round for each entry; -1 is a plain one."""
    rig.say(round_of(rig.request().id, 0, ["w "]))
    for index, n in enumerate(accepted, start=1):
        clock.tick(gap)
        texts = ["w "] * (max(n, 0) + 1)
        depth, state = (0, "plain") if n < 0 else (3, "drafting")
        rig.say(round_of(rig.request().id, index, texts, depth=depth, state=state))  # type: ignore[arg-type]


def measure_plain(rig: Rig, clock: Clock) -> None:
    rig.program.models.mtp.turn(on=False)
    rig.program.models.chat.send("Plainly")
    write(rig, clock, [-1] * 60, gap=PLAIN_GAP)
    numbers = rig.program.models.chat.streaming.numbers
    rig.say(
        finished(rig.request().id, draft_n=0, acceptance_rate=None, decode_tps=numbers.decode_tps)
    )
    rig.program.models.mtp.turn(on=True)


def draft(rig: Rig, clock: Clock) -> OverlayNumbers:
    """What the overlay says in mid-reply, at its end, before the engine's statistics."""
    rig.program.models.chat.send("Drafted")
    write(rig, clock, [3, 1, 0, 2, 3] * 8)
    rig.program.models.overlay.publish()
    return rig.program.models.overlay.numbers


def test_all_say_the_same(timed: Rig, clock: Clock, tmp_path: Path) -> None:
    measure_plain(timed, clock)
    draft(timed, clock)
    timed.say(
        finished(
            timed.request().id,
            decode_tps=41.647,
            acceptance_rate=0.60514,
            mean_acceptance_length=2.8154,
            draft_rounds=40,
            draft_n=120,
            draft_n_accepted=73,
            generated_tokens=113,
            acceptance_by_position=(0.8149, 0.6051, 0.4),
        )
    )
    reply = timed.program.models.chat.last_reply
    assert reply is not None
    overlay = timed.program.models.overlay.numbers
    footer = timed.program.window.transcript.views[-1].footer.text  # type: ignore[union-attr]
    told = {fact.label: fact.value for fact in facts(reply)}
    report = _saved(timed, tmp_path)
    (group,) = report.summary
    (speeds,), (drafts,) = tables.speeds(report.summary), tables.drafts(report.summary)
    cells = row_of(speeds) | row_of(drafts)
    said = verdict(report)
    speed = "41.6"
    assert overlay.rate == cells["Tokens/s: auto"] == speed
    assert footer.startswith(f"{speed} tok/s")
    assert told["Speed"] == f"{speed} tok/s"
    assert group.speedup is not None
    ratio = words.times(group.speedup)
    assert ratio == "1.82\u00d7"
    assert cells["auto against plain: Speed-up, \u00d7"] == ratio[:-1]
    assert f"wrote {ratio[:-1]} times as fast as plain decoding in one run each" in said.text
    assert overlay.speed_up == f"{ratio} faster"
    assert f"{ratio} faster" in footer
    assert told["Speed-up over plain"] == f"{ratio} plain, faster"
    assert overlay.speed_up_note.startswith("Faster in one run each, which has no interval. ")
    assert cells["auto against plain: Result"] == "faster"
    assert cells["auto: Drafted in"] == "40 of 40"
    assert said.drafted == "Drafts were made in 40 of 40 rounds (100 %)."
    assert overlay.drafted == told["Drafted in"] == "40 of 40 rounds"
    assert (
        overlay.tokens_per_round
        == cells["auto: Tokens/round"]
        == told["Tokens a round, all rounds"]
    )
    assert group.plain_tps is not None
    assert group.speedup == 41.647 / group.plain_tps
    assert told["Plain speed here"] in overlay.speed_up_note
    assert told["Plain speed here"].startswith(f"{words.rate(group.plain_tps)} tok/s, measured on ")
    assert overlay.acceptance == f"{cells['auto: Accepted, %']} %" == "61 %"
    assert f"{overlay.acceptance} accepted in 40 of 40 rounds" in footer
    assert overlay.tau == cells["auto: τ"] == told["Tokens a drafting round (τ)"] == "2.82"
    assert [one.value for one in figures(report)][1:3] == ["61 %", "2.82"]
    assert told["Accepted by position"] == "81 % · 61 % · 40 %"
    assert overlay.by_position == report.runs[0].acceptance_by_position


def row_of(table: Table) -> dict[str, str]:
    """Return the only row by the names of its columns."""
    (row,) = table.rows
    return dict(zip(map(named_flat, table.columns), row, strict=True))


def _saved(rig: Rig, folder: Path) -> Report:
    target = folder / "report.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.exports.ask_report_path", lambda *_: target)
        rig.action(strings.SAVE_REPORT).trigger()
        rig.settle()
    return load(target)


def test_live_and_at_the_end_agree_where_the_engine_does(timed: Rig, clock: Clock) -> None:
    """The engine's numbers, were they the window's own, would change nothing on the overlay."""
    measure_plain(timed, clock)
    live = draft(timed, clock)
    counted = timed.program.models.chat.streaming.numbers
    timed.say(
        finished(
            timed.request().id,
            **{
                name: getattr(counted, name)
                for name in (
                    "draft_rounds",
                    "draft_n",
                    "draft_n_accepted",
                    "acceptance_rate",
                    "mean_acceptance_length",
                    "acceptance_by_position",
                    "generated_tokens",
                    "decode_tps",
                    "ttft_s",
                )
            },
        )
    )
    ended = timed.program.models.overlay.numbers
    assert live.speed_up
    assert (live.speed_up, live.speed_up_note) == (ended.speed_up, ended.speed_up_note)
    assert (live.acceptance, live.tau) == (ended.acceptance, ended.tau)
    assert live.by_position == ended.by_position
    reply = timed.program.models.chat.last_reply
    assert reply is not None
    lost = with_(reply, stats=None)
    known = {fact.label: fact.value for fact in facts(lost)}
    assert {known[name] for name in ("Speed", "Tokens a drafting round (τ)")} == {
        f"{ended.rate} tok/s",
        ended.tau,
    }


def test_a_reply_that_was_off_in_part_is_told_the_same_way(timed: Rig, clock: Clock) -> None:
    measure_plain(timed, clock)
    draft(timed, clock)
    timed.program.models.mtp.turn(on=False)
    for index in range(41, 60):
        clock.tick(PLAIN_GAP)
        timed.say(round_of(timed.request().id, index, ["w "]))
    timed.program.models.overlay.publish()
    live = timed.program.models.overlay.numbers
    timed.say(finished(timed.request().id, decode_tps=30.0))
    ended = timed.program.models.overlay.numbers
    footer = timed.program.window.transcript.views[-1].footer.text  # type: ignore[union-attr]
    assert live.speed_up
    assert ended.speed_up == live.speed_up
    assert "1.77\u00d7 faster while MTP was on" in footer
