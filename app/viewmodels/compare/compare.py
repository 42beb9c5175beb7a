"""Compare: one prompt answered with MTP off and on, one run after the other, outside of any chat.

A short warm-up comes first: it reads the prompt for both runs and has their kernels compiled. Each
further comparison swaps the order of the runs, because the second one meets a warmer machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import msgspec
from PySide6.QtCore import QObject, Signal

from app import strings
from app.domain.comparison import Comparison, Side
from app.domain.context import sent
from app.domain.conversation import (
    FINISHES,
    Finish,
    ReplyRecord,
    TokenRecord,
)
from app.domain.numbers import numbers_of
from app.domain.settings import MtpChoice
from app.engine.ticket import Failure, ReplyTicket
from app.services.report import comparison_report
from app.viewmodels.chat.asking import Asking, request_with, seed_of, turns_to_last_question
from app.viewmodels.chat.chat import ChatViewModel
from app.viewmodels.chat.footer import Figure, finish_text
from app.viewmodels.chat.reply import Reply, reply_end
from app.viewmodels.common import format as fmt
from app.viewmodels.common.engine import nothing_to_compare
from app.viewmodels.common.throttle import Throttle
from app.viewmodels.compare.race import TICK_MS, Race
from app.viewmodels.tokens.token_view import pieces
from mtp_mlx.api import Generate, Message, Mtp
from mtp_mlx.events import Finished, Round
from mtp_mlx.report import model, words
from mtp_mlx.report.claims import Claim, claim_of
from mtp_mlx.report.model import Group
from mtp_mlx.report.warnings import notes

WARM_UP_TOKENS = 16  # tokens that the warm-up writes at most

Stage = Literal["idle", "warm-up", "off", "on"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareState:
    """`result` is None until both runs have written tokens; `note` is a sentence, or ""."""

    stage: Stage = "idle"
    first: Side = "off"
    result: Comparison | None = None
    note: str = ""

    @property
    def running(self) -> bool:
        return self.stage != "idle"


class CompareViewModel(QObject):
    changed = Signal(object)  # CompareState
    advanced = Signal()  # the run under way has more tokens
    availability_changed = Signal()  # `obstacle` may have changed

    def __init__(
        self,
        asking: Asking,
        chat: ChatViewModel,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._asking = asking
        self._engine = asking.engine
        self._chat = chat
        self._request = Generate(prompt=())
        self._left: list[Stage] = []
        self._ticket: ReplyTicket | None = None
        self._reply: Reply | None = None
        self._records: dict[Stage, ReplyRecord] = {}
        self._question = ""
        self._made: tuple[Comparison, ...] = ()  # of this prompt and these settings
        self._pace = Throttle(TICK_MS, self.advanced.emit, self)
        self.state = CompareState()
        self.race = Race(asking.clock, self)
        asking.engine.state_changed.connect(self.availability_changed)

    # What is shown

    @property
    def last_question(self) -> str:
        """Return the text of the chat's last question; "" where there is none."""
        asked = (m.text for m in reversed(self._chat.messages.messages) if m.role == "user")
        return next(asked, "")

    @property
    def depth(self) -> Mtp:
        """Return the K of the run with MTP, whether or not the switch is on now."""
        return self._request.mtp if self.state.running else self._asking.mtp.wish.depth

    @property
    def obstacle(self) -> str:
        """Return why nothing can be compared now; "" where it can."""
        if self.state.running:
            return ""
        return nothing_to_compare(self._engine.state) or self._chat.obstacle

    @property
    def running_reply(self) -> Reply | None:
        """Return the run under way; None between runs and during the warm-up."""
        return self._reply if self.state.stage in {"off", "on"} else None

    def record(self, side: Side) -> ReplyRecord | None:
        """Return the run of this side, once it has ended."""
        return self._records.get(side)

    # What is asked

    def begin(self, question: str) -> bool:
        """Begin a comparison. Return whether it could begin.

        The chat's last question is asked with the turns before it; any other text on its own.
        """
        question = question.strip()
        if not question or self.state.running or self.obstacle or self._engine.idle is None:
            return False
        settings = self._chat.chat.settings
        before = msgspec.structs.replace(self._request, seed=0)
        self._question = question
        self._records = {}
        prompt = self._messages(question)
        self._request = request_with(settings, prompt, self.depth, seed_of(settings))
        if msgspec.structs.replace(self._request, seed=0) != before:
            self._made = ()
        again = self.state.result is not None
        first: Side = "on" if again and self.state.first == "off" else "off"
        second: Side = "off" if first == "on" else "on"
        self._left = ["warm-up", first, second]
        self._show(CompareState(first=first))
        self._go_on()
        return True

    def stop(self) -> None:
        """Stop the comparison; runs that have ended stay."""
        if self._ticket is not None:
            self._left = []
            self._ticket.cancel()

    # How it goes on

    def _messages(self, question: str) -> list[Message]:
        system = self._chat.chat.settings.system.strip()
        if question == self.last_question.strip():
            return turns_to_last_question(
                system, sent(self._chat.messages.messages, self._chat.chat.sent_from)
            )
        alone = [Message(role="user", content=question)]
        return [Message(role="system", content=system), *alone] if system else alone

    def _go_on(self) -> None:
        ready = self._engine.idle
        if not self._left or ready is None:
            self._rest()
            return
        stage = self._left.pop(0)
        request = self._request
        if stage == "warm-up":
            most = min(WARM_UP_TOKENS, request.max_tokens)
            request = msgspec.structs.replace(request, max_tokens=most)
        elif stage == "off":
            request = msgspec.structs.replace(request, mtp="off")
        self._reply = Reply(request, ready.pair, self._engine.identity, self._asking.clock)
        self._show(replace(self.state, stage=stage))
        asked = MtpChoice(on=stage != "off", depth=self._asking.mtp.wish.depth)
        self._ticket = self._asking.submit(request, asked, "comparison")
        self._ticket.round.connect(self._on_round)
        self._ticket.switched.connect(self._on_switch)
        self._ticket.finished.connect(self._on_finished)
        self._ticket.failed.connect(self._on_failed)

    def _on_round(self, event: Round) -> None:
        if self._reply is not None:
            self._reply.add(event)
            self._pace.request()

    def _on_finished(self, event: Finished) -> None:
        self._keep(FINISHES[event.reason], event)
        self._go_on()

    def _on_failed(self, failure: Failure) -> None:
        self._keep(reply_end(failure))
        died = strings.COMPARE_DIED.format(reason=failure.died_of)
        self._break_off(died if failure.died_of else failure.text)

    def _on_switch(self) -> None:
        """Stop: the user turned the MTP switch, so that the run is no longer one of its side."""
        self.stop()
        self._show(replace(self.state, note=strings.COMPARE_SWITCHED))

    def _keep(self, finish: Finish, finished: Finished | None = None) -> None:
        reply, stage = self._reply, self.state.stage
        self._ticket = None
        self._reply = None
        self._pace.cancel()
        if reply is None or stage not in {"off", "on"} or not reply.rounds:
            return
        if self.state.note:  # the switch was turned during the run
            return
        record = reply.record(finish, finished)
        self._asking.plain.learn(record, reply.tally)
        self._records[stage] = record

    def _break_off(self, note: str) -> None:
        self._left = []
        self._rest(note)

    def _rest(self, note: str = "") -> None:
        off, on = self._records.get("off"), self._records.get("on")
        result = None
        if off is not None and on is not None:
            first = self.state.first
            earlier = tuple(one for one in self._made if one.on.pair == on.pair)
            result = Comparison(
                question=self._question,
                off=off,
                on=on,
                first=first,
                made=model.now(),
                earlier=earlier,
            )
            self._made = (*earlier, replace(result, earlier=()))
            self.race.set_runs(off.rounds, on.rounds)
        note = note or self.state.note or ("" if result else strings.COMPARE_STOPPED)
        self._show(replace(self.state, stage="idle", result=result, note=note))

    def _show(self, state: CompareState) -> None:
        if state != self.state:
            self.state = state
            self.changed.emit(state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    headline: str
    tone: Literal["faster", "warning", "plain"]
    numbers: tuple[Figure, ...]  # the ratio where it may be shown, and what stands beside it
    texts: str
    details: str
    warnings: str


def verdict(comparison: Comparison) -> Verdict:
    """Return what the report of the comparison claims: page, card and window say the same."""
    report = comparison_report(comparison, comparison.on.engine.versions)
    group = next(one for one in report.summary if one.mode == comparison.on.mtp)
    said = claim_of(group)
    short = said.outcome == "unmeasured"
    return Verdict(
        headline=strings.COMPARED_TOO_SHORT if short else _headline(said),
        tone=said.tone,
        numbers=tuple(_numbers(said, group)),
        texts=_texts(comparison),
        details=strings.SEPARATOR.join(_details(comparison)),
        warnings=" ".join(notes(report)),
    )


def lane_figures(reply: ReplyRecord) -> tuple[Figure, ...]:
    """Return the numbers of one run."""
    numbers = numbers_of(reply)
    tokens = strings.LANE_TOKENS.format(count=fmt.count(numbers.generated_tokens))
    made = [Figure(tokens, strings.MEANS_LANE_TOKENS)]
    if numbers.acceptance_rate is not None:
        accepted = strings.LANE_ACCEPTED.format(
            percent=fmt.percent(numbers.acceptance_rate), drafted=fmt.count(numbers.draft_n)
        )
        made.append(Figure(accepted, strings.MEANS_ACCEPTED))
    if numbers.mean_acceptance_length is not None:
        tau = strings.LANE_TAU.format(tau=fmt.tau(numbers.mean_acceptance_length))
        made.append(Figure(tau, strings.MEANS_TAU))
    return (*made, Figure(finish_text(reply), strings.MEANS_FINISH))


def _headline(said: Claim) -> str:
    if said.is_sure and said.ratio is not None:
        return strings.COMPARED_RATIO.format(times=fmt.times(said.ratio))
    return said.verdict[:1].upper() + said.verdict[1:]


def _numbers(said: Claim, group: Group) -> Iterator[Figure]:
    if said.ratio is not None and not said.is_sure:
        ratio = strings.COMPARED_RATIO.format(times=fmt.times(said.ratio))
        yield Figure(ratio, strings.MEANS_COMPARED)
    spread = words.spread(said.low, said.high)
    if spread:
        text = strings.COMPARED_INTERVAL.format(spread=spread)
        yield Figure(text, strings.MEANS_INTERVAL)
    if said.drafted:
        yield Figure(said.drafted, strings.MEANS_DRAFTED)
    if group.tokens_per_round is not None:
        each = strings.COMPARED_TOKENS.format(tokens=fmt.tau(group.tokens_per_round))
        yield Figure(each, strings.MEANS_TOKENS_PER_ROUND)


def _texts(comparison: Comparison) -> str:
    parting, count = comparison.parting, fmt.count(comparison.compared)
    if parting is not None:
        at = fmt.count(parting.at + 1)
        return strings.COMPARED_PARTS.format(at=at, off=_token(parting.off), on=_token(parting.on))
    whole = strings.COMPARED_SAME if comparison.whole else strings.COMPARED_SAME_SO_FAR
    return whole.format(count=count)


def _details(comparison: Comparison) -> list[str]:
    order = strings.ORDER_OFF_FIRST if comparison.first == "off" else strings.ORDER_ON_FIRST
    seed = strings.SAME_SEED.format(seed=comparison.on.seed)
    sentences = [order, seed]
    if comparison.earlier:
        sentences.append(strings.COMPARED_TIMES.format(count=1 + len(comparison.earlier)))
    else:
        sentences.append(strings.COMPARE_AGAIN_FOR_INTERVAL)
    greedy = comparison.on.sampling.is_greedy
    if comparison.on.verify != "coupled" and not greedy:
        sentences.append(strings.RULE_MAY_DIFFER.format(rule=comparison.on.verify))
    return sentences


def _token(token: TokenRecord | None) -> str:
    if token is None:
        return strings.COMPARED_END
    text = "".join(piece.text for piece in pieces(token.text))
    return strings.COMPARED_WORD.format(text=text)
