"""What the user has chosen, for the window and for the replies."""

from __future__ import annotations

from typing import Literal

import msgspec

from mtp_mlx.api import Mtp, Sampling, Verify

ThemeChoice = Literal["system", "light", "dark"]
Depth = int | Literal["auto"]
"""What the MTP switch means by "on": the engine's own choice of K, or a fixed K of 1 to 8."""

DEFAULT_MAX_TOKENS = 2048


class MtpChoice(msgspec.Struct, frozen=True, kw_only=True):
    """The MTP switch and the menu next to it; the menu's choice survives switching off."""

    on: bool = True
    depth: Depth = "auto"

    def wire(self) -> Mtp:
        """The choice as the protocol says it."""
        return self.depth if self.on else "off"


class ReplySettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the replies of one chat are written; a new chat begins with those of the last."""

    system: str = ""
    sampling: Sampling | None = None  # None: what the model recommends
    seed: int | None = None  # None: a new one for each reply
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
    """What survives a restart, apart from the chats."""

    theme: ThemeChoice = "system"
    geometry: str = ""  # Qt's own, base64
    overlay: OverlaySettings = OverlaySettings()
    sidebar: SidebarSettings = SidebarSettings()
    last_chat: str | None = None
    welcomed: bool = False  # the numbers were explained once, and a question asked
    reply: ReplySettings = ReplySettings()  # what a new chat starts with
    presets: tuple[Preset, ...] = ()  # the user's own, in the order they were saved
