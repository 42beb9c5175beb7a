"""`mtp-mlx chat`: a conversation in the terminal, or with the lines of a pipe."""

from __future__ import annotations

import contextlib
import secrets
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from mtp_mlx.api import MAX_DEPTH, Generate, Message, Mtp, PairInfo, Stats
from mtp_mlx.cli.options import Options, engine_options, read_mtp
from mtp_mlx.cli.terminal import dim, footer, from_stdin, load, statistics, stops_on_interrupt
from mtp_mlx.errors import MtpMlxError
from mtp_mlx.events import Finished, Round
from mtp_mlx.printable import printable

if TYPE_CHECKING:
    from mtp_mlx.host import Host

PROMPT = "> "
HELP = f"""\
/mtp off|auto|0-{MAX_DEPTH}  the MTP switch, from the next reply; the text stays the same
/system TEXT      another system prompt, and a new chat (no text: none)
/think on|off     let the model think first, where it can
/stats            the numbers of the last reply
/new              forget this chat
/help             this list
Ctrl-C stops a reply and keeps it. Ctrl-D leaves."""


@click.command("chat", short_help="Talk with the model in the terminal.")
@engine_options
def command(options: Options) -> int:
    """Talk with the model. /help lists the commands."""
    host = load(options.load())
    _greet(host.pair)
    dialogue = Dialogue(host, options, mtp=options.mtp, system=options.system)
    while (line := _read_line()) is not None:
        dialogue.take(line.strip())
    return 0


def _greet(pair: PairInfo) -> None:
    if sys.stdin.isatty():
        drafter = pair.drafter or f"no drafter ({pair.no_drafter_reason})"
        print(dim(printable(f"{pair.target} with {drafter}. /help for commands, Ctrl-D to leave.")))


def _read_line() -> str | None:
    """Return the next line; None at the end. Ctrl-C gives up the line, not the chat."""
    if not sys.stdin.isatty():
        return from_stdin(sys.stdin.readline) or None
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401 - editing and history for input()
    try:
        return from_stdin(lambda: input(PROMPT))
    except KeyboardInterrupt:
        print()
        return ""
    except EOFError:
        print()
        return None


@dataclass(slots=True)
class Dialogue:
    """The conversation and its settings; only `take` changes them."""

    host: Host
    options: Options
    mtp: Mtp
    system: str | None
    thinking: bool = False
    history: list[Message] = field(default_factory=list)
    seed: int = field(default_factory=lambda: secrets.randbits(32))
    last: Stats | None = None

    def take(self, line: str) -> None:
        """Answer one line: a command, or a message to the model."""
        if not line:
            return
        if line.startswith("/"):
            name, _, argument = line.partition(" ")
            print(dim(printable(self._obey(name, argument.strip()))))
            return
        try:
            self._reply(line)
        except MtpMlxError as error:
            self.history.pop()
            print(f"mtp-mlx: {error}", file=sys.stderr)

    def _obey(self, name: str, argument: str) -> str:
        commands = {
            "/mtp": self._switch,
            "/system": self._instruct,
            "/think": self._think,
            "/stats": self._tell_numbers,
            "/new": self._forget,
            "/help": self._help,
        }
        if name not in commands:
            return f"There is no command {name}. /help lists them."
        return commands[name](argument)

    def _instruct(self, argument: str) -> str:
        self.system, self.history = argument or None, []
        return "A new chat with this system prompt." if argument else "A new chat without one."

    def _think(self, argument: str) -> str:
        self.thinking = argument != "off"
        return f"Thinking is {'on' if self.thinking else 'off'}."

    def _tell_numbers(self, _: str) -> str:
        return statistics(self.last) if self.last else "No reply yet."

    def _help(self, _: str) -> str:
        return HELP

    def _forget(self, _: str) -> str:
        self.history = []
        return "A new chat."

    def _switch(self, argument: str) -> str:
        mtp = read_mtp(argument)
        if mtp is None:
            return f"The switch is at {self.mtp}. Use /mtp off, auto or 0 to {MAX_DEPTH}."
        self.mtp = mtp
        return f"MTP {mtp}, from the next reply."

    def _reply(self, text: str) -> None:
        self.history.append(Message(role="user", content=text))
        answer = ""
        ticket = self.host.submit(self._request())
        with stops_on_interrupt(ticket):
            for event in ticket:
                if isinstance(event, Round):
                    for token in event.tokens:
                        text = printable(token.text)
                        print(dim(text) if token.thought else text, end="")
                        answer += "" if token.thought else token.text
                    sys.stdout.flush()
                elif isinstance(event, Finished):
                    self.last = event.stats
                    print("\n" + dim(self._under(event)))
        if answer:
            self.history.append(Message(role="assistant", content=answer))
        else:  # stopped before its first word: forget the question
            self.history.pop()

    def _request(self) -> Generate:
        system = [Message(role="system", content=self.system)] if self.system else []
        return Generate(
            prompt=(*system, *self.history),
            thinking=self.thinking,
            sampling=self.options.sampling(self.host.pair.recommended),
            mtp=self.mtp,
            verify=self.options.verify,
            max_tokens=self.options.max_tokens,
            seed=self.seed if self.options.seed is None else self.options.seed,
            ignore_eos=self.options.ignore_eos,
        )

    @staticmethod
    def _under(finished: Finished) -> str:
        why = {"stop": "", "length": " \u00b7 cut at its length", "cancelled": " \u00b7 stopped"}
        return footer(finished.stats) + why[finished.reason]
