"""MODEL_CARD.md: numbers and answers come from the run; `run_notes.md` and `reading.md` do not.

Those two say what happened to the shipped weights and how their answers read: write them anew after
another training.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from demo_training.decoding import DRAFTS, Acceptance
from demo_training.training import Run

TEXT = Path(__file__).parent / "model_card.md"
NOTES = Path(__file__).parent / "run_notes.md"
READING = Path(__file__).parent / "reading.md"
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """A held-out question and the target's greedy reply."""

    topic: str
    question: str
    text: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything the card reports."""

    answers: list[Answer]
    acceptance: Acceptance
    runs: dict[str, Run]
    sizes: dict[str, int]


def write_card(folder: Path, result: Evaluation) -> None:
    """Fill the card's text with the numbers; write every held-out answer beside it."""
    taken = result.acceptance
    card = TEXT.read_text(encoding="utf-8").format(
        target_parameters=f"{result.sizes['target']:,}",
        drafter_parameters=f"{result.sizes['drafter']:,}",
        target_run=_run(result.runs.get("target")),
        drafter_run=_run(result.runs.get("drafter")),
        rate=f"{taken.rate:.3f}",
        tau=f"{taken.mean_acceptance_length:.2f}",
        drafts=DRAFTS,
        rounds=taken.draft_rounds,
        histogram=", ".join(f"{n}: {count}" for n, count in enumerate(taken.histogram)),
        questions=len(result.answers),
        shown=SHOWN,
        notes=NOTES.read_text(encoding="utf-8").strip(),
        reading=READING.read_text(encoding="utf-8").strip(),
        answers="\n\n".join(_answers(_spread(result.answers, SHOWN))),
    )
    (folder / "MODEL_CARD.md").write_text(card, encoding="utf-8")
    everything = "\n\n".join(_answers(result.answers))
    (folder / "HELD_OUT_ANSWERS.md").write_text(everything + "\n", encoding="utf-8")


def _run(run: Run | None) -> str:
    if run is None:
        return "not recorded"
    return (
        f"{run.step:,} steps, {run.tokens / 1e6:.2f} million tokens, "
        f"{run.elapsed_s / 60:.0f} minutes, final loss {run.loss:.3f}"
    )


def _spread(answers: list[Answer], count: int) -> list[Answer]:
    """Evenly taken from the whole list, so that no subject and no bad answer is left out."""
    return [answers[i * len(answers) // count] for i in range(count)]


def _answers(answers: Iterable[Answer]) -> list[str]:
    return [f"**{answer.question}**\n\n{_quoted(answer.text)}" for answer in answers]


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())
