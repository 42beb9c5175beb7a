"""Tables: figures of a column stand point below point, and only a sure best is marked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mtp_mlx.report import tables
from mtp_mlx.report.model import Mode, Report
from mtp_mlx.report.tables import Cell, Column, Decimals, Span, Table, aligned, named_flat, spans
from tests.report.samples import PARTED, REPORT, SLOWER, a_report, a_run

DASH = "\N{EN DASH}"


def by_name(table: Table, row: int = 0) -> dict[str, str]:
    return dict(zip(map(named_flat, table.columns), table.rows[row], strict=True))


def test_a_row_of_speeds_has_the_modes_side_by_side() -> None:
    (table,) = tables.speeds(REPORT.summary)
    assert by_name(table, 1) == {
        "Category": "code",
        "Tokens/s: off": "30.3",
        "Tokens/s: auto": "60.6",
        "Tokens/s: K 3": "55.5",
        "auto against plain: Speed-up, ×": "2.00",  # noqa: RUF001
        "auto against plain: 95 %": "2.00 to 2.00",
        "auto against plain: Result": "faster",
        "K 3 against plain: Speed-up, ×": "1.83",  # noqa: RUF001
        "K 3 against plain: 95 %": "1.83 to 1.83",
        "K 3 against plain: Result": "faster",
    }
    assert [row[0] for row in table.rows] == ["all", "code", "free prose"]


def test_a_row_of_drafts() -> None:
    (table,) = tables.drafts(SLOWER.summary)
    assert by_name(table) == {
        "Category": "all",
        "K 3: Drafted in": "6 of 6",
        "K 3: Accepted, %": "67",
        "K 3: τ": "3.00",
        "K 3: Tokens/round": "3.00",
        "First token, s: off": "0.25",
        "First token, s: K 3": "0.25",
    }


def test_a_row_of_a_run() -> None:
    run = a_run(3, 60.0, repeat=2, finish_reason="length", prefill_tps=250.0)
    assert by_name(tables.runs([run])) == {
        "Category": "code",
        "Prompt": "code-1",
        "MTP": "K 3",
        "Repeat": "2",
        "Tokens": "7",
        "Tokens/s": "60.0",
        "Drafted": "6",
        "Accepted": "4",
        "Rounds that drafted": "2",
        "Prompt tokens": "12",
        "Prompt tokens/s": "250",
        "First token, s": "0.25",
        "Peak memory, GB": "3.22",
        "End": "limit",
    }


@pytest.mark.parametrize(
    ("reason", "end", "is_marked"),
    [
        ("stop", "end token", False),
        ("length", "limit", False),
        ("cancelled", "cancelled", True),
        ("failed", "failed", True),
    ],
)
def test_how_a_run_ended(reason: str, end: str, *, is_marked: bool) -> None:
    table = tables.runs([a_run("off", 1.0), a_run(3, 60.0, finish_reason=reason)])
    assert by_name(table, 1)["End"] == end
    assert table.warnings == ({Cell(1, len(table.columns) - 1)} if is_marked else set())


def test_a_row_of_a_parting() -> None:
    tie = replace(PARTED, margin_bound=0.31, rounding_tie=True)
    mistake = replace(tie, rounding_tie=False, parts_at=None, prompt_id=None)
    table = tables.partings([tie, mistake, PARTED])
    assert by_name(table) == {
        "Category": "code",
        "Prompt": "code-1",
        "MTP": "K 3",
        "Differs at token": "17",
        "Margin there, logits": "0.002",
        "Rounding": "a rounding tie (up to 0.31)",
    }
    assert table.rows[1][1:4] == (DASH, "K 3", DASH)
    assert [row[-1] for row in table.rows[1:]] == [
        "more than rounding explains (up to 0.31)",
        "not measured",
    ]


def test_the_numbers_of_a_column_have_equally_many_decimals() -> None:
    for make in (tables.speeds, tables.drafts):
        for table in make(REPORT.summary):
            for i, column in enumerate(table.columns):
                places = {len(row[i].partition(".")[2]) for row in table.rows}
                assert not column.is_number or len(places) == 1, column


@given(st.lists(st.none() | st.floats(0, 1e6), max_size=8))
def test_aligned_numbers_differ_in_no_decimal(values: list[float | None]) -> None:
    shown = aligned(values, Decimals(0, 1))
    known = [text for text in shown if text != DASH]
    assert len(known) == sum(value is not None for value in values)
    assert len({len(text.partition(".")[2]) for text in known}) <= 1
    for value, text in zip(values, shown, strict=True):
        if value is not None:
            assert abs(float(text) - value) <= 0.5 + 1e-9


def test_large_numbers_lose_their_decimals_only_together() -> None:
    rates = Decimals(0, 1)
    assert aligned([214.4, 100.0, None], rates) == ["214", "100", DASH]
    assert aligned([214.4, 99.9], rates) == ["214.4", "99.9"]
    assert aligned([0.5, 0.25], Decimals(0, 0, 100)) == ["50", "25"]
    assert aligned([None], rates) == [DASH]


def speeds_of(report: Report) -> Table:
    (table,) = tables.speeds(report.summary)
    return table


def names_of(table: Table, cells: frozenset[Cell]) -> list[tuple[str, str]]:
    places = sorted(cells, key=lambda cell: (cell.row, cell.column))
    return [(table.rows[cell.row][0], named_flat(table.columns[cell.column])) for cell in places]


def test_the_fastest_of_a_row_is_marked_where_it_is_surely_faster() -> None:
    table = speeds_of(REPORT)
    assert names_of(table, table.best) == [("code", "Tokens/s: auto")]  # "all" is not sure
    assert speeds_of(SLOWER).best == frozenset()
    one_each = a_report([a_run("off", 10.0), a_run("auto", 90.0, rounds=[])])
    assert speeds_of(one_each).best == frozenset()
    assert speeds_of(a_report([a_run("off", 10.0)])).best == frozenset()


def test_a_sure_slow_down_warns_and_nothing_else_does() -> None:
    table = speeds_of(REPORT)
    assert names_of(table, table.warnings) == [
        ("free prose", f"{mode} against plain: {name}")
        for mode in ("auto", "K 3")
        for name in ("Speed-up, ×", "Result")  # noqa: RUF001
    ]


@pytest.mark.parametrize("make", [tables.speeds, tables.drafts])
def test_many_modes_make_more_tables(make: Callable[..., tuple[Table, ...]]) -> None:
    modes: list[Mode] = ["off", "auto", 1, 2, 3, 4]
    made = make(a_report([a_run(mode, 30.0) for mode in modes]).summary)
    shown = [{column.over.split(" ")[0] for column in table.columns} for table in made]
    assert ["auto" in shown[0], *("K" in one for one in shown)] == [True] * 4
    assert len(made) == 3


def test_plain_decoding_alone_has_speeds_and_no_drafts() -> None:
    alone = a_report([a_run("off", 30.0)]).summary
    (table,) = tables.speeds(alone)
    assert by_name(table) == {"Category": "all", "Tokens/s: off": "30.0"}
    assert tables.drafts(alone) == ()


def test_a_mode_without_runs_in_a_category_has_dashes() -> None:
    runs = [a_run("off", 10.0), a_run(3, 20.0), a_run("off", 10.0, "chat")]
    table = speeds_of(a_report(runs))
    (row,) = (i for i, row in enumerate(table.rows) if row[0] == "chat")
    assert set(table.rows[row][2:]) == {DASH}


def test_spans_name_neighbouring_columns_once() -> None:
    columns = tuple(
        Column(str(i), over=over) for i, over in enumerate(["", "", "a", "a", "b", "", "a"])
    )
    assert spans(Table(columns, ())) == (
        Span("", 1), Span("", 1), Span("a", 2), Span("b", 1), Span("", 1), Span("a", 1),
    )  # fmt: skip
    assert spans(Table(columns[:2], ())) == ()
    for table in (*tables.speeds(REPORT.summary), *tables.drafts(REPORT.summary)):
        assert sum(span.columns for span in spans(table)) == len(table.columns)
