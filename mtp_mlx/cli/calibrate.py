"""`mtp-mlx calibrate`: measure the costs of a pair on this machine, from which auto starts."""

from __future__ import annotations

import click
import msgspec

from mtp_mlx.api import MAX_DEPTH, Calibrate, Dtype, Load
from mtp_mlx.calibration import Calibration
from mtp_mlx.cli import options
from mtp_mlx.cli.terminal import load
from mtp_mlx.events import Calibrated


@click.command("calibrate", short_help="Measure what verifying and drafting cost here.")
@options.target
@options.drafter
@options.drafter_bits
@options.dtype
@options.anyway
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    target: str,
    drafter: str | None,
    drafter_bits: int | None,
    dtype: Dtype,
    anyway: bool,
    as_json: bool,
) -> None:
    """Measure what verifying and drafting cost here, and which draft position is accepted more.

    Auto starts from the result, and `doctor` tells it in words.
    """
    pair = Load(
        target=target, drafter=drafter, drafter_bits=drafter_bits, dtype=dtype, anyway=anyway
    )
    host = load(pair)
    for event in host.submit(Calibrate()):
        if isinstance(event, Calibrated):
            measured = event.calibration
            click.echo(
                msgspec.json.encode(as_object(measured))
                if as_json
                else "\n".join(as_lines(measured))
            )


def as_object(measured: Calibration) -> dict[str, object]:
    values: dict[str, object] = msgspec.to_builtins(measured)
    depths = _depths(measured)
    return values | {
        "acceptance": dict(measured.acceptance),
        "break_even": {str(k): measured.costs.break_even(k) for k in depths},
        "words": measured.in_words(),
    }


def as_lines(measured: Calibration) -> list[str]:
    costs = measured.costs
    lines = [
        f"A plain step takes {costs.plain_ms:.2f} ms after {costs.context} tokens.",
        "",
        f"{'rows':>4}{'ms':>9}{'plain steps':>13}",
        *(
            f"{rows:4}{ms:9.2f}{ms / costs.plain_ms:13.2f}"
            for rows, ms in enumerate(costs.verify_ms, start=1)
        ),
    ]
    if costs.draft_ms is not None:
        lines += [
            "",
            f"A drafter step takes {costs.draft_ms:.2f} ms.",
            "",
            f"{'K':>4}{'pays above':>13}",
        ]
        lines += [f"{k:4}{_share(costs.break_even(k)):>13}" for k in _depths(measured)]
    if measured.acceptance:
        rates = ", ".join(f"{100 * rate:.1f} % {rule}" for rule, rate in measured.acceptance)
        lines += ["", f"Accepted of {measured.drafted} drafts by position: {rates}."]
    words = measured.in_words()
    return [*lines, "", f"{words[0].upper()}{words[1:]}. Auto starts from this."]


def _depths(measured: Calibration) -> range:
    return range(1, MAX_DEPTH + 1) if measured.costs.draft_ms is not None else range(0)


def _share(acceptance: float | None) -> str:
    return "never" if acceptance is None else f"{100 * acceptance:.0f} %"
