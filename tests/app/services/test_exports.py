from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from msgspec.structs import replace as with_

from app.services import exports
from app.services.exports import ExportError, report_markdown, save_report
from app.services.report import reply_report
from app.services.report_tables import plain
from mtp_mlx.wire import Sampling
from tests.app.services.replies import ENVIRONMENT, PAIR, REPLY
from tests.app.services.test_report import DIED

REPORT = reply_report(REPLY, PAIR, ENVIRONMENT)


def test_json_is_the_document(tmp_path: Path) -> None:
    save_report(REPORT, tmp_path / "r.json")
    assert json.loads((tmp_path / "r.json").read_text()) == REPORT


def test_the_ending_chooses_the_format(tmp_path: Path) -> None:
    save_report(REPORT, tmp_path / "r.MD")
    assert (tmp_path / "r.MD").read_text() == report_markdown(REPORT)


@pytest.mark.parametrize("name", ["r.txt", "r", "json"])
def test_another_ending_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ExportError, match=r"end its name in \.json or \.md\.$"):
        save_report(REPORT, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "r.json").mkdir()
    with pytest.raises(ExportError, match=r"^“r\.json” was not saved: .*; choose another name\.$"):
        save_report(REPORT, tmp_path / "r.json")
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_a_file_in_the_way_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(ExportError, match=r"; choose another \w+\.$"):
        save_report(REPORT, tmp_path / "a" / "r.json")


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EACCES, "choose another folder"),
        (errno.EROFS, "choose another disk"),
        (errno.EIO, "choose another place"),
    ],
)
def test_a_failure_keeps_the_old_file_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, remedy: str
) -> None:
    def fail(path: Path, data: bytes) -> None:
        path.with_name(path.name + ".part").write_bytes(data[:9])
        raise OSError(number, "words of the system")

    (tmp_path / "r.json").write_text("old")
    monkeypatch.setattr(exports, "write_atomically", fail)
    with pytest.raises(ExportError, match=remedy) as caught:
        save_report(REPORT, tmp_path / "r.json")
    assert str(tmp_path) not in str(caught.value)
    assert (tmp_path / "r.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_markdown_shows_the_numbers() -> None:
    text = report_markdown(REPORT)
    assert text.startswith("# Speed of one reply: google/gemma-4-e4b-it + ")
    assert (
        "| chat | K 3 | 1 | 60.0 | 60.0 | 60.0 | 30.0 | 2.0× | 67 % | 3.00 | 0.25 s |"  # noqa: RUF001
    ) in text
    assert "| 2 | 100 % | 100 % |" in text
    assert "| Device | Apple M4 Pro |" in text
    assert "| MTP switched | auto from 0.50 s |" in text
    assert "| MTP at the start | K 3 |" in text
    assert "| Memory | 24.00 GiB |" in text
    assert "| Sampling top k | 64 |" in text
    assert "| Sampling logit bias | none |" in text
    assert "of this pair on this machine, not interleaved." in text


def test_markdown_shows_biases() -> None:
    biased = with_(REPLY, sampling=Sampling(logit_bias=((5, 2.0), (7, -1.5)), presence_penalty=0.5))
    text = report_markdown(reply_report(biased, PAIR, {}))
    assert "| Sampling logit bias | +2 for token 5; -1.5 for token 7 |" in text
    assert "| Sampling presence penalty | 0.5 |" in text


def test_markdown_says_what_was_not_measured() -> None:
    text = report_markdown(reply_report(DIED, PAIR, {}))
    assert text.count("not measured") > 20
    assert "None" not in text
    assert "## Same text with and without MTP\n\nNot measured." in text
    assert "Acceptance by position" not in text


def test_what_does_not_apply_is_not_called_unmeasured() -> None:
    text = report_markdown(reply_report(REPLY, replace(PAIR, drafter=None), ENVIRONMENT))
    assert "| Drafter | none |" in text
    assert "| Suite | \N{EN DASH} |" in text


def test_markdown_tables_are_tables() -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(report_markdown(REPORT))
    assert sum(token.type == "table_open" for token in tokens) == 6


def test_identity_is_told_where_it_was_measured() -> None:
    comparison = {"category": "code", "prompt_id": "c1", "mode": 3, "identical": False}
    measured = {"measured": True, "comparisons": [comparison | {"parts_at": 17, "margin": 2e-3}]}
    text = report_markdown(REPORT | {"identity": measured})
    assert "| code | c1 | K 3 | no | 17 | 0.002 |" in text


def test_texts_are_shown_as_they_are() -> None:
    report = reply_report(REPLY, PAIR, ENVIRONMENT, include_text=True, prompt="# ask\n<b>")
    fences = [t for t in MarkdownIt("commonmark").parse(report_markdown(report)) if t.tag == "code"]
    assert [fence.content for fence in fences] == ["# ask\n<b>\n", "Private\n```\nwords.\n"]


def test_no_name_breaks_a_table() -> None:
    assert plain("a|b\n*c* <d>") == r"a\|b \*c\* \<d\>"
