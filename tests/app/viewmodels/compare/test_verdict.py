from __future__ import annotations

import msgspec

from app.domain.comparison import Comparison
from app.viewmodels.compare.verdict import lane_text, verdict
from mtp_mlx.wire import Sampling
from tests.app.domain.test_comparison import OFF, ON, comparison, with_id
from tests.app.records import a_round, reply_of


def test_same_text_and_faster() -> None:
    said = verdict(comparison(OFF, ON))
    assert said.headline == "3.00\u00d7 the speed of plain decoding"
    assert said.texts == "Same text, token for token: 121 tokens."
    assert said.details.startswith("Off ran first · seed 7 in both · one run each")


def test_a_loss_is_told_as_plainly() -> None:
    assert verdict(comparison(ON, OFF)).headline == "0.33\u00d7 the speed of plain decoding"


def test_where_the_texts_part() -> None:
    said = verdict(comparison([*OFF[:50], with_id(OFF[50], 999), *OFF[51:]], ON))
    assert said.texts == "The texts part at token 51: off wrote “w50.0 ”, on wrote “w17.1 ”."
    said = verdict(comparison(OFF[:100], ON))
    assert said.texts == "The texts part at token 101: off wrote its end, on wrote “w34.0 ”."


def test_a_run_that_was_cut_short_is_not_called_the_same() -> None:
    said = verdict(comparison(OFF, ON[:3], "cancelled"))
    assert said.texts == "Same text as far as both went: 7 tokens."
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


def test_a_lane_in_figures() -> None:
    text = "121 tokens · 67 % of 120 drafted accepted · τ\u00a03.00 · stop"
    assert lane_text(reply_of(ON)) == text
    assert lane_text(reply_of([a_round(0, 0.1)], finish="cancelled")) == "1 tokens · stopped by you"
