"""Two runs in one document that fits the same schema."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from app.domain.comparison import Comparison
from app.services.exports import report_markdown
from app.services.report_comparison import comparison_report
from tests.app.domain.test_comparison import OFF, ON, with_id
from tests.app.records import a_round, reply_of
from tests.app.services.replies import ENVIRONMENT
from tests.app.services.test_report import against_schema, document

SAME = Comparison(question="secret", off=reply_of(OFF, mtp="off"), on=reply_of(ON, mtp=3))


def told(comparison: Comparison) -> dict[str, Any]:
    return document(comparison_report(comparison, ENVIRONMENT))


def test_two_runs_in_the_order_they_were_made_in() -> None:
    assert against_schema(comparison_report(SAME, ENVIRONMENT)) == []
    report = told(SAME)
    assert [run["mode"] for run in report["runs"]] == ["off", 3]
    other = told(Comparison(question="q", off=SAME.off, on=SAME.on, first="on"))
    assert [run["mode"] for run in other["runs"]] == [3, "off"]
    assert "after, not interleaved" in other["summary"][0]["baseline"]


def test_the_speed_up_is_of_these_two() -> None:
    off, on = told(SAME)["summary"]
    assert off["speedup"] is None
    assert off["plain_tps"] == off["decode_tps"] == pytest.approx(20)
    assert (on["plain_tps"], on["speedup"]) == (off["decode_tps"], SAME.speed_up)
    assert on["baseline"] == (
        "plain decoding of the same prompt, one run just before, not interleaved"
    )


def test_identity_is_measured() -> None:
    report = told(SAME)
    (found,) = report["identity"]["comparisons"]
    assert report["identity"]["measured"]
    assert (found["identical"], found["parts_at"], found["mode"]) == (True, None, 3)
    parted = Comparison(
        question="q", off=reply_of([*OFF[:50], with_id(OFF[50], 999)], mtp="off"), on=SAME.on
    )
    (found,) = told(parted)["identity"]["comparisons"]
    assert (found["identical"], found["parts_at"]) == (False, 50)
    assert "| **no** | **50** |" in report_markdown(comparison_report(parted, ENVIRONMENT))


def test_a_run_without_a_token_proves_nothing() -> None:
    empty = Comparison(question="q", off=SAME.off, on=reply_of([], finish="cancelled"))
    assert against_schema(comparison_report(empty, ENVIRONMENT)) == []
    report = told(empty)
    assert report["identity"] == {"measured": False, "comparisons": []}
    assert report["title"].endswith("(cut short)")
    assert report["summary"][1]["speedup"] is None
    assert report["summary"][1]["baseline"] is None


def test_nothing_private_is_in_it() -> None:
    named = [msgspec.structs.replace(r, tokens=a_round(0, 0, texts=["Ada"]).tokens) for r in ON]
    report = told(Comparison(question="secret", off=SAME.off, on=reply_of(named)))
    assert "Ada" not in json.dumps(report)
    assert "secret" not in json.dumps(report)
