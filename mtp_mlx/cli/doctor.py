"""`mtp-mlx doctor`: what this machine has, what is slow here and why."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click
import msgspec

from mtp_mlx.cli.diagnosis import Finding, diagnose, installed

MARKS = {"good": "ok  ", "slow": "slow", "absent": "none", "broken": "FAIL"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> int:
    """Tell versions, device, and what is slow and why."""
    findings = diagnose()
    if as_json:
        told = {"versions": installed(), "findings": [asdict(found) for found in findings]}
        click.echo(msgspec.json.encode(told))
    else:
        click.echo("\n".join(_line(found) for found in findings))
    return 1 if any(found.verdict == "broken" for found in findings) else 0


def _line(found: Finding) -> str:
    mark = MARKS[found.verdict]
    if sys.stdout.isatty() and found.verdict != "good":
        mark = f"\x1b[1m{mark}\x1b[0m"
    remedy = f" {found.remedy}" if found.remedy else ""
    return f"{mark}  {found.subject:13} {found.fact}{remedy}"
