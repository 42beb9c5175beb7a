"""The connection to the Hub: how patiently it is asked, and what its refusals mean.

The token is this machine's own, from the environment or from the library's file. Only the Hub gets
it, and only after it has refused the request without one.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from mtp_mlx import __version__
from mtp_mlx.errors import GatedModel, LoadError, ModelNotFound, NotFetched, TokenRefused
from mtp_mlx.files import brief
from mtp_mlx.hub.pace import SILENCE_S, TooSlowError, limit
from mtp_mlx.hub.progress import Progress

if TYPE_CHECKING:
    from httpx2 import Client, Response
    from huggingface_hub.errors import HfHubHTTPError

T = TypeVar("T")

KEPT = "Check the network, and start again: what came is kept."
_BUSY = (408, 425, 429)
_TOO_OLD = (401, 403, 410)


class BrokenTransferError(Exception):
    """The answer is not what was asked for; another attempt may bring it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a Hub that is silent or busy is asked again; all in seconds."""

    silence_s: float = SILENCE_S  # without a byte, after which a connection is made anew
    first_wait_s: float = 1.0  # before the second attempt; doubled with each that brings nothing
    longest_wait_s: float = 60.0
    give_up_s: float = 3600.0  # without a byte, after which the fetch ends
    unreachable_s: float = 3600.0  # the same, while no connection can be made at all


def client() -> Client:
    """Return the library's client, with our pace, and with its telemetry and bars switched off."""
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"  # read as the library is imported
    os.environ["HF_HUB_DISABLE_XET"] = "1"
    from huggingface_hub import constants, get_session
    from huggingface_hub.utils.logging import set_verbosity
    from huggingface_hub.utils.tqdm import disable_progress_bars

    constants.HF_HUB_DISABLE_TELEMETRY = True
    constants.HF_HUB_DISABLE_XET = True
    disable_progress_bars()
    set_verbosity(logging.ERROR)
    session = get_session()
    hooks = session.event_hooks["request"]
    if limit not in hooks:
        hooks.append(limit)
    return session


class Connection:
    """Requests for one repository. Raises LoadError only, with the true cause and a remedy."""

    def __init__(self, repository: str, progress: Progress, patience: Patience) -> None:
        self._repository = repository
        self._progress = progress
        self._patience = patience
        self._token: str | None = None
        self._attempts = 0
        self._quiet_since = time.monotonic()

    @property
    def token(self) -> str | None:
        """Return the token, where the Hub has asked for it."""
        return self._token

    def with_patience(self, patience: Patience) -> Connection:
        """Return the same connection that asks more or less patiently."""
        other = Connection(self._repository, self._progress, patience)
        other._token = self._token
        return other

    def persist(self, action: Callable[[], T]) -> T:
        """Return what `action` returns, tried again while the Hub is silent, busy or cut off."""
        from httpx2 import RequestError
        from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

        self.came()
        while True:
            try:
                return action()
            except OfflineModeIsEnabled as error:
                raise NotFetched(
                    f"{self._repository} is not whole on this disk, and HF_HUB_OFFLINE forbids "
                    "fetching it.",
                    "Unset HF_HUB_OFFLINE, and try again.",
                ) from error
            except (RequestError, TooSlowError, BrokenTransferError) as error:
                self._wait(self._reason(error), None, error)
            except HfHubHTTPError as error:
                if self._signs_in(error.response):
                    continue
                if not _may_pass(error.response):
                    raise self._refusal(error) from error
                status = error.response.status_code
                self._wait(f"the Hub is busy ({status})", _asked_to_wait(error.response), error)

    def came(self) -> None:
        """Forget the failures: bytes came."""
        self._attempts = 0
        self._quiet_since = time.monotonic()

    @contextmanager
    def stream(self, url: str, method: str = "GET", start: int = 0) -> Iterator[Response]:
        """Yield the answer, from the byte `start` on where the server can.

        Raises what `persist` treats.
        """
        from huggingface_hub.utils import hf_raise_for_status  # type: ignore[attr-defined]

        headers = {
            "User-Agent": f"mtp-mlx/{__version__}",
            "Accept-Encoding": "identity",  # ranges and lengths are those of the file
        }
        if self._token is not None and _is_the_hubs(url):
            headers["Authorization"] = f"Bearer {self._token}"
        if start:
            headers["Range"] = f"bytes={start}-"
        silence = self._patience.silence_s
        with client().stream(method, url, headers=headers, timeout=silence) as response:
            if response.is_error:
                response.read()
            hf_raise_for_status(response)
            yield response

    def _wait(self, reason: str, asked: float | None, error: Exception) -> None:
        """Wait before another attempt. Raises NotFetched where patience is at its end."""
        from httpx2 import ConnectError, ConnectTimeout

        patience = self._patience
        growing = min(
            patience.longest_wait_s, patience.first_wait_s * 2.0 ** min(self._attempts, 9)
        )
        seconds = max(growing, asked or 0.0)
        self._attempts += 1
        limit_s = patience.give_up_s
        if isinstance(error, (ConnectError, ConnectTimeout)):
            limit_s = min(limit_s, patience.unreachable_s)
        if time.monotonic() + seconds - self._quiet_since > limit_s:
            raise NotFetched(f"{self._repository} could not be fetched: {reason}.", KEPT) from error
        self._progress.wait(seconds, reason)
        time.sleep(seconds)
        self._progress.go_on()

    def _reason(self, error: Exception) -> str:
        from httpx2 import (
            ConnectError,
            ConnectTimeout,
            ReadError,
            RemoteProtocolError,
            TimeoutException,
        )

        words = brief(re.sub(r"^\[\w+ -?\d+\] ", "", str(error)) or type(error).__name__)
        match error:
            case ConnectError() | ConnectTimeout():
                return f"the Hub cannot be reached ({words})"
            case TimeoutException():
                return f"no byte came for {self._patience.silence_s:g} seconds"
            case ReadError() | RemoteProtocolError():
                return "the connection was cut"
        return words

    def _signs_in(self, response: Response) -> bool:
        """Tell whether the token was missing and is sent from now on."""
        from huggingface_hub import get_token

        if response.status_code not in (401, 403) or self._token is not None:
            return False
        token = get_token() if _is_the_hubs(str(response.url)) else None
        if token is not None and re.fullmatch(r"[!-~]+", token) is None:
            raise _token_refused()  # a library's error about such a header would quote it
        self._token = token
        return token is not None

    def _refusal(self, error: HfHubHTTPError) -> LoadError:
        """Return the error for an answer that will stay the same.

        The Hub answers 401 to a token that is not valid, also for what is public, and without a
        token to what does not exist.
        """
        from huggingface_hub import constants, errors

        name, said = self._repository, str(error.server_message or "")
        status = error.response.status_code
        if isinstance(error, errors.GatedRepoError):
            sign_in = "with the account of this machine's token"
            return GatedModel(
                f"{name.split('/')[0]} asks readers of {name} to accept its terms first.",
                f"Accept them at {constants.ENDPOINT}/{name}"
                + (f" {sign_in}." if self._token else ", then sign in with `hf auth login`."),
            )
        if isinstance(error, errors.RevisionNotFoundError):
            return ModelNotFound(
                f"{name} has no such revision.", "Name a branch, a tag or a commit that it has."
            )
        if isinstance(error, errors.RepositoryNotFoundError) and not (
            self._token and status == 401
        ):
            return ModelNotFound(
                f"There is no public repository {name}.",
                "Check the spelling of its id; where it is private, sign in with `hf auth login`.",
            )
        words = said.lower()
        if status == 401 and (self._token or "token" in words or "credentials" in words):
            return _token_refused()
        about = f": {brief(said)}" if said else ""
        return NotFetched(
            f"{name} could not be fetched: the Hub answered {status}{about}.",
            f"Look at {constants.ENDPOINT}/{name}, or try again later.",
        )


def _token_refused() -> TokenRefused:
    return TokenRefused(
        "The Hub does not accept this machine's Hugging Face token: it has expired or is not "
        "valid.",
        "Sign in again with `hf auth login`, or remove the token with `hf auth logout`.",
    )


def not_the_hub(repository: str) -> NotFetched:
    """Return the error for an answer in the Hub's place."""
    return NotFetched(
        f"{repository} could not be fetched: what answers is not the Hub.",
        "Sign in to this network first, as in a hotel, and try again.",
    )


def _is_the_hubs(url: str) -> bool:
    from httpx2 import URL
    from huggingface_hub import constants

    return URL(url).origin == URL(constants.ENDPOINT).origin


def _may_pass(response: Response) -> bool:
    """Tell whether another attempt may succeed.

    A store of files beside the Hub refuses an address that is too old; each attempt gets a new one.
    """
    status = response.status_code
    if status in _BUSY or status >= 500:
        return True
    return status in _TOO_OLD and not _is_the_hubs(str(response.url))


def _asked_to_wait(response: Response) -> float | None:
    """Return the seconds that the Hub asks to wait; None where it names none."""
    after = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", after):
        return float(after)
    limited = re.search(r";\s*r=0\s*;\s*t=(\d{1,9})", response.headers.get("RateLimit", ""))
    return float(limited[1]) if limited else None
