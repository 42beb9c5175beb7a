"""A conversation in the terminal: what has been said, the settings, and the slash commands."""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mtp_mlx import wire
from mtp_mlx.api import MAX_DEPTH, Message, Mtp, Stats
from mtp_mlx.cli.footer import dim, footer, statistics
from mtp_mlx.cli.interrupt import stops_on_interrupt
from mtp_mlx.cli.options import Options
from mtp_mlx.cli.types import read_mtp
from mtp_mlx.errors import MtpMlxError

if TYPE_CHECKING:
    from mtp_mlx.engine import Engine

HELP = f"""\
/mtp off|auto|0-{MAX_DEPTH}  the MTP switch, from the next reply; the text stays the same
/system TEXT      another system prompt, and a new chat (no text: none)
/think on|off     let the model think first, where it can
/stats            the numbers of the last reply
/new              forget this chat
/help             this list
Ctrl-C stops a reply and keeps it. Ctrl-D leaves."""


@dataclass(slots=True)
class Dialogue:
    """The conversation and its settings. `take` is all a line can do to it."""

    engine: Engine
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
            print(dim(self._obey(name, argument.strip())))
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
        found = read_mtp(argument)
        if found is None:
            return f"The switch is at {self.mtp}. Use /mtp off, auto or 0 to {MAX_DEPTH}."
        self.mtp = found
        return f"MTP {found}, from the next reply."

    def _reply(self, text: str) -> None:
        from mtp_mlx.engine import Control

        self.history.append(Message(role="user", content=text))
        control = Control(mtp=self.mtp)
        said = ""
        with stops_on_interrupt(control):
            for event in self.engine.generate(self._request(), control):
                if isinstance(event, wire.Round):
                    for token in event.tokens:
                        print(dim(token.text) if token.thought else token.text, end="")
                        said += "" if token.thought else token.text
                    sys.stdout.flush()
                elif isinstance(event, wire.Finished):
                    self.last = event.stats
                    print("\n" + dim(self._under(event)))
        if said:
            self.history.append(Message(role="assistant", content=said))
        else:  # stopped before its first word: as if never asked
            self.history.pop()

    def _request(self) -> wire.Generate:
        system = [Message(role="system", content=self.system)] if self.system else []
        return wire.Generate(
            id="chat",
            messages=[*system, *self.history],
            thinking=self.thinking,
            sampling=self.options.sampling(self.engine.pair.recommended),
            mtp=self.mtp,
            verify=self.options.verify,
            max_tokens=self.options.max_tokens,
            seed=self.seed if self.options.seed is None else self.options.seed,
            ignore_eos=self.options.ignore_eos,
        )

    @staticmethod
    def _under(finished: wire.Finished) -> str:
        why = {"stop": "", "length": " \u00b7 cut at its length", "cancelled": " \u00b7 stopped"}
        return footer(finished.stats) + why[finished.reason]
