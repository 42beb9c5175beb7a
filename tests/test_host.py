"""The host: order, admission, cancelling, threads. An engine that is told what to say, no model."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from queue import SimpleQueue

import pytest

from mtp_mlx.api import Bench, CountTokens, Generate, Memory, Request, TokenIds, Unload
from mtp_mlx.engine import BARE, Control, Instruments
from mtp_mlx.errors import EngineBusy, MtpMlxError, NotLoaded, OutOfMemory, UsageError
from mtp_mlx.events import (
    Event,
    Finished,
    MemoryReport,
    PromptProgress,
    ReplyEvent,
    Round,
    TokenCount,
    Unloaded,
)
from mtp_mlx.host import Host, Ticket
from tests.cli.scripted import finished, token, told

ASK = Generate(prompt=(TokenIds((1,)),), mtp="off")
COUNT = CountTokens(text="some words")
PATIENCE_S = 20.0


@dataclass
class Told:
    """Writes rounds until it is cancelled or has written `rounds`; notes what it was told."""

    rounds: int = 3
    failure: Exception | None = None
    before: Callable[[int], None] = lambda _: None  # called before each round, with its index
    threads: list[int] = field(default_factory=list)
    switches: list[object] = field(default_factory=list)
    instruments: list[Instruments] = field(default_factory=list)
    kept: int = 0  # replies whose work was done to its end

    def close(self) -> None:
        pass

    def memory(self) -> Memory:
        return Memory(active=1, peak=1, limit=2, need=2, pressure="normal", context=4096)

    def count_tokens(self, text: str, cancelled: Callable[[], bool]) -> int:
        del cancelled
        self.threads.append(threading.get_ident())
        return len(text.split())

    def generate(
        self, request: Generate, control: Control, instruments: Instruments
    ) -> Iterator[ReplyEvent]:
        del request
        self.instruments.append(instruments)
        yield PromptProgress(done=1, total=1, reused=0)
        for index in range(self.rounds):
            self.before(index)
            self.threads.append(threading.get_ident())
            self.switches.append(control.mtp)
            if self.failure is not None:
                raise self.failure
            if control.cancelled:
                break
            yield told(index, [token(7, "target")], [])
        yield finished("cancelled" if control.cancelled else "stop")
        self.kept += 1


def host_of(engine: Told) -> Host:
    return Host(engine)  # type: ignore[arg-type]


def kinds(events: list[Event]) -> list[type]:
    return [type(event) for event in events if not isinstance(event, MemoryReport)]


def reason(events: list[Event]) -> str:
    last = events[-1]
    assert isinstance(last, Finished)
    return last.reason


def test_a_ticket_is_its_requests_events() -> None:
    engine = Told()
    events = list(host_of(engine).submit(ASK))
    assert kinds(events) == [PromptProgress, Round, Round, Round, Finished]
    told = Memory(active=1, peak=1, limit=2, need=2, pressure="normal", context=4096)
    assert events[-2] == MemoryReport(**asdict(told))
    assert engine.threads == [threading.get_ident()] * 3


def test_a_ticket_that_was_read_stays_at_its_end() -> None:
    ticket = host_of(Told()).submit(COUNT)
    assert [type(event) for event in ticket] == [TokenCount]
    assert list(ticket) == []
    assert ticket.is_over


def test_requests_are_served_in_the_order_they_came() -> None:
    engine = Told()
    host = host_of(engine)
    reply = host.submit(ASK)
    count = host.submit(COUNT)
    assert list(count) == [TokenCount(tokens=2)]  # the reply was written before it
    assert engine.kept == 1
    assert kinds(list(reply)) == [PromptProgress, Round, Round, Round, Finished]


@pytest.mark.parametrize(
    ("running", "words"),
    [(ASK, "A reply is being written."), (Bench(), "A benchmark is running.")],
)
@pytest.mark.parametrize("second", [ASK, Bench()])
def test_a_second_reply_or_benchmark_is_refused(
    running: Request, words: str, second: Request
) -> None:
    host = host_of(Told())
    host.submit(running)
    with pytest.raises(EngineBusy, match=words):
        host.submit(second)
    host.submit(COUNT)  # waits for its turn


def test_the_next_may_be_asked_for_at_the_last_event_of_the_one_before() -> None:
    engine = Told()
    host = host_of(engine)
    for event in host.submit(ASK):
        if isinstance(event, Finished):
            assert engine.kept == 1  # what follows the last event was done before it was told
            assert kinds(list(host.submit(ASK)))[-1] is Finished
    assert engine.kept == 2


def test_a_cancel_ends_the_reply_within_a_round() -> None:
    host = host_of(Told(rounds=100))
    ticket = host.submit(ASK)
    seen: list[Event] = []
    for event in ticket:
        seen.append(event)
        if isinstance(event, Round) and event.index == 4:
            ticket.cancel()
    assert ticket.is_cancelled
    assert (kinds(seen).count(Round), reason(seen)) == (5, "cancelled")


def test_the_switch_is_obeyed_from_the_next_round_on() -> None:
    engine = Told()
    host = host_of(engine)
    ticket = host.submit(ASK)
    for event in ticket:
        if isinstance(event, Round) and event.index == 0:
            ticket.set_mtp(2)
        if isinstance(event, Round) and event.index == 1:
            host.set_mtp("auto")
    assert engine.switches == ["off", 2, "auto"]


def test_a_switch_out_of_range_is_refused() -> None:
    host = host_of(Told())
    ticket = host.submit(ASK)
    for refuse in (ticket.set_mtp, host.set_mtp):
        with pytest.raises(UsageError, match="K 9"):
            refuse(9)
    assert ticket.control.mtp == "off"
    with pytest.raises(UsageError, match="K 9"):
        Host().set_mtp(9)  # also where no reply would obey it


def test_instruments_reach_the_reply() -> None:
    engine, mine = Told(), Instruments()
    host = host_of(engine)
    host.submit(ASK).wait()
    host.submit(ASK, instruments=mine).wait()
    assert engine.instruments[0] is BARE
    assert engine.instruments[1] is mine


@pytest.mark.parametrize("failure", [OutOfMemory("No room.", "Wait."), ZeroDivisionError("x")])
def test_a_failure_ends_its_ticket_only(failure: Exception) -> None:
    engine = Told(failure=failure)
    host = host_of(engine)
    ticket = host.submit(ASK)
    with pytest.raises(type(failure)) as caught:
        ticket.wait()
    assert caught.value is failure
    assert list(ticket) == []
    engine.failure = None
    assert reason(list(host.submit(ASK))) == "stop"


@pytest.mark.parametrize("request_", [ASK, COUNT, Bench()])
def test_without_a_pair_there_is_an_error(request_: Request) -> None:
    host = Host()
    with pytest.raises(NotLoaded):
        _ = host.pair
    with pytest.raises(NotLoaded):
        host.submit(request_).wait()


def test_unloading_drops_the_pair() -> None:
    host = host_of(Told())
    assert [type(event) for event in host.submit(Unload())] == [Unloaded, MemoryReport]
    with pytest.raises(NotLoaded):
        host.submit(COUNT).wait()


class Serving:
    """A host on a thread of its own, as the worker has it."""

    def __init__(self, engine: Told) -> None:
        made: SimpleQueue[Host] = SimpleQueue()

        def serve() -> None:
            host = host_of(engine)
            made.put(host)
            host.serve()

        self.thread = threading.Thread(target=serve, daemon=True)  # a failing test must end too
        self.thread.start()
        self.host = made.get(timeout=PATIENCE_S)

    def close(self) -> None:
        self.host.close()
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()


@pytest.fixture
def engine() -> Told:
    return Told()


@pytest.fixture
def serving(engine: Told) -> Iterator[Serving]:
    served = Serving(engine)
    yield served
    served.close()


def test_all_work_is_done_on_the_hosts_thread(engine: Told, serving: Serving) -> None:
    events = list(serving.host.submit(ASK))
    serving.host.submit(COUNT).wait()
    assert kinds(events) == [PromptProgress, Round, Round, Round, Finished]
    assert set(engine.threads) == {serving.thread.ident}


def test_events_are_delivered_in_order_on_the_hosts_thread(serving: Serving) -> None:
    got: list[tuple[str, object, int]] = []

    def deliver(name: str) -> Callable[[Event | Exception], None]:
        return lambda event: got.append((name, event, threading.get_ident()))

    serving.host.submit(ASK, deliver=deliver("reply"))
    serving.host.submit(COUNT, deliver=deliver("count")).wait()
    names = [name for name, event, _ in got if not isinstance(event, MemoryReport)]
    assert names == ["reply"] * 5 + ["count"]
    assert {thread for _, _, thread in got} == {serving.thread.ident}


def test_the_next_may_be_submitted_from_the_delivery_of_the_last_event(serving: Serving) -> None:
    """The worker's window may ask at once; a reply that is not over would have it refused."""
    second: SimpleQueue[Ticket | Exception] = SimpleQueue()

    def deliver(event: Event | Exception) -> None:
        if isinstance(event, Finished):
            try:
                second.put(serving.host.submit(ASK))
            except EngineBusy as error:
                second.put(error)

    serving.host.submit(ASK, deliver=deliver).wait()
    ticket = second.get(timeout=PATIENCE_S)
    assert isinstance(ticket, Ticket)
    assert reason(list(ticket)) == "stop"


def test_an_error_is_delivered_and_raised(engine: Told, serving: Serving) -> None:
    engine.failure = OutOfMemory("No room.", "Wait.")
    got: list[object] = []
    ticket = serving.host.submit(ASK, deliver=got.append)
    with pytest.raises(OutOfMemory):
        ticket.wait()
    assert got[-1] is engine.failure


def test_closing_cancels_the_reply_and_serves_what_waits(engine: Told) -> None:
    engine.rounds = 10**9
    begun = threading.Event()
    engine.before = lambda _: begun.set()
    serving = Serving(engine)
    reply = serving.host.submit(ASK)
    count = serving.host.submit(COUNT)
    assert begun.wait(PATIENCE_S)
    serving.close()
    assert reason(list(reply)) == "cancelled"
    assert [type(event) for event in count] == [TokenCount]


def test_a_cancel_from_another_thread_is_heard(engine: Told, serving: Serving) -> None:
    engine.rounds = 10**9
    ticket: Ticket = serving.host.submit(ASK)
    next(ticket)
    ticket.cancel()
    assert reason(list(ticket)) == "cancelled"


def test_refused_means_nothing_is_queued(serving: Serving, engine: Told) -> None:
    held, go = threading.Event(), threading.Event()

    def hold(_: int) -> None:
        held.set()
        go.wait(PATIENCE_S)

    engine.before = hold
    first = serving.host.submit(ASK)
    assert held.wait(PATIENCE_S)
    with pytest.raises(MtpMlxError):
        serving.host.submit(ASK)
    go.set()
    first.wait()
    serving.host.submit(COUNT).wait()
    assert engine.kept == 1
