"""`mtp-mlx calibrate`: measure a pair on this machine, and keep it for auto to start from."""

from __future__ import annotations

import click
import msgspec

from mtp_mlx import wire
from mtp_mlx.api import MAX_DEPTH, Dtype
from mtp_mlx.calibration import Calibration
from mtp_mlx.cli.loading import load
from mtp_mlx.cli.options import drafter_bits


@click.command("calibrate", short_help="Measure what verifying and drafting cost here.")
@click.option("--target", default=wire.DEMO_PAIR, help="A folder or repository id.")
@click.option("--drafter", help="A folder or repository id; else the target's own.")
@drafter_bits
@click.option(
    "--dtype", type=click.Choice(["auto", "float32", "bfloat16", "float16"]), default="auto"
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    target: str, drafter: str | None, drafter_bits: int | None, dtype: Dtype, as_json: bool
) -> None:
    """Measure what verifying and drafting cost here, and which draft position is accepted more.

    Auto starts from what is found, and `doctor` tells it in words.
    """
    from mtp_mlx.bench.calibrate import calibrate

    engine = load(wire.Load(target=target, drafter=drafter, drafter_bits=drafter_bits, dtype=dtype))
    found = calibrate(engine)
    engine.remember(found)
    if as_json:
        click.echo(msgspec.json.encode(as_object(found)))
    else:
        click.echo("\n".join(as_lines(found)))


def as_object(found: Calibration) -> dict[str, object]:
    told: dict[str, object] = msgspec.to_builtins(found)
    depths = _depths(found)
    return told | {
        "acceptance": dict(found.acceptance),
        "break_even": {str(k): found.costs.break_even(k) for k in depths},
        "words": found.in_words(),
    }


def as_lines(found: Calibration) -> list[str]:
    costs = found.costs
    lines = [
        f"A plain step takes {costs.plain_ms:.2f} ms behind {costs.context} tokens.",
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
        lines += [f"{k:4}{_share(costs.break_even(k)):>13}" for k in _depths(found)]
    if found.acceptance:
        rates = ", ".join(f"{100 * rate:.1f} % {rule}" for rule, rate in found.acceptance)
        lines += ["", f"Accepted of {found.drafted} drafts by position: {rates}."]
    words = found.in_words()
    return [*lines, "", f"{words[0].upper()}{words[1:]}. Auto starts from this."]


def _depths(found: Calibration) -> range:
    return range(1, MAX_DEPTH + 1) if found.costs.draft_ms is not None else range(0)


def _share(acceptance: float | None) -> str:
    return "never" if acceptance is None else f"{100 * acceptance:.0f} %"
