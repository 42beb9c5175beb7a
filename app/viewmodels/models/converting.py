"""Making smaller copies of models that are here: one at a time, each in a process of its own.

What lies on the disk is the truth: a conversion that was paused, or that ended with the window, is
among the models that the tool lists, and goes on there or is removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app import strings
from app.domain.models import (
    ConversionPlan,
    ConversionStatus,
    ConvertedModel,
    Inventory,
    RemovalPlan,
    Unfinished,
)
from app.services.model_tool import ModelTool, Run
from app.viewmodels.common.format import left, memory, percent
from app.viewmodels.models.jobs import JobRow, JobStage


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A smaller copy that can be made of a model on this disk."""

    source: str  # its folder
    title: str  # "Gemma 4 E4B bf16"
    bits: int
    with_drafter: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyOrder:
    """A copy that the user is asked about."""

    copy: Copy
    plan: ConversionPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class _Conversion:
    name: str
    out: str
    arguments: tuple[str, ...]
    stage: JobStage
    status: ConversionStatus
    is_elsewhere: bool = False  # another process makes it


class Converting(QObject):
    """The conversions under way, and those that were interrupted."""

    changed = Signal()
    asked = Signal(object, str)  # CopyOrder, and the question
    asked_to_discard = Signal(str, str)  # the key of a row, and the question
    said = Signal(str)  # what was made, or why it was not
    made = Signal()  # the models on this disk have changed

    def __init__(self, tool: ModelTool, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tool = tool
        self._conversions: dict[str, _Conversion] = {}  # by their folder
        self._run: Run | None = None
        self._running: str | None = None

    @property
    def is_running(self) -> bool:
        return self._run is not None

    @property
    def rows(self) -> Sequence[JobRow]:
        return tuple(map(_row, self._conversions.values()))

    def holds(self, key: str) -> bool:
        return key in self._conversions

    def see(self, inventory: Inventory) -> None:
        """Take over what the disk has of conversions that this window does not make."""
        own = {
            out: one
            for out, one in self._conversions.items()
            if out == self._running or one.stage in ("queued", "failed")
        }
        here = {one.out: _interrupted(one) for one in inventory.conversions}
        self._conversions = here | own
        self.changed.emit()

    def ask(self, copy: Copy) -> None:
        """Ask what would be written, then the user."""
        answer = self._tool.ask(
            ("convert", *_arguments(copy), "--plan", "--json"), ConversionPlan, self
        )
        answer.then(partial(self._on_planned, copy)).failed(self._say)

    def begin(self, order: CopyOrder) -> None:
        """Make the copy that the user was asked about, as soon as nothing else is being made."""
        plan = order.plan
        total = sum(model.source_bytes for model in plan.models)
        out = str(Path(plan.folder, plan.name))
        self._queue(
            _Conversion(
                name=plan.name,
                out=out,
                arguments=_arguments(order.copy),
                stage="queued",
                status=ConversionStatus(phase="checking", total=total),
            )
        )

    def act(self, key: str) -> None:
        """Pause what is being made, or go on with what is not."""
        conversion = self._conversions.get(key)
        if conversion is None:
            return
        if conversion.stage in ("running", "queued"):
            self._stop(key)
            self._put(replace(conversion, stage="paused"))
            self._next()
        else:
            self._queue(conversion)

    def ask_to_discard(self, key: str) -> None:
        """Ask before work is lost."""
        conversion = self._conversions.get(key)
        if conversion is not None:
            words = strings.COPY_DISCARD_ASK.format(name=conversion.name)
            self.asked_to_discard.emit(key, words)

    def discard(self, key: str) -> None:
        """End a conversion and remove what was written of it."""
        self._stop(key)
        conversion = self._conversions.get(key)
        if conversion is None:
            return

        def removed(_plan: RemovalPlan) -> None:
            self._conversions.pop(key, None)
            self.said.emit(strings.COPY_DISCARDED.format(name=conversion.name))
            self._next()

        answer = self._tool.ask(("remove", key, "--yes", "--json"), RemovalPlan, self)
        answer.then(removed).failed(partial(self._on_not_discarded, key))

    # How it goes on

    def _on_planned(self, copy: Copy, plan: ConversionPlan) -> None:
        size, free = memory(plan.size_bytes), memory(plan.free_bytes)
        if not plan.is_enough:
            words = strings.COPY_NO_ROOM.format(name=copy.title, size=size, free=free)
            self.said.emit(words)
            return
        has_drafter = any(model.part == "drafter" for model in plan.models)
        words = strings.COPY_ASK_BOTH if has_drafter else strings.COPY_ASK
        words = words.format(bits=copy.bits, name=copy.title, size=size, free=free)
        self.asked.emit(CopyOrder(copy=copy, plan=plan), words)

    def _queue(self, conversion: _Conversion) -> None:
        self._put(replace(conversion, stage="queued", is_elsewhere=False))
        self._next()

    def _next(self) -> None:
        waiting = next((one for one in self._conversions.values() if one.stage == "queued"), None)
        if self._run is None and waiting is not None:
            self._running = waiting.out
            self._put(replace(waiting, stage="running"))
            self._run = self._tool.convert(waiting.arguments)
            self._run.moved.connect(partial(self._on_moved, waiting.out))
        self.changed.emit()

    def _on_moved(self, out: str, status: ConversionStatus) -> None:
        conversion = self._conversions.get(out)
        if conversion is None or out != self._running:
            return
        if status.phase not in ("done", "failed"):
            if not status.total:
                total = conversion.status.total
                status = ConversionStatus(phase=status.phase, total=total, file=status.file)
            self._put(replace(conversion, status=status))
            self.changed.emit()
            return
        self._run = self._running = None
        if status.phase == "failed":
            self._put(replace(conversion, stage="failed", status=status))
        else:
            del self._conversions[out]
            self.said.emit(" ".join(map(_of_result, status.models)))
            self.made.emit()
        self._next()

    def _on_not_discarded(self, key: str, error: Exception) -> None:
        """Nothing was written of what failed before it began; all else is told."""
        conversion = self._conversions.get(key)
        if conversion is not None and conversion.stage in ("failed", "queued"):
            del self._conversions[key]
            self._next()
        else:
            self.said.emit(str(error))
            self.made.emit()  # the disk says what there is of it

    def _say(self, error: Exception) -> None:
        self.said.emit(str(error))

    def _stop(self, key: str) -> None:
        if key == self._running:
            run, self._run, self._running = self._run, None, None
            if run is not None:
                run.kill()

    def _put(self, conversion: _Conversion) -> None:
        self._conversions[conversion.out] = conversion


def _arguments(copy: Copy) -> tuple[str, ...]:
    drafter = ("--drafter",) if copy.with_drafter else ()
    return (copy.source, "--bits", str(copy.bits), *drafter)


def _interrupted(found: Unfinished) -> _Conversion:
    return _Conversion(
        name=found.name,
        out=found.out,
        arguments=(
            *(found.source, found.out),
            *("--bits", str(found.bits), "--group", str(found.group)),
        ),
        stage="paused",
        status=ConversionStatus(phase="converting", done=found.done, total=found.total),
        is_elsewhere=found.is_running,
    )


def _row(conversion: _Conversion) -> JobRow:
    status, stage = conversion.status, conversion.stage
    act = {
        "running": strings.FETCH_PAUSE,
        "queued": strings.FETCH_PAUSE,
        "failed": strings.FETCH_RETRY,
    }.get(stage, strings.FETCH_RESUME)
    return JobRow(
        key=conversion.out,
        title=strings.COPY_TITLE.format(name=conversion.name),
        words=_words(conversion),
        share=min(1.0, status.done / status.total) if status.total else None,
        stage=stage,
        act="" if conversion.is_elsewhere else act,
        end=strings.COPY_DISCARD.format(name=conversion.name),
    )


def _words(conversion: _Conversion) -> str:
    status = conversion.status
    amount = strings.FETCH_AMOUNT.format(done=memory(status.done), total=memory(status.total))
    if conversion.is_elsewhere:
        return strings.COPY_ELSEWHERE
    match conversion.stage:
        case "queued":
            return strings.COPY_QUEUED
        case "paused":
            return strings.COPY_PAUSED.format(amount=amount)
        case "failed":
            return " ".join(part for part in (status.message, status.remedy) if part)
        case "running":
            return _running(status, amount)


def _running(status: ConversionStatus, amount: str) -> str:
    if status.phase != "converting" or not status.total:
        return strings.COPY_PHASES.get(status.phase, strings.COPY_PHASES["checking"])
    if not status.rate:
        return amount
    words = left((status.total - status.done) / status.rate)
    return strings.FETCH_LEFT.format(amount=amount, left=words)


def _of_result(made: ConvertedModel) -> str:
    """Return in sentences what was made, and how near it is to its source."""
    parts = [
        strings.COPY_MADE.format(
            name=Path(made.folder).name,
            before=memory(made.source_bytes),
            after=memory(made.size_bytes),
            error=percent(made.worst.error),
        )
    ]
    if made.perplexity is not None:
        own = f"{made.perplexity:.2f}"
        source = made.source_perplexity
        parts.append(
            strings.COPY_PERPLEXITY_ALONE.format(own=own)
            if source is None
            else strings.COPY_PERPLEXITY.format(own=own, source=f"{source:.2f}")
        )
    if made.is_suspect:
        parts.append(strings.COPY_SUSPECT)
    if made.unmeasured:
        parts.append(made.unmeasured)
    return " ".join(parts)
