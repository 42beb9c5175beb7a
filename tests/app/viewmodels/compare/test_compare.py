"""Compare: a warm-up, two runs of one prompt, and a result that outlives whatever goes wrong."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from app import strings
from app.domain.comparison import Comparison
from app.domain.conversation import ChatMessage, Died, ReplyRecord, RoundRecord
from app.domain.settings import ReplySettings
from app.engine.worker import Death
from app.viewmodels.chat.asking import turns_to_last_question
from app.viewmodels.compare.compare import WARM_UP_TOKENS, CompareViewModel, lane_figures, verdict
from mtp_mlx.api import Message, Sampling
from mtp_mlx.wire import Cancel, Error, Generate
from tests.app.conftest import Clock, Rig
from tests.app.domain.test_comparison import OFF, ON, comparison, with_id
from tests.app.helpers import PAIR, finished, round_of
from tests.app.records import a_round, reply_of

WORDS = "one two three four five six seven eight nine ten eleven twelve " * 4


@pytest.fixture
def ready(timed: Rig) -> Rig:
    """In this file time passes when told to."""
    return timed


@pytest.fixture
def compare(ready: Rig) -> CompareViewModel:
    return ready.program.models.compare


def requests(rig: Rig) -> list[Generate]:
    return [command for command in rig.engine.sent if isinstance(command, Generate)]


def warm_up(rig: Rig) -> None:
    rig.say(round_of(rig.request().id, 0, ["Warm"]), finished(rig.request().id, "length"))


def run(rig: Rig, clock: Clock, *, depth: int = 0, tps: float = 20.0, end: bool = True) -> None:
    """A whole run of 48 words, or of its first five rounds."""
    reply = rig.request().id
    words = [f"{word} " for word in WORDS.split()]
    rig.say(round_of(reply, 0, words[:1]))
    rest, index = words[1:], 0
    while rest and (end or index < 5):
        taken, rest = rest[: depth + 1], rest[depth + 1 :]
        index += 1
        clock.tick(0.05)
        event = round_of(reply, index, taken, depth=depth, state="drafting" if depth else "plain")
        ids = [msgspec.structs.replace(t, id=hash(t.text)) for t in event.tokens]
        rig.say(msgspec.structs.replace(event, tokens=ids))
    if end:
        drafted = 47 if depth else 0
        rig.say(finished(reply, draft_n=drafted, generated_tokens=48, decode_tps=tps))


def watched(compare: CompareViewModel) -> str | None:
    return None if compare.running_reply is None else compare.running_reply.text


def whole(rig: Rig, clock: Clock) -> None:
    warm_up(rig)
    run(rig, clock)
    run(rig, clock, depth=2, tps=58.0)


def test_a_warm_up_and_two_runs_of_the_same_request(
    ready: Rig, clock: Clock, compare: CompareViewModel
) -> None:
    ready.program.models.chat.set_settings(
        ReplySettings(
            system="Be brief.",
            sampling=Sampling(temperature=0.5),
            max_tokens=99,
            verify="block",
        )
    )
    ready.program.models.mtp.choose(2)
    ready.program.models.mtp.turn(on=False)
    assert compare.begin("  Count!  ")
    whole(ready, clock)
    warm, off, on = requests(ready)
    assert warm.max_tokens == WARM_UP_TOKENS
    assert (warm.mtp, off.mtp, on.mtp) == (2, "off", 2)
    assert len({warm.id, off.id, on.id}) == 3
    same = [msgspec.structs.replace(r, id="", mtp="off", max_tokens=0) for r in (warm, off, on)]
    assert same[0] == same[1] == same[2]
    assert (off.max_tokens, on.max_tokens, on.verify) == (99, 99, "block")
    assert off.messages == [
        Message(role="system", content="Be brief."),
        Message(role="user", content="Count!"),
    ]
    result = compare.state.result
    assert result is not None
    assert result.speed_up == pytest.approx(2.9)
    assert result.parting is None
    assert (result.question, result.first) == ("Count!", "off")
    assert (compare.state.stage, compare.state.note) == ("idle", "")
    assert compare.race.duration == pytest.approx(47 * 0.05)


def test_the_chats_last_question_is_asked_as_in_the_chat(
    ready: Rig, compare: CompareViewModel
) -> None:
    chat = ready.program.models.chat
    assert compare.last_question == ""
    for question in ("First?", "Second?"):
        chat.send(question)
        ready.write("An answer.")
        ready.finish()
    assert compare.last_question == "Second?"
    before = chat.messages.messages
    compare.begin("Second?")
    assert ready.request().messages == [
        Message(role="user", content="First?"),
        Message(role="assistant", content="An answer."),
        Message(role="user", content="Second?"),
    ]
    assert chat.messages.messages == before
    warm_up(ready)
    ready.say(round_of(ready.request().id, 0, ["Not for the chat"]))
    assert chat.messages.messages == before


def test_without_a_question_no_turn_is_asked() -> None:
    greeting = ChatMessage(id="a", role="assistant", text="Hello")
    assert turns_to_last_question("Be brief.", [greeting]) == []


def test_a_second_comparison_turns_the_order_round(
    ready: Rig, clock: Clock, compare: CompareViewModel
) -> None:
    compare.begin("Count!")
    whole(ready, clock)
    compare.begin("Count!")
    warm_up(ready)
    assert ready.request().mtp == "auto"
    run(ready, clock, depth=2, tps=58.0)
    assert ready.request().mtp == "off"
    run(ready, clock)
    assert compare.state.first == "on"
    compare.begin("Count!")
    warm_up(ready)
    assert ready.request().mtp == "off"


def test_seeds_are_drawn_unless_one_is_fixed(ready: Rig, compare: CompareViewModel) -> None:
    ready.program.models.chat.set_settings(ReplySettings(seed=42))
    compare.begin("Count!")
    assert ready.request().seed == 42


def test_what_cannot_be_compared_says_why(rig: Rig) -> None:
    compare = rig.program.models.compare
    assert compare.obstacle == "The engine is starting…"
    assert not compare.begin("Count!")
    rig.ready()
    assert compare.obstacle == ""
    assert not compare.begin("   ")
    rig.program.models.chat.send("Hello")
    assert "Esc" in compare.obstacle
    assert not compare.begin("Count!")


@pytest.mark.parametrize("reason", ["the folder has none", None])
def test_a_target_without_a_drafter(ready: Rig, reason: str | None) -> None:
    alone = replace(PAIR, drafter=None, no_drafter_reason=reason)
    ready.load(alone)
    compare = ready.program.models.compare
    why = reason or "this target has no drafter"
    assert compare.obstacle == f"There is nothing to compare: MTP is off ({why})."
    assert not compare.begin("Count!")


def test_the_chat_waits_and_says_for_what(ready: Rig, compare: CompareViewModel) -> None:
    compare.begin("Count!")
    assert compare.obstacle == ""
    assert not compare.begin("Again!")
    assert ready.program.models.chat.obstacle == "A comparison is running."
    assert not ready.program.models.chat.send("Hello")


def test_the_run_under_way_can_be_watched(
    ready: Rig, clock: Clock, compare: CompareViewModel
) -> None:
    seen: list[str] = []
    compare.changed.connect(lambda state: seen.append(state.stage))
    compare.begin("Count!")
    assert watched(compare) is None
    told: list[None] = []
    compare.advanced.connect(lambda: told.append(None))
    warm_up(ready)
    run(ready, clock, end=False)
    assert (watched(compare) or "").startswith("one two three")
    assert told
    ready.say(finished(ready.request().id))
    assert compare.record("off") is not None
    assert compare.record("on") is None
    assert seen == ["warm-up", "off", "on"]


def test_stopping_keeps_what_has_run(ready: Rig, clock: Clock, compare: CompareViewModel) -> None:
    compare.stop()
    assert not any(isinstance(command, Cancel) for command in ready.engine.sent)
    compare.begin("Count!")
    warm_up(ready)
    run(ready, clock)
    run(ready, clock, depth=2, end=False)
    compare.stop()
    assert ready.engine.sent[-1] == Cancel(id=ready.request().id)
    ready.say(finished(ready.request().id, "cancelled", generated_tokens=16))
    result = compare.state.result
    assert result is not None
    assert not result.whole
    assert result.speed_up is None
    assert result.parting is None
    assert len(requests(ready)) == 3


def test_stopping_early_leaves_no_result(
    ready: Rig, clock: Clock, compare: CompareViewModel
) -> None:
    compare.begin("Count!")
    compare.stop()
    ready.say(finished(ready.request().id, "cancelled"))
    assert (
        compare.state.note
        == "The comparison stopped before both runs were made. Compare again for a result."
    )
    compare.begin("Count!")
    warm_up(ready)
    run(ready, clock, end=False)
    compare.stop()
    ready.say(finished(ready.request().id, "cancelled"))
    assert compare.state.result is None
    assert compare.record("off") is not None


def test_a_death_keeps_what_has_run(ready: Rig, clock: Clock, compare: CompareViewModel) -> None:
    compare.begin("Count!")
    warm_up(ready)
    run(ready, clock)
    run(ready, clock, depth=2, end=False)
    ready.engine.say(Death(reason="crashed (signal 11)"))
    assert compare.state.note == (
        "The engine crashed (signal 11). Finished runs are kept; compare again once it is ready."
    )
    assert not compare.state.running
    result = compare.state.result
    assert result is not None
    assert result.on.finish == Died(text="crashed (signal 11)")


def test_a_death_outside_of_a_run_is_none_of_its_business(
    ready: Rig, compare: CompareViewModel
) -> None:
    ready.program.models.chat.send("Hello")
    ready.engine.say(Death(reason="crashed"))
    assert compare.state.note == ""


def test_a_refusal_is_passed_on(ready: Rig, compare: CompareViewModel) -> None:
    compare.begin("Count!")
    error = Error(code="too_long", message="Too long.", remedy="Ask less.", id=ready.request().id)
    ready.say(error)
    assert compare.state.note == "Too long. Ask less."
    assert not compare.state.running
    assert compare.begin("Count!")


def test_the_switch_turned_in_mid_run_spoils_it(
    ready: Rig, clock: Clock, compare: CompareViewModel
) -> None:
    compare.begin("Count!")
    warm_up(ready)
    run(ready, clock, end=False)
    ready.program.models.mtp.turn(on=False)
    assert isinstance(ready.engine.sent[-1], Cancel)
    ready.say(finished(ready.request().id, "cancelled"))
    assert compare.record("off") is None
    assert compare.state.note.startswith("The comparison stopped because the MTP switch was turned")
    ready.program.models.mtp.turn(on=True)
    assert sum(isinstance(command, Cancel) for command in ready.engine.sent) == 1


def test_the_run_without_mtp_is_a_measured_baseline(
    ready: Rig, clock: Clock, compare: CompareViewModel
) -> None:
    chat = ready.program.models.chat
    compare.begin("Count!")
    whole(ready, clock)
    chat.send("Hello")
    ready.write("Hi. " * 3)
    ready.finish()
    reply = chat.last_reply
    assert reply is not None
    assert reply.plain_tps == pytest.approx(20)
    assert reply.plain_day


def test_same_text_and_faster() -> None:
    said = verdict(comparison(OFF, ON))
    assert said.headline == "Faster in one run each, which has no interval"
    assert said.tone == "plain"  # neither large nor in colour
    assert [figure.text for figure in said.numbers] == [
        "3.00\u00d7 the speed of plain decoding",
        "drafted in 40 of 40 rounds",
        "3.00 tokens a round",
    ]
    assert all(figure.meaning for figure in said.numbers)
    assert said.texts == "Same text, token for token: 121 tokens."
    assert said.details.startswith("Off ran first · seed 7 in both · compare again")
    assert said.warnings == ""


def slowed(rounds: list[RoundRecord], by: float) -> list[RoundRecord]:
    return [msgspec.structs.replace(one, at=one.at * by, ms=one.ms * by) for one in rounds]


def test_a_loss_is_told_as_plainly() -> None:
    said = verdict(comparison(OFF, slowed(ON, 9.0)))
    assert said.headline == "Slower in one run each, which has no interval"
    assert said.numbers[0].text == "0.33\u00d7 the speed of plain decoding"


def test_what_drafts_do_not_explain_is_a_busy_machine() -> None:
    said = verdict(comparison(slowed(OFF, 2.0), ON))
    assert said.headline == "The machine was busy: measure again"
    assert not [figure for figure in said.numbers if "\u00d7" in figure.text]
    assert said.warnings.startswith("The machine was busy: in the category chat, MTP auto ran at")


def test_several_comparisons_of_one_prompt_have_an_interval() -> None:
    first = comparison(OFF, ON)
    again = replace(comparison(slowed(OFF, 1.02), slowed(ON, 1.03)), earlier=(first, first))
    said = verdict(again)
    assert said.tone == "faster"
    assert said.headline.endswith("the speed of plain decoding")
    assert said.numbers[0].text.startswith("95 %")
    assert "3 runs each" in said.details


def test_where_the_texts_part() -> None:
    said = verdict(comparison([*OFF[:50], with_id(OFF[50], 999), *OFF[51:]], ON))
    assert said.texts == "The texts differ from token 51 on: off wrote “w50.0 ”, on wrote “w17.1 ”."
    said = verdict(comparison(OFF[:100], ON))
    assert said.texts == "The texts differ from token 101 on: off wrote the end, on wrote “w34.0 ”."


def test_a_run_that_was_cut_short_is_not_called_the_same() -> None:
    said = verdict(comparison(OFF, ON[:3], "cancelled"))
    assert said.texts == "Same text up to the end of the shorter one: 7 tokens."
    assert said.headline == "Too short to compare speeds"


def test_the_order_is_said() -> None:
    other = Comparison(question="q", off=reply_of(OFF, mtp="off"), on=reply_of(ON), first="on")
    assert verdict(other).details.startswith("On ran first")


def test_another_rule_does_not_promise_the_same_text() -> None:
    law = Sampling(temperature=1.0)
    on = msgspec.structs.replace(reply_of(ON), verify="block", sampling=law)
    block = Comparison(question="q", off=reply_of(OFF, mtp="off"), on=on)
    assert verdict(block).details.endswith("under the block rule the texts may differ")
    assert "rule" not in verdict(comparison(OFF, ON)).details


def line(reply: ReplyRecord) -> str:
    return strings.SEPARATOR.join(figure.text for figure in lane_figures(reply))


def test_a_lane_in_figures() -> None:
    text = "121 tokens · 67 % of 120 drafted accepted · τ\u00a03.00 · finished"
    assert line(reply_of(ON)) == text
    assert line(reply_of([a_round(0, 0.1)], finish="cancelled")) == "1 tokens · stopped by you"
