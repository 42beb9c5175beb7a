"""What a request's holder hears of it, and nobody else."""

from __future__ import annotations

import logging

import pytest
from PySide6.QtCore import SignalInstance

from app.engine.state import Ready
from app.engine.ticket import Failure, Ticket
from app.engine.worker import Death
from mtp_mlx.api import Bench, CountTokens, Generate, TokenIds
from mtp_mlx.wire import (
    BenchFinished,
    BenchProgress,
    Cancel,
    Error,
    PromptProgress,
    SetMtp,
    TokenCount,
    ask,
)
from tests.app.conftest import EngineRig
from tests.app.helpers import PAIR, finished, round_of

REQUEST = Generate(prompt=(TokenIds((1,)),))
FIRST, SECOND = "request 1", "request 2"  # how the engine names them
UNREAD = Error(code="bad_message", message="Too long.", remedy="Shorten.")
BENCH_OVER = BenchFinished(id=FIRST, reason="done", report=None, saved=None, warnings=())


class Heard:
    """All that a ticket's signals have said, in order."""

    def __init__(self, ticket: Ticket, *names: str) -> None:
        self.events: list[tuple[str, object]] = []
        ticket.started.connect(lambda: self.events.append(("started", None)))
        for name in ("failed", *names):
            self._note(name, getattr(ticket, name))

    def _note(self, name: str, signal: SignalInstance) -> None:
        signal.connect(lambda value: self.events.append((name, value)))


def test_a_reply_from_prompt_to_end(bare: EngineRig) -> None:
    bare.ready()
    heard = Heard(bare.engine.submit(REQUEST), "prompt", "round", "finished")
    assert bare.worker.sent[-1] == ask(REQUEST, FIRST)
    reading = PromptProgress(id=FIRST, done=1, total=2, reused=0)
    first, end = round_of(FIRST, 0, ["x"]), finished(FIRST)
    bare.say(reading, first, end)
    assert heard.events == [
        ("started", None),
        ("prompt", reading),
        ("round", first),
        ("finished", end),
    ]


def test_a_benchmark_from_first_phase_to_end(bare: EngineRig) -> None:
    bare.ready()
    heard = Heard(bare.engine.submit(Bench()), "progress", "run", "finished")
    begun = BenchProgress(id=FIRST, phase="warming up", done=0, total=4, elapsed_s=0)
    bare.say(begun, BENCH_OVER)
    assert heard.events == [("started", None), ("progress", begun), ("finished", BENCH_OVER)]
    assert bare.state() == Ready(pair=PAIR)


def test_each_holder_hears_of_its_own_request(bare: EngineRig) -> None:
    bare.ready()
    one = Heard(bare.engine.submit(CountTokens(text="a")), "finished")
    two = Heard(bare.engine.submit(CountTokens(text="b")), "finished")
    bare.say(TokenCount(id=SECOND, tokens=7))
    assert one.events == []
    assert two.events == [("started", None), ("finished", 7)]
    bare.say(TokenCount(id=FIRST, tokens=None))
    assert one.events == [("started", None), ("finished", None)]


def test_the_state_has_changed_when_the_end_is_heard(bare: EngineRig) -> None:
    """So that a holder may submit its next request at once."""
    bare.ready()
    ticket = bare.engine.submit(REQUEST)
    ticket.finished.connect(lambda _: bare.engine.submit(REQUEST))
    bare.say(finished(FIRST))
    assert bare.state() == Ready(pair=PAIR, busy="reply")
    assert bare.worker.sent[-1] == ask(REQUEST, SECOND)


def test_stop_is_sent_once_and_the_end_is_heard(bare: EngineRig) -> None:
    bare.ready()
    ticket = bare.engine.submit(REQUEST)
    heard = Heard(ticket, "finished")
    ticket.cancel()
    ticket.cancel()
    assert bare.worker.sent[-2:] == [ask(REQUEST, FIRST), Cancel(id=FIRST)]
    end = finished(FIRST, "cancelled")
    bare.say(end)
    assert heard.events[-1] == ("finished", end)
    ticket.cancel()
    assert bare.worker.sent[-1] == Cancel(id=FIRST)


def test_a_dropped_request_is_stopped_and_never_heard_of_again(bare: EngineRig) -> None:
    bare.ready()
    ticket = bare.engine.submit(REQUEST)
    heard = Heard(ticket, "round", "finished")
    ticket.drop()
    assert bare.worker.sent[-1] == Cancel(id=FIRST)
    bare.say(round_of(FIRST, 0, ["x"]))
    assert bare.state() == Ready(pair=PAIR, busy="reply")
    bare.say(finished(FIRST, "cancelled"))
    assert bare.state() == Ready(pair=PAIR)
    assert heard.events == []


def test_a_count_cannot_be_stopped_but_dropped(bare: EngineRig) -> None:
    bare.ready()
    ticket = bare.engine.submit(CountTokens(text="a"))
    heard = Heard(ticket, "finished")
    ticket.drop()
    assert not any(isinstance(command, Cancel) for command in bare.worker.sent)
    bare.say(TokenCount(id=FIRST, tokens=1))
    assert heard.events == []


def test_the_switch_reaches_a_reply_while_it_is_open(bare: EngineRig) -> None:
    bare.ready()
    ticket = bare.engine.submit(REQUEST)
    heard = Heard(ticket, "switched")
    ticket.set_mtp(3)
    assert bare.worker.sent[-1] == SetMtp(mtp=3)
    assert heard.events == [("switched", 3)]
    bare.say(finished(FIRST))
    ticket.set_mtp("off")
    assert bare.worker.sent[-1] == SetMtp(mtp=3)


def test_an_error_ends_the_request_it_names(bare: EngineRig) -> None:
    bare.ready()
    heard = Heard(bare.engine.submit(REQUEST), "finished")
    troubles: list[Failure] = []
    bare.engine.troubled.connect(troubles.append)
    bare.say(Error(code="usage", message="No.", remedy="Else."))
    assert bare.state() == Ready(pair=PAIR, busy="reply")
    assert troubles == [Failure(message="No.", remedy="Else.", code="usage")]
    bare.say(Error(code="usage", message="No.", remedy="Else.", id=FIRST))
    assert bare.state() == Ready(pair=PAIR)
    assert heard.events[-1] == ("failed", Failure(message="No.", remedy="Else.", code="usage"))
    assert len(troubles) == 1


def test_a_request_that_could_not_be_read_fails(bare: EngineRig) -> None:
    """The worker cannot name it: it is the one that has not begun."""
    bare.ready()
    heard = Heard(bare.engine.submit(REQUEST))
    bare.say(UNREAD)
    assert bare.state() == Ready(pair=PAIR)
    assert heard.events[-1] == (
        "failed",
        Failure(message="Too long.", remedy="Shorten.", code="bad_message"),
    )


def test_death_fails_every_open_request_once(bare: EngineRig) -> None:
    bare.ready()
    count = Heard(bare.engine.submit(CountTokens(text="a")), "finished")
    reply = Heard(bare.engine.submit(REQUEST), "finished")
    bare.say(Death(reason="crashed (signal 11)"))
    for heard in (count, reply):
        ((name, failure),) = heard.events
        assert name == "failed"
        assert isinstance(failure, Failure)
        assert failure.died_of == "crashed (signal 11)"
        assert "crashed (signal 11)" in failure.message
        assert failure.remedy
    bare.say(Death(reason="crashed again"))
    assert [len(heard.events) for heard in (count, reply)] == [1, 1]


def test_what_has_ended_is_not_stopped(bare: EngineRig) -> None:
    bare.ready()
    ticket = bare.engine.submit(REQUEST)
    bare.say(finished(FIRST))
    ticket.cancel()
    ticket.drop()
    assert not any(isinstance(command, Cancel) for command in bare.worker.sent)


def test_death_after_the_end_is_not_heard(bare: EngineRig) -> None:
    bare.ready()
    heard = Heard(bare.engine.submit(REQUEST), "finished")
    bare.say(finished(FIRST), Death(reason="crashed"))
    assert [name for name, _ in heard.events] == ["started", "finished"]


def test_an_event_of_no_open_request_is_ignored_and_logged(
    bare: EngineRig, caplog: pytest.LogCaptureFixture
) -> None:
    bare.ready()
    heard = Heard(bare.engine.submit(REQUEST), "round", "finished")
    with caplog.at_level(logging.WARNING):
        bare.say(round_of("nobody", 0, ["secret"]))
    assert heard.events == []
    (record,) = caplog.records
    assert "Round" in record.getMessage()
    assert "secret" not in record.getMessage()


def test_an_event_of_another_kind_of_request_is_ignored_and_logged(
    bare: EngineRig, caplog: pytest.LogCaptureFixture
) -> None:
    bare.ready()
    heard = Heard(bare.engine.submit(REQUEST), "round", "finished")
    with caplog.at_level(logging.WARNING):
        bare.say(TokenCount(id=FIRST, tokens=1))
    assert heard.events == [("started", None)]
    assert bare.state() == Ready(pair=PAIR, busy="reply")
    assert "TokenCount" in caplog.records[0].getMessage()
