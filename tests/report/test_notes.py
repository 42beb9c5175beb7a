"""What a reader must know of how a report came about."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from mtp_mlx.report.model import Environment
from mtp_mlx.report.notes import notes, parting
from mtp_mlx.report.table import table
from tests.report.samples import PARTED, REPORT


def told(drift: float | None = None, **environment: object) -> list[str]:
    found = Environment(**environment)  # type: ignore[arg-type]
    return list(notes(replace(REPORT, plain_drift=drift, environment=found)))


@pytest.mark.parametrize("drift", [None, 0.0, 0.029, -0.029])
def test_a_steady_machine_needs_no_words(drift: float | None) -> None:
    calm = {"power_source": "mains", "power_source_after": "mains", "thermal_after": "nominal"}
    assert told(drift, low_power_mode=False, commit_clean=True, **calm) == []


@pytest.mark.parametrize(("drift", "words"), [(-0.12, "12 % slower"), (0.08, "8 % faster")])
def test_drift(drift: float, words: str) -> None:
    (sentence,) = told(drift)
    assert words in sentence


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"low_power_mode": True}, "low power mode"),
        ({"power_source": "mains", "power_source_after": "battery"}, "mains, then battery"),
        ({"thermal_after": "heavy"}, "heavy"),
        ({"thermal_after": "CPU limited to 62 %"}, "62 %"),
        ({"commit_clean": False}, "in no commit"),
    ],
)
def test_conditions(known: dict[str, object], words: str) -> None:
    (sentence,) = told(**known)  # type: ignore[arg-type]
    assert words in sentence
    shown = table(replace(REPORT, environment=Environment(**known)))  # type: ignore[arg-type]
    assert words in " ".join(shown.split())


def test_where_texts_part() -> None:
    place = "code-1, K 3: parts at token 17"
    assert parting(replace(PARTED, margin=None)) == place
    assert parting(PARTED) == f"{place}, margin 0.002 logits"
    tie = replace(PARTED, margin_bound=0.31, rounding_tie=True)
    assert parting(tie) == f"{place}, a rounding tie: margin 0.002 logits, rounding up to 0.31"
    mistake = replace(PARTED, margin=2.5, margin_bound=0.31, rounding_tie=False)
    assert "more than rounding explains" in parting(mistake)
