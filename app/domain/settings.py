"""The user's settings, of the window and of the replies."""

from __future__ import annotations

from typing import Literal

import msgspec

from mtp_mlx.api import Mtp, Sampling, Verify

ThemeChoice = Literal["system", "light", "dark"]
Depth = int | Literal["auto"]
"""What the MTP switch means by "on": the engine's own choice of K, or a fixed K of 1 to 8."""

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
    seed: int | None = None  # None: each reply gets a new seed
    max_tokens: int = DEFAULT_MAX_TOKENS
    thinking: bool = False
    verify: Verify = "coupled"
    mtp: MtpChoice = MtpChoice()


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """Settings under a name (see `app.domain.presets`)."""

    name: str
    settings: ReplySettings


class OverlaySettings(msgspec.Struct, frozen=True, kw_only=True):
    shown: bool = True
    pinned: bool = True  # in a strip of its own beside the conversation
    x: int | None = None  # inside the page, while it floats; None: the corner it starts in
    y: int | None = None
    compact: bool = False


class SidebarSettings(msgspec.Struct, frozen=True, kw_only=True):
    shown: bool = True
    width: int = 248  # pixels


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is kept between starts of the program, except the chats."""

    theme: ThemeChoice = "system"
    geometry: str = ""  # the window's place and size, Qt's own bytes in base64
    overlay: OverlaySettings = OverlaySettings()
    sidebar: SidebarSettings = SidebarSettings()
    last_chat: str | None = None  # the chat to reopen at the start
    welcomed: bool = False  # a first question was asked: the numbers are not explained unasked
    reply: ReplySettings = ReplySettings()  # what a new chat starts with
    presets: tuple[Preset, ...] = ()  # the user's own, in the order they were saved
