"""Where a report goes: never over another one without a word."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from app.views.common.save_dialog import ask_report_path
from mtp_mlx.report.saving import FORMATS

JSON, MARKDOWN = "JSON (*.json)", "Markdown (*.md)"
YES, NO = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


def choose(monkeypatch: pytest.MonkeyPatch, chosen: Path | str, kind: str = JSON) -> list[str]:
    """The names that were suggested."""
    suggested: list[str] = []

    def dialog(_parent: QWidget, _title: str, name: str, _filters: str) -> tuple[str, str]:
        suggested.append(name)
        return str(chosen), kind

    monkeypatch.setattr(QFileDialog, "getSaveFileName", dialog)
    return suggested


def answer(monkeypatch: pytest.MonkeyPatch, button: QMessageBox.StandardButton) -> list[str]:
    """The questions that were asked."""
    asked: list[str] = []

    def question(
        _parent: QWidget, _title: str, text: str, *_more: object
    ) -> QMessageBox.StandardButton:
        asked.append(text)
        return button

    monkeypatch.setattr(QMessageBox, "question", question)
    return asked


def test_the_suggested_name_has_its_ending(
    monkeypatch: pytest.MonkeyPatch, parent: QWidget, tmp_path: Path
) -> None:
    suggested = choose(monkeypatch, "")
    assert ask_report_path(parent, tmp_path) is None
    assert suggested == [str(tmp_path / "speed report.json")]


@pytest.mark.parametrize(("button", "replaces"), [(YES, True), (NO, False)])
def test_a_name_that_gains_an_ending_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
    parent: QWidget,
    tmp_path: Path,
    button: QMessageBox.StandardButton,
    *,
    replaces: bool,
) -> None:
    there = tmp_path / "mine.md"
    there.write_text("")
    choose(monkeypatch, tmp_path / "mine", MARKDOWN)
    asked = answer(monkeypatch, button)
    assert ask_report_path(parent, tmp_path) == (there if replaces else None)
    assert asked == ["“mine.md” exists already. Replace it?"]


@pytest.mark.parametrize("name", ["new", "there.json"])
def test_nothing_is_asked_twice(
    monkeypatch: pytest.MonkeyPatch, parent: QWidget, tmp_path: Path, name: str
) -> None:
    (tmp_path / "there.json").write_text("")
    choose(monkeypatch, tmp_path / name)
    asked = answer(monkeypatch, NO)
    assert ask_report_path(parent, tmp_path) == (tmp_path / name).with_suffix(".json")
    assert asked == []


def test_every_format_of_a_report_can_be_chosen(
    monkeypatch: pytest.MonkeyPatch, parent: QWidget, tmp_path: Path
) -> None:
    offered: list[str] = []

    def dialog(_parent: QWidget, _title: str, _name: str, filters: str) -> tuple[str, str]:
        offered.extend(filters.split(";;"))
        return str(tmp_path / "mine"), offered[-1]

    monkeypatch.setattr(QFileDialog, "getSaveFileName", dialog)
    assert ask_report_path(parent, tmp_path) == tmp_path / "mine.png"
    endings = {words[words.index("*") + 1 : -1] for words in offered}
    assert endings == set(FORMATS)
