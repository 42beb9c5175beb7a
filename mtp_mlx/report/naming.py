"""Pairs, machines and days as a title names them, in words that a stranger knows. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from mtp_mlx.report import words
from mtp_mlx.report.model import Environment, Pair

BUILT_IN = "built-in"
"""The name of the pair that the program brings along."""
_SIZE = re.compile(r"[ae]?\d+(\.\d+)?[bm]", re.IGNORECASE)  # "E4B", "26B", "A4B"
_LEFT_OUT = re.compile(r"it|instruct|mlx|qat|\d+-?bit|bf16|fp16|fp32|mxfp\d|nvfp\d", re.IGNORECASE)
_PRECISION = re.compile(r"\d+-bit|b?float\d+|mxfp\d|nvfp\d", re.IGNORECASE)
_SHORT = {"bfloat16": "bf16", "float16": "fp16", "float32": "fp32"}
_NOISE = re.compile(r"\((?:R|TM)\)|\bCPU\b|\bProcessor\b|@.*$|\d+-Core", re.IGNORECASE)
_MOST = 60  # letters of a name in a title
_VOWELS = ("a", "e", "i", "o", "u", "8", "11", "18")
_KINDS = {"darwin": "a Mac", "macos": "a Mac", "linux": "a Linux machine"}
_DISTRIBUTIONS = ("debian", "ubuntu", "fedora", "arch", "red hat", "suse", "alpine", "centos")


def pair_name(pair: Pair) -> str:
    """Return the target in words, with its precision: "Gemma 4 E4B 4-bit"."""
    if pair.target == BUILT_IN:
        return "The built-in demo pair"
    if pair.target.startswith("random "):
        return words.shortened(pair.target, _MOST)
    last = words.line(pair.target).rpartition("/")[2]
    kept = [_part(part) for part in last.split("-") if part and not _LEFT_OUT.fullmatch(part)]
    name = re.sub(r"(\d+B) (A\d+B)", r"\1-\2", " ".join(kept)) or last
    how = precision(pair.quantization) or precision(re.sub(r"(\d)bit", r"\1-bit", last))
    return words.shortened(f"{name} {how}".rstrip(), _MOST)


def _part(part: str) -> str:
    """Return a part of a repository's name as people write it: "Gemma", "E4B"."""
    return part.upper() if _SIZE.fullmatch(part) else part[:1].upper() + part[1:]


def precision(quantization: str | None) -> str:
    """Return "4-bit" of "4-bit affine, group 64", and "bf16" of "bfloat16"; "" if unknown."""
    found = _PRECISION.search(quantization or "")
    return "" if found is None else _SHORT.get(found.group().lower(), found.group())


def machine_name(machine: Environment) -> str:
    """Return the machine in words: "a MacBook Pro M4 Pro"; "" where nothing is known of it."""
    model = re.sub(r"\s*\(.*\)$", "", words.line(machine.machine or ""))
    chip = chip_name(machine)
    if model:
        return words.shortened(f"{_article(model)} {model} {chip}".strip(), _MOST)
    kind = _kind(machine.os or "")
    if kind and chip:
        return words.shortened(f"{kind} with {_article(chip)} {chip}", _MOST)
    return words.shortened(f"{_article(chip)} {chip}", _MOST) if chip else kind


def chip_name(machine: Environment) -> str:
    """Return the chip without its maker's marks: "M4 Pro", "Xeon Gold 6338"."""
    chip = _NOISE.sub(" ", words.line(machine.device or machine.cpu or ""))
    return " ".join(chip.removeprefix("Apple ").split())


def _kind(system: str) -> str:
    name = system.lower()
    if any(each in name for each in _DISTRIBUTIONS):
        return _KINDS["linux"]
    return next((kind for word, kind in _KINDS.items() if word in name), "")


def _article(name: str) -> str:
    return (
        "an"
        if name.lower().startswith(_VOWELS) or (name[:1] == "M" and name[1:2].isdigit())
        else "a"
    )


def day(created: str | None) -> str:
    """Return "29 November 2026" of an ISO date; "" where there is none or it is damaged."""
    try:
        date = datetime.fromisoformat(created or "")
    except ValueError:
        return ""
    return f"{date.day} {_MONTHS[date.month - 1]} {date.year}"


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def program_name(machine: Environment) -> str:
    """Return the program's version and commit; "" where neither is known."""
    version = "" if machine.app_version is None else f"MTP MLX {words.line(machine.app_version)}"
    commit = "" if machine.commit is None else words.line(machine.commit)[:7]
    return f"{version} ({commit})" if version and commit else version or commit


def benchmark_title(
    pair: Pair,
    machine: Environment,
    *,
    contexts: Sequence[int] = (),
    replayed: float | None = None,
    made: str = "",
) -> str:
    """Return a benchmark's title.

    `contexts` are the tokens before the prompts; `made` says how many runs there are where some are
    missing. `replayed` is the acceptance given, which a reader of the title alone must not take for
    a measured one.
    """
    title = _titled(f"{pair_name(pair)} with MTP", machine)
    if any(contexts):
        lengths = ", ".join(map(words.count, contexts))
        title += f", after {lengths} tokens of context"
    if replayed is not None:
        title += f", drafts replayed at {words.percent(replayed)} acceptance"
    return f"{title} (cut short: {made})" if made else title


def reply_title(pair: Pair, machine: Environment) -> str:
    return _titled(f"One reply of {_within(pair)}", machine)


def comparison_title(pair: Pair, machine: Environment, *, whole: bool) -> str:
    where = machine_name(machine)
    title = f"{pair_name(pair)} with MTP off and on{where and f', on {where}'}"
    return title if whole else f"{title} (cut short)"


def _titled(subject: str, machine: Environment) -> str:
    where = machine_name(machine)
    return f"{subject} on {where}" if where else subject


def _within(pair: Pair) -> str:
    """Return the pair's name as it stands within a sentence."""
    name = pair_name(pair)
    return name[:1].lower() + name[1:] if pair.target == BUILT_IN else name
