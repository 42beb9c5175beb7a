"""Paper: what Typst is handed, that it makes pages of it, and that no text is markup there."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import typst
from msgspec.structs import replace
from PySide6.QtCore import QLocale

from mtp_mlx.errors import ReportNotSaved
from mtp_mlx.paths import resources
from mtp_mlx.report import paper
from mtp_mlx.report.charts import charts
from mtp_mlx.report.comparing import comparison
from mtp_mlx.report.contents import contents
from mtp_mlx.report.derived import groups
from mtp_mlx.report.model import Environment, Identity, Paper, Report
from mtp_mlx.report.sheet import PRINTED
from mtp_mlx.report.svg import LIGHT
from mtp_mlx.report.warnings import notes
from mtp_mlx.report.words import line
from tests.report.samples import (
    NASTY,
    PARTED,
    REPORT,
    SLOWER,
    SPOILED,
    WARNED,
    a_report,
    a_run,
    parsed,
)

FLAT = " ".join(NASTY.split())


def pages(made: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", made))


def sizes(made: bytes) -> set[tuple[float, ...]]:
    boxes = re.findall(rb"/MediaBox\s*\[\s*([^\]]*)\]", made)
    return {tuple(round(float(place)) for place in box.split()) for box in boxes}


@pytest.mark.parametrize(
    ("size", "box"), [("a4", (0, 0, 595, 842)), ("us-letter", (0, 0, 612, 792))]
)
def test_paper_is_a_pdf_of_its_size(size: Paper, box: tuple[float, ...]) -> None:
    made = paper.pdf(REPORT, size)
    assert made.startswith(b"%PDF-")
    assert made.rstrip().endswith(b"%%EOF")
    assert (pages(made), sizes(made)) == (3, {box})


def test_the_country_chooses_the_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    for country, size in (("de_DE", "a4"), ("en_US", "us-letter"), ("en_GB", "a4")):
        with monkeypatch.context() as patch:
            patch.setattr(QLocale, "system", lambda here=country: QLocale(here))
            assert paper.usual_paper() == size


class Handed:
    """Catches what Typst is handed."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.timestamp: int | None = None
        self._document: dict[str, Any] = {}
        patch.setattr(typst, "compile", self._compile)

    def _compile(
        self, _: object, *, sys_inputs: dict[str, str], timestamp: int | None, **__: object
    ) -> bytes:
        self.timestamp = timestamp
        self._document = json.loads(sys_inputs["report"])
        return b"%PDF-"

    def document(self, report: Report) -> dict[str, Any]:
        paper.pdf(report, "a4")
        return self._document

    def parts(self, report: Report, kind: str) -> list[dict[str, Any]]:
        """Return the parts of a kind in order, also those within sections."""
        return [part for part in every(self.document(report)["parts"]) if part["kind"] == kind]


def every(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for part in parts for one in (part, *every(part.get("parts", [])))]


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> Handed:
    return Handed(monkeypatch)


def test_the_parts_are_those_of_every_format(handed: Handed) -> None:
    *parts, numbers = handed.document(WARNED)["parts"]
    kinds = [part["kind"] for part in parts]
    assert kinds == [type(part).__name__.lower() for part in contents(WARNED)]
    assert numbers["name"] == "Numbers of the charts"
    assert handed.timestamp == 1767323045  # 2026-01-02T03:04:05Z


def test_head_and_foot(handed: Handed) -> None:
    document = handed.document(REPORT)
    assert document["title"] == REPORT.title
    assert document["foot"] == "MTP MLX 0.1.0 · 2 January 2026"
    assert handed.document(replace(REPORT, environment=Environment()))["foot"] == "2 January 2026"


def test_a_verdict_keeps_its_tone_and_a_warning_stands_once(handed: Handed) -> None:
    (said,) = handed.parts(SLOWER, "verdict")
    assert (said["tone"], said["large"]) == ("warning", "0.50×")  # noqa: RUF001
    told = json.dumps(handed.document(WARNED), ensure_ascii=False)
    assert [told.count(note) for note in notes(WARNED)] == [1] * 10


def test_charts_are_drawn_for_half_a_page_with_their_titles(handed: Handed) -> None:
    (part,) = handed.parts(REPORT, "charts")
    assert [chart["title"] for chart in part["charts"]] == [one.title for one in charts(REPORT)]
    for chart in part["charts"]:
        root = parsed(chart["svg"])
        assert root.get("width") == str(PRINTED)
        assert chart["title"] in "".join(root.itertext())
        assert LIGHT.ink in chart["svg"]


def test_the_numbers_of_the_charts_follow_for_those_who_see_no_drawing(handed: Handed) -> None:
    numbers = handed.document(REPORT)["parts"][-1]["parts"]
    assert [part["text"] for part in numbers[::2]] == [chart.title for chart in charts(REPORT)]
    shown = [part["rows"] for part in numbers[1::2]]
    assert shown == [[list(row) for row in chart.numbers.rows] for chart in charts(REPORT)]


def test_a_table_keeps_its_spans_numbers_and_marks(handed: Handed) -> None:
    speeds = handed.parts(REPORT, "table")[0]
    assert [(one["name"], one["columns"]) for one in speeds["spans"]] == [
        ("", 1), ("Tokens/s", 3), ("auto against plain", 3), ("K 3 against plain", 3),
    ]  # fmt: skip
    assert [column["number"] for column in speeds["columns"][:3]] == [False, True, True]
    assert speeds["best"] == [[1, 2]]
    assert sorted(speeds["warnings"]) == [[2, 4], [2, 6], [2, 7], [2, 9]]
    assert speeds["rows"][1][2] == "60.6"
    assert speeds["left"] == 0


def test_a_long_table_ends_with_what_is_left(handed: Handed) -> None:
    many = replace(REPORT, identity=Identity(measured=True, comparisons=(PARTED,) * 2007))
    table = handed.parts(many, "table")[2]
    assert (len(table["rows"]), table["left"]) == (2000, 7)


def test_printed_replies_keep_their_lines(handed: Handed) -> None:
    spoken = a_report([a_run("off", 1.0, text="one\n\n\t<two>\nthree\x00\x1b[2J\ud800\u202e")])
    (text,) = handed.parts(spoken, "verbatim")
    assert text["lines"] == ["one", "", "    <two>", "three[2J"]


HOSTILE = [
    NASTY,
    '#panic("x") $x$ *b* _i_ `r` @ref <label> \\ // /* = head',
    '"quotes" \'and\' #read("/etc/passwd") \\u{202e}',
    "\x00\x1b[2J\x07\r\n\x85",
    "half \ud800 and \udfff",
    "right \u202e to \u2066 left \u200f",
    "w" * 10_000,
    "\u0000\u2028\u2029\ufffe\N{ROCKET}\u0301" * 20,
    "",
]


def hostile(text: str) -> Report:
    """Return a report whose every text is a stranger's."""
    machine = Environment(
        app_version=text, commit=text, device=text, os=text, machine=text, cpu=text,
        power_source=text, power_source_after=f"{text}!", thermal_after=f"heavy {text}",
    )  # fmt: skip
    runs = [
        a_run("off", 30.0, text, prompt_id=text, prompt=text, text=text),
        a_run(3, 60.0, text, prompt_id=text),
    ]
    parted = replace(PARTED, prompt_id=text, category=text)
    return a_report(
        runs,
        title=text,
        created=text,
        summary=tuple(replace(one, baseline=text) for one in groups(runs)),
        environment=machine,
        pair=replace(REPORT.pair, target=text, drafter=text, quantization=text),
        settings=replace(REPORT.settings, suite=text),
        identity=Identity(measured=True, comparisons=(parted,)),
    )


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_strangers_text_is_set_as_text(text: str) -> None:
    assert pages(paper.pdf(hostile(text), "a4")) in range(2, 12)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_typst_is_handed_single_lines_of_whole_characters(handed: Handed, text: str) -> None:
    document = handed.document(hostile(text))
    document["parts"] = [part for part in document["parts"] if part["kind"] != "charts"]

    def check(value: object) -> None:
        if isinstance(value, str):
            assert line(value.replace("\u200b", "")) == " ".join(
                value.replace("\u200b", "").split()
            )
        for one in value.values() if isinstance(value, dict) else value if isinstance(
            value, list) else ():  # fmt: skip
            check(one)

    check(document)


def test_no_word_of_a_cell_is_wider_than_a_column(handed: Handed) -> None:
    for table in handed.parts(hostile("w" * 10_000), "table"):
        for cell in (cell for row in table["rows"] for cell in row):
            assert max(map(len, re.split("[ \u200b]", cell))) <= 14
            assert len(cell.replace("\u200b", "")) <= 60


@pytest.mark.parametrize("created", [None, "", "yesterday", "0001-01-01", "9999-12-31T23:59:59Z"])
def test_any_date_can_be_set(created: str | None) -> None:
    bare = a_report([a_run("off", 1.0)], created=created)
    assert paper.pdf(bare, "a4").startswith(b"%PDF-")


def test_a_report_of_nothing_is_a_page() -> None:
    assert pages(paper.pdf(a_report([]), "a4")) >= 1


def test_two_reports_are_set_side_by_side() -> None:
    assert pages(paper.pages("Two", comparison(REPORT, SPOILED), paper="a4")) >= 1
    assert pages(paper.pages("Two", comparison(REPORT, SLOWER), paper="a4")) >= 1


def test_what_cannot_be_set_names_another_format(monkeypatch: pytest.MonkeyPatch) -> None:
    compile_really = typst.compile

    def fail(*_: object, **__: object) -> None:
        compile_really(b"#panic[no font]")

    monkeypatch.setattr(typst, "compile", fail)
    with pytest.raises(
        ReportNotSaved, match=r"could not be set: .*no font.*Export as \.html instead"
    ):
        paper.pdf(REPORT)


def test_the_template_repeats_heads_and_keeps_titles() -> None:
    text = (resources() / "report.typ").read_text(encoding="utf-8")
    assert "table.header(repeat: true" in text
    assert "sticky: true" in text
