"""A scripted `mtp-mlx models`, and what a disk and a catalogue may hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from PySide6.QtCore import QObject

from app.domain.models import (
    Conversion,
    ConversionStatus,
    DrafterChoice,
    FetchStatus,
    Fit,
    FitReport,
    Inventory,
    KnownPair,
    LocalModel,
    Need,
    PairFits,
    Pairing,
    Place,
    Status,
    TrialStatus,
)
from app.services.model_tool import ModelTool, Run, ToolError
from app.services.store_thread import Answer

T = TypeVar("T")
GB, MB = 10**9, 10**6


@dataclass
class Asked:
    arguments: tuple[str, ...]
    answer: Answer[Any]


class ScriptedRun(Run):
    """Says what the test says; `killed` once it was ended."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.killed = False

    def kill(self) -> None:
        self.killed = True


class ScriptedFetch(ScriptedRun):
    def __init__(self, repository: str, parent: QObject) -> None:
        super().__init__(parent)
        self.repository = repository

    def say(self, phase: str, **values: Any) -> None:
        self.moved.emit(FetchStatus(phase=phase, repository=self.repository, **values))


class ScriptedWork(ScriptedRun):
    """A trial or a conversion, which says statuses of its kind."""

    def __init__(self, kind: type[Status], arguments: Sequence[str], parent: QObject) -> None:
        super().__init__(parent)
        self._kind = kind
        self.arguments = tuple(arguments)

    def say(self, phase: str, **values: Any) -> None:
        self.moved.emit(self._kind(phase=phase, **values))


class ScriptedTool(ModelTool):
    """Collects what it is asked; `answer` and `refuse` answer the oldest question of a kind."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[Asked] = []
        self.asked: list[tuple[str, ...]] = []
        self.fetches: list[ScriptedFetch] = []
        self.trials: list[ScriptedWork] = []
        self.conversions: list[ScriptedWork] = []
        self.left_alone: list[str] = []
        self.closed = False

    def ask(self, arguments: Sequence[str], kind: type[T], owner: QObject) -> Answer[T]:
        del kind
        answer: Answer[T] = Answer(owner)
        self.open.append(Asked(tuple(arguments), answer))
        self.asked.append(tuple(arguments))
        return answer

    def ask_bench(self, arguments: Sequence[str], kind: type[T], owner: QObject) -> Answer[T]:
        return self.ask(("bench", *arguments), kind, owner)

    def measure(self, arguments: Sequence[str]) -> Run:
        self.trials.append(ScriptedWork(TrialStatus, arguments, self))
        return self.trials[-1]

    def convert(self, arguments: Sequence[str]) -> Run:
        self.conversions.append(ScriptedWork(ConversionStatus, arguments, self))
        return self.conversions[-1]

    def fetch(self, repository: str) -> Run:
        self.fetches.append(ScriptedFetch(repository, self))
        return self.fetches[-1]

    def fetch_alone(self, repository: str) -> None:
        self.left_alone.append(repository)

    def close(self) -> None:
        self.closed = True

    def answer(self, command: str, value: object) -> tuple[str, ...]:
        """Answer, and return what was asked."""
        asked = self._take(command)
        asked.answer.give(value)
        return asked.arguments

    def refuse(self, command: str, words: str) -> None:
        self._take(command).answer.fail(ToolError(words, ""))

    def _take(self, command: str) -> Asked:
        asked = next(one for one in self.open if one.arguments[0] == command)
        self.open.remove(asked)
        return asked


HUB = Place(owner="hub", title="Hugging Face", path="/home/me/.cache/huggingface/hub")
STUDIO = Place(owner="lm-studio", title="LM Studio", path="/home/me/.lmstudio/models")
DRIVE = Place(owner="own", title="Models", path="/Volumes/Drive/Models", state="not-connected")
E4B = LocalModel(
    name="lmstudio-community/gemma-4-e4b-it-4bit",
    path=f"{STUDIO.path}/lmstudio-community/gemma-4-e4b-it-4bit",
    place=STUDIO.path,
    owner="lm-studio",
    repository="lmstudio-community/gemma-4-e4b-it-4bit",
    part="target",
    title="Gemma 4 E4B",
    precision="4-bit",
    size_bytes=5_143 * MB,
    state="usable",
)
BIG = LocalModel(
    name="mlx-community/gemma-4-31b-it-4bit",
    path=f"{HUB.path}/models--mlx-community--gemma-4-31b-it-4bit/snapshots/a",
    place=HUB.path,
    owner="hub",
    repository="mlx-community/gemma-4-31b-it-4bit",
    part="target",
    title="Gemma 4 31B",
    precision="4-bit",
    size_bytes=18_400 * MB,
    state="usable",
)
DRAFTER = LocalModel(
    name="google/gemma-4-E4B-it-assistant",
    path=f"{HUB.path}/models--google--gemma-4-E4B-it-assistant/snapshots/b",
    place=HUB.path,
    owner="hub",
    repository="google/gemma-4-E4B-it-assistant",
    part="drafter",
    title="Gemma 4 E4B",
    precision="bf16",
    size_bytes=157 * MB,
    state="usable",
)
BEGUN = LocalModel(
    name="mlx-community/gemma-4-12B-it-4bit",
    path=f"{HUB.path}/models--mlx-community--gemma-4-12B-it-4bit",
    place=HUB.path,
    owner="hub",
    repository="mlx-community/gemma-4-12B-it-4bit",
    size_bytes=3_200 * MB,
    state="incomplete",
    problem="Its download has only begun.",
    remedy="Finish the download.",
)
GGUF = LocalModel(
    name="bartowski/gemma-4-e4b-it-GGUF",
    path=f"{STUDIO.path}/bartowski/gemma-4-e4b-it-GGUF",
    place=STUDIO.path,
    owner="lm-studio",
    size_bytes=4_900 * MB,
    problem="It is in llama.cpp's format, GGUF.",
    remedy="Get the MLX version.",
)


def pair(name: str, sizes: Sequence[int], drafter: int) -> KnownPair:
    """A pair of the catalogue, in 4 and 8 bits and unquantised."""
    return KnownPair(
        name=name,
        title=f"Gemma 4 {name}",
        targets=tuple(
            Conversion(
                name=f"mlx-community/gemma-4-{name}-it-{bits}",
                repository=f"mlx-community/gemma-4-{name}-it-{bits}",
                precision=bits,
                size_bytes=size * MB,
            )
            for bits, size in zip(("4-bit", "8-bit", "bf16"), sizes, strict=True)
        ),
        drafters=(
            Conversion(
                name=f"google/gemma-4-{name}-it-assistant",
                repository=f"google/gemma-4-{name}-it-assistant",
                precision="bf16",
                size_bytes=drafter * MB,
            ),
        ),
    )


PAIRS = (
    pair("E2B", (3_610, 5_920, 10_260), 155),
    pair("E4B", (5_143, 8_880, 16_000), 157),
    pair("12B", (6_743, 12_713, 23_870), 846),
    pair("26B-A4B", (15_344, 27_950, 51_600), 839),
    pair("31B", (18_400, 33_750, 62_500), 939),
)
HAVE = 17_200 * MB


def fit_of(target: str, size: int, have: int = HAVE) -> Fit:
    need = Need(target=size, drafter=157 * MB, kv=148 * MB, scores=270 * MB, margin=500 * MB)
    share = need.total / have
    verdict = "fits" if share <= 0.85 else "tight" if share <= 1 else "too-big"
    return Fit(target=target, verdict=verdict, need=need, have=have, context=8192)


def fits_of(pairs: Sequence[KnownPair] = PAIRS) -> FitReport:
    """What a machine with `HAVE` bytes says of the catalogue, and of the 31B on its disk."""
    report = []
    for one in pairs:
        judged = tuple(fit_of(t.repository or "", t.size_bytes or 0) for t in one.targets)
        good = [fit for fit in judged[:2] if fit.verdict == "fits"]
        suited = good[-1].target if good else None
        reason = "It is the most precise that stays within 85% of the memory."
        report.append(
            PairFits(
                name=one.name,
                suited=suited,
                reason=reason if suited else "None fits: the smallest needs too much.",
                targets=judged,
            )
        )
    extra = (fit_of(E4B.name, E4B.size_bytes), fit_of(BIG.name, BIG.size_bytes))
    first = report[0]
    report[0] = PairFits(
        name=first.name, suited=first.suited, reason=first.reason, targets=first.targets + extra
    )
    return FitReport(have=HAVE, pairs=tuple(report))


def placed(place: Place, *models: LocalModel) -> Place:
    return Place(
        owner=place.owner,
        title=place.title,
        path=place.path,
        models=models,
        size_bytes=sum(model.size_bytes for model in models),
    )


EMPTY_DISK = Inventory(places=(HUB,), pairs=PAIRS)
FULL_DISK = Inventory(
    places=(placed(HUB, BEGUN, DRAFTER, BIG), placed(STUDIO, E4B, GGUF), DRIVE),
    pairings=(
        Pairing(target=BIG, published="google/gemma-4-31B-it-assistant"),
        Pairing(
            target=E4B,
            drafters=(DrafterChoice(model=DRAFTER),),
            published="google/gemma-4-E4B-it-assistant",
        ),
    ),
    pairs=PAIRS,
)
