"""The tree of errors. Every error that a user can meet says what happened and how to go on.

MtpMlxError
 ├─ UsageError          a setting that cannot be honoured
 ├─ LoadError
 │   ├─ ModelNotFound   no such folder or repository
 │   ├─ DamagedModel    files truncated or not what their index says
 │   │   └─ IncompleteModel  weight files are missing
 │   ├─ UnsupportedModel  an architecture or file format this engine does not run
 │   ├─ PairMismatch    target and drafter that do not belong together
 │   ├─ NotFetched      the network or the Hub failed; trying again may help
 │   ├─ GatedModel      a repository whose owner wants terms accepted first
 │   ├─ TokenRefused    this machine's Hugging Face token has expired or is not valid
 │   ├─ DiskFull        less room than the missing bytes and a reserve
 │   └─ NotWritable     a folder of models that cannot be written to
 ├─ ReportError
 │   ├─ DamagedReport   a file that is no report, or not a whole one
 │   ├─ NewerReport     a report of a later version of this program
 │   └─ ReportNotSaved  a full disk, a folder that may not be written to
 ├─ PromptTooLong       more tokens than the target's context holds
 ├─ NotLoaded           work asked for before a pair is loaded
 ├─ EngineBusy          a second reply asked for while one is running
 ├─ OutOfMemory         the device could not hold what was asked for
 │   └─ TooBig          a pair that needs more memory than this machine has for it
 ├─ NonFiniteScores     a model whose scores are no numbers
 ├─ EngineFault         a defect of this program
 └─ BadMessage          a line on the pipe that is no message of the protocol
"""

from __future__ import annotations

from typing import ClassVar

from mtp_mlx.printable import printable

MOST = 299
"""Characters of message and remedy together: what strangers' files put into one is cut."""


class MtpMlxError(Exception):
    """An expected failure: `message` says what happened, `remedy` what to do about it."""

    code: ClassVar[str] = "failed"

    def __init__(self, message: str, remedy: str) -> None:
        """Both may quote a file or a name: what steers a terminal is taken out, the end cut off."""
        self.message = _shortened(message, MOST - len(remedy) - 1)
        self.remedy = printable(remedy)
        super().__init__(f"{self.message} {self.remedy}".strip())


def _shortened(sentence: str, most: int) -> str:
    line = " ".join(printable(sentence[: 2 * MOST]).split())
    return line if len(line) <= most else f"{line[: most - 2].rstrip(' .')}\N{HORIZONTAL ELLIPSIS}."


class UsageError(MtpMlxError):
    code = "usage"


class LoadError(MtpMlxError):
    code = "load"


class ModelNotFound(LoadError):
    code = "not_found"


class DamagedModel(LoadError):
    code = "damaged"


class IncompleteModel(DamagedModel):
    code = "incomplete"


class UnsupportedModel(LoadError):
    code = "unsupported"


class PairMismatch(LoadError):
    code = "pair_mismatch"


class NotFetched(LoadError):
    code = "not_fetched"


class GatedModel(LoadError):
    code = "gated"


class TokenRefused(LoadError):
    code = "token"


class DiskFull(LoadError):
    code = "disk_full"


class NotWritable(LoadError):
    code = "not_writable"


class ReportError(MtpMlxError):
    code = "report"


class DamagedReport(ReportError):
    code = "damaged_report"


class NewerReport(ReportError):
    code = "newer_report"


class ReportNotSaved(ReportError):
    code = "report_not_saved"


class PromptTooLong(MtpMlxError):
    code = "prompt_too_long"


class NotLoaded(MtpMlxError):
    code = "not_loaded"


class EngineBusy(MtpMlxError):
    code = "busy"


class OutOfMemory(MtpMlxError):
    code = "out_of_memory"


class TooBig(OutOfMemory):
    code = "too_big"


class NonFiniteScores(MtpMlxError):
    code = "not_finite"


class BadMessage(MtpMlxError):
    code = "bad_message"


class EngineFault(MtpMlxError):
    """An unexpected exception: the worker logs it, sends it as this error, and goes on."""

    code = "internal"

    def __init__(self, cause: Exception) -> None:
        super().__init__(
            f"The engine failed: {type(cause).__name__}: {cause}.",
            "Try again; if it happens twice, restart the engine.",
        )
