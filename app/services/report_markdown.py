"""A speed report as Markdown: the document's own numbers, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from app.services.report import Report
from app.services.report_tables import (
    NONE,
    NOT_MEASURED,
    Column,
    anything,
    facts,
    grid,
    label,
    length,
    measured,
    memory,
    mode,
    percent,
    plain,
    present,
    rate,
    seconds,
    table,
    times,
    yes_or_no,
)

_SUMMARY: Sequence[Column] = (
    ("Category", "category", lambda value: "all" if value is None else plain(value)),
    ("MTP", "mode", mode),
    ("Runs", "runs", plain),
    ("Tokens/s", "decode_tps", rate),
    ("Lowest", "decode_tps_low", rate),
    ("Highest", "decode_tps_high", rate),
    ("Plain tokens/s", "plain_tps", rate),
    ("Speed-up", "speedup", times),
    ("Acceptance", "acceptance_rate", percent),
    ("\N{GREEK SMALL LETTER TAU}", "mean_acceptance_length", length),
    ("First token", "ttft_s", seconds),
)
_RUNS: Sequence[Column] = (
    ("Category", "category", plain),
    ("Prompt", "prompt_id", present(plain)),
    ("MTP", "mode", mode),
    ("Repeat", "repeat", plain),
    ("Tokens", "generated_tokens", anything),
    ("Tokens/s", "decode_tps", rate),
    ("Drafted", "draft_n", anything),
    ("Accepted", "draft_n_accepted", anything),
    ("Rounds that drafted", "draft_rounds", anything),
    ("Prompt tokens", "prompt_tokens", anything),
    ("Prompt tokens/s", "prefill_tps", rate),
    ("First token", "ttft_s", seconds),
    ("Peak memory", "peak_memory_bytes", memory),
    ("End", "finish_reason", plain),
)
_IDENTITY: Sequence[Column] = (
    ("Category", "category", plain),
    ("Prompt", "prompt_id", present(plain)),
    ("MTP", "mode", mode),
    ("Same", "identical", yes_or_no),
    ("Parts at token", "parts_at", present(plain)),
    ("Margin there", "margin", measured(lambda value: f"{value:.3g}")),
)
_DEFINITIONS = """\
- Tokens/s: (n - 1) / (time of the last token - time of the first).
- Speed-up: against plain decoding by the same engine on the same machine.
- Acceptance: drafted tokens that were emitted / drafted tokens.
- \N{GREEK SMALL LETTER TAU}: 1 + accepted / rounds that drafted."""


def report_markdown(report: Report) -> str:
    """Tables for a reader; who computes takes the JSON."""
    return "\n\n".join(_parts(report)) + "\n"


def _parts(report: Report) -> Iterator[str]:
    yield f"# {plain(report['title'])}"
    yield table(_SUMMARY, report["summary"])
    yield from _baselines(report["summary"])
    if len(report["runs"]) == 1:
        yield from _positions(report["runs"][0])
    yield "## Runs"
    yield table(_RUNS, report["runs"])
    for run in report["runs"]:
        yield from _texts(run)
    yield "## Same text with and without MTP"
    yield _identity(report["identity"])
    yield "## Pair"
    yield facts(report["pair"] | {"drafter": report["pair"]["drafter"] or "none"})
    yield "## Settings"
    yield facts(report["settings"], missing=NONE)
    yield "## Environment"
    yield facts(report["environment"])
    yield "## Definitions"
    yield _DEFINITIONS


def _baselines(groups: Sequence[Report]) -> Iterator[str]:
    said = sorted(group["baseline"] for group in groups if group["baseline"])
    for baseline, _ in groupby(said):
        yield f"Plain tokens/s: {plain(baseline)}."


def _positions(run: Report) -> Iterator[str]:
    shares = run["acceptance_by_position"]
    if not shares:
        return
    yield "## Acceptance by position"
    pairs = zip(shares, run["conditional_acceptance"], strict=True)
    rows = [(str(i), percent(all_), percent(reached)) for i, (all_, reached) in enumerate(pairs, 1)]
    yield grid(("Position", "Accepted", "Accepted where all before were"), rows)


def _identity(identity: Report | None) -> str:
    if not identity or not identity["measured"]:
        return f"{NOT_MEASURED.capitalize()}."
    return table(_IDENTITY, identity["comparisons"])


def _texts(run: Report) -> Iterator[str]:
    for name in ("prompt", "text"):
        if text := run.get(name):
            yield f"### {label(name)}"
            fence = "`" * max(3, _longest_run(text) + 1)
            yield f"{fence}text\n{text}\n{fence}"


def _longest_run(text: str) -> int:
    return max((len(list(run)) for c, run in groupby(text) if c == "`"), default=0)
