from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.viewmodels.overlay.overlay import Sample
from app.views.common.theme import ThemeController
from app.views.overlay.charts import RatePlot, lines, thinned
from mtp_mlx.paths import resources


def samples(*runs: tuple[float, int, bool], step: float = 0.1) -> list[Sample]:
    """`count` samples from `start` on, for each run."""
    return [
        Sample(start + step * i, 50.0, drafting)
        for start, count, drafting in runs
        for i in range(count)
    ]


def test_one_line_in_one_colour() -> None:
    curve = samples((0.0, 5, True))
    assert list(lines(curve)) == [curve]


def test_colours_meet() -> None:
    curve = samples((0.0, 3, False), (0.3, 2, True), (0.5, 2, False))
    assert [[round(s.at, 1) for s in line] for line in lines(curve)] == [
        [0.0, 0.1, 0.2],
        [0.2, 0.3, 0.4],
        [0.4, 0.5, 0.6],
    ]
    assert [line[-1].drafting for line in lines(curve)] == [False, True, False]


def test_a_pause_is_a_gap() -> None:
    curve = samples((0.0, 3, True), (2.0, 1, True), (4.0, 2, True))
    assert [len(line) for line in lines(curve)] == [3, 2]
    assert list(lines(curve[:1])) == []


def test_what_cannot_be_told_apart_is_left_out() -> None:
    line = samples((0.0, 21, True))
    kept = [at for at, _tps in thinned(line, 0.45)]
    assert kept == pytest.approx([0.0, 0.5, 1.0, 1.5, 2.0])
    assert [at for at, _tps in thinned(line[:19], 0.45)][-1] == pytest.approx(1.8)


def test_it_is_painted_when_it_has_moved(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    plot = RatePlot(ThemeController(resources() / "themes", "light"))
    qtbot.addWidget(plot)
    plot.resize(200, 78)
    painted: list[float] = []
    curve: list[Sample] = []
    monkeypatch.setattr(plot, "update", lambda: painted.append(curve[-1].at if curve else 0.0))

    def show(shown: list[Sample]) -> None:
        curve[:] = shown
        plot.show_samples(shown)

    show(samples((0.0, 400, True)))
    plot.grab()
    painted.clear()
    for at in (39.95, 40.0, 40.1, 40.3):
        show([*curve, Sample(at, 50.0, drafting=True)])
    assert painted == [40.3]  # a line's width stands for 0.36 s
    show([])
    show(samples((0.0, 2, True)))  # another reply
    assert painted == [40.3, 0.0, 0.1]
