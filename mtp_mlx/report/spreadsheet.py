"""Runs in rows: a report as CSV (RFC 4180) for spreadsheets, a run as a line of JSON. Pure.

In CSV, lists are joined by blanks, and a cell is empty where nothing was measured. The file has no
byte order mark, which readers other than Excel take for a part of the first name. All lines of JSON
have the same names in the same order, so that a table can be made of them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from mtp_mlx.report import words
from mtp_mlx.report.claims import claim_of
from mtp_mlx.report.derived import Paired, group, paired
from mtp_mlx.report.model import Report, Run

_SET_APART = {"rounds", "prompt", "text"}
_FIELDS = [name for name in Run.__struct_fields__ if name not in _SET_APART]
_TEXTS = ("prompt", "text")
_ADDED = ("rounds", "plain_tps", "speedup", "against_plain", "cut_short")
_SUBJECT = ("target", "drafter", "device")
_FORMULA = tuple("=+-@\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}"
                 "\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}")  # fmt: skip

_OF_PAIR = (
    "target", "target_revision", "target_sha256", "drafter", "drafter_revision", "drafter_sha256",
    "quantization",
)  # fmt: skip
_OF_SETTINGS = (
    "suite", "max_tokens", "seed", "verify", "draft_position", "cooldown_s", "replay_acceptance",
    "context_sha256", "plan_sha256",
)  # fmt: skip
_OF_ENVIRONMENT = (
    "app_version", "commit", "commit_clean", "python", "mlx", "mlx_lm", "os", "machine", "device",
    "backend", "cpu", "gpu_cores", "memory_bytes", "power_source", "low_power_mode",
)  # fmt: skip

CellValue = str | int | float | None


def csv_table(report: Report) -> str:
    """Return a head and a row for each run; columns of prompts and replies where there are any."""
    texts = [name for name in _TEXTS if any(_text(run, name) for run in report.runs)]
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([*_FIELDS, *_ADDED, *_SUBJECT, *texts])
    subject = (report.pair.target, report.pair.drafter, report.environment.device)
    for run, pair in zip(report.runs, paired(report), strict=True):
        row = [*_measured(run), *_added(run, pair), *subject, *(_text(run, name) for name in texts)]
        writer.writerow([inert(value) for value in row])
    return file.getvalue()


def json_line(report: Report, run: Run, at: str) -> bytes:
    """Return a run, measured `at` a time, as a line that needs no other to be understood.

    It has the run's numbers, then the pair, the settings and the machine of its report. `rounds` is
    their number; prompt and reply are null unless the report has them.
    """
    settings = report.settings
    line: dict[str, object] = {name: getattr(run, name) for name in _FIELDS}
    line |= {"rounds": len(run.rounds), **{name: _text(run, name) for name in _TEXTS}, "at": at}
    line |= {name: getattr(report.pair, name) for name in _OF_PAIR}
    line |= {"temperature": settings.sampling.temperature}
    line |= {name: getattr(settings, name) for name in _OF_SETTINGS}
    line |= {name: getattr(report.environment, name) for name in _OF_ENVIRONMENT}
    return msgspec.json.encode(line) + b"\n"


def _measured(run: Run) -> Iterator[CellValue]:
    for name in _FIELDS:
        value = getattr(run, name)
        yield " ".join(map(str, value)) if isinstance(value, tuple) else value


def _added(run: Run, pair: Paired) -> Iterable[CellValue]:
    """Return a run's cells beside its own numbers; a speed-up that no draft explains is empty."""
    alone = claim_of(replace(group(None, run.mode, [run]), speedup=pair.speedup))
    verdict = "" if pair.speedup is None else alone.verdict
    return len(run.rounds), pair.plain_tps, alone.ratio, verdict, words.yes_or_no(run.cut)


def _text(run: Run, name: str) -> str | None:
    text: str | UnsetType | None = getattr(run, name)
    return None if text is UNSET else text


def inert(value: CellValue) -> CellValue:
    """Return a cell; a text that a spreadsheet takes for a formula begins with an apostrophe."""
    if not isinstance(value, str):
        return value
    text = value.replace("\0", "")
    begins = text.lstrip().startswith(_FORMULA) or text.startswith(("\t", "\r", "\n"))
    return f"'{text}" if begins else text
