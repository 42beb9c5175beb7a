"""The user's settings, of the window and of the replies."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mtp_mlx.api import MAX_DEPTH, Load, Mtp, Sampling, Verify

# What a field can hold that Qt and the engine can take: a file may be damaged.
_MOST = 2**31 - 1
_MOST_PIXELS = 32_767

Pixels = Annotated[int, Meta(ge=-_MOST_PIXELS, le=_MOST_PIXELS)]

ThemeChoice = Literal["system", "light", "dark"]
Depth = Annotated[int, Meta(ge=1, le=MAX_DEPTH)] | Literal["auto"]
"""What the MTP switch means by "on": the engine's own choice of K, or a fixed K of 1 to 8."""

PageName = Literal["chat", "models", "reports"]
"""What stands beside the sidebar."""

DEFAULT_MAX_TOKENS = 2048


class MtpChoice(msgspec.Struct, frozen=True, kw_only=True):
    """The MTP switch and the K chosen beside it, which is kept while the switch is off."""

    on: bool = True
    depth: Depth = "auto"

    def wire(self) -> Mtp:
        """Return the choice as a request states it."""
        return self.depth if self.on else "off"


class ReplySettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings for the replies of one chat. A new chat starts with those of the last one."""

    system: str = ""
    sampling: Sampling | None = None  # None: the model's recommended sampling
    seed: Annotated[int, Meta(ge=0, le=_MOST)] | None = None  # None: each reply gets a new seed
    max_tokens: Annotated[int, Meta(ge=1, le=_MOST)] = DEFAULT_MAX_TOKENS
    thinking: bool = False
    verify: Verify = "coupled"
    mtp: MtpChoice = MtpChoice()

    def __post_init__(self) -> None:
        """Raise ValueError where a number of the sampling is beyond all bounds."""
        if self.sampling is not None:
            values = (getattr(self.sampling, field.name) for field in fields(self.sampling))
            if any(abs(value) > _MOST for value in values if isinstance(value, int | float)):
                raise ValueError("sampling")


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """Settings under a name (see `app.domain.presets`)."""

    name: str
    settings: ReplySettings


class OverlaySettings(msgspec.Struct, frozen=True, kw_only=True):
    shown: bool = True
    pinned: bool = True  # in a strip of its own beside the conversation
    x: Pixels | None = None  # inside the page, while it floats; None: the corner it starts in
    y: Pixels | None = None
    compact: bool = False


class SidebarSettings(msgspec.Struct, frozen=True, kw_only=True):
    shown: bool = True
    width: Pixels = 248


Tokens = Annotated[int, Meta(ge=1, le=_MOST)]
HeadBits = Literal[4, 8]


class PairOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the user wants a target to be loaded."""

    target: str  # as in `PairChoice`
    context: Tokens | None = None  # of prompt and reply together; None: all it was made for
    drafter_bits: HeadBits | None = None  # of the drafter's head; None: as it is


class PairChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A pair that was loaded once: how to load it again, and the names that its replies bear."""

    target: str  # a folder, a repository id or the built-in pair, as `Load` takes it
    drafter: str | None = None
    use_drafter: bool = True
    drafter_bits: HeadBits | None = None
    context: Tokens | None = None
    anyway: bool = False  # the user loads it though it is too big for this machine
    name: str = ""  # of the target, as the engine told it; "" until it was loaded
    drafter_name: str | None = None

    def load(self) -> Load:
        """Return the request that loads the pair."""
        return Load(
            target=self.target,
            drafter=self.drafter,
            use_drafter=self.use_drafter,
            drafter_bits=self.drafter_bits,
            context=self.context,
            anyway=self.anyway,
        )


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is kept between starts of the program, except the chats."""

    theme: ThemeChoice = "system"
    # A factor over the usual size of a chat's text.
    text_size: Annotated[float, Meta(ge=0.1, le=10.0)] = 1.0
    # The window's place and size, Qt's own bytes in base64.
    geometry: Annotated[str, Meta(pattern="^[A-Za-z0-9+/=]*$")] = ""
    page: PageName = "chat"  # the one that was shown last
    overlay: OverlaySettings = OverlaySettings()
    sidebar: SidebarSettings = SidebarSettings()
    save_folder: str = ""  # where a file was saved last; "" before the first
    chat_format: str = ".md"  # the ending of the chat that was exported last
    report_format: str = ".json"
    last_chat: str | None = None  # the chat to reopen at the start
    welcomed: bool = False  # a first question was asked: the numbers are not explained unasked
    reply: ReplySettings = ReplySettings()  # what a new chat starts with
    seen: tuple[str, ...] = ()  # damaged files that were kept, of which the user knows
    presets: tuple[Preset, ...] = ()  # the user's own, in the order they were saved
    pairs: tuple[PairChoice, ...] = ()  # that were loaded, the last one first
    pair_options: tuple[PairOptions, ...] = ()  # of targets, the one changed last first
    folder_offered: bool = False  # the user was asked once for a folder with models
    fetch_goes_on: bool = False  # a download goes on when the window is closed
