"""The pairs of the catalogue as cards, and the offer of one on the first page. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from app import strings
from app.domain.models import Conversion, Fit, FitReport, Inventory, KnownPair, PairFits, Trial
from app.viewmodels.common.format import memory
from app.viewmodels.models.fetching import FetchRow
from app.viewmodels.models.rows import (
    ConversionRow,
    Got,
    LocalRow,
    ModelsState,
    PairCard,
    verdict_of,
)
from app.viewmodels.models.trying import Size, result

_ON_THIS_DISK = "on this disk"  # the list's word

EASY_BYTES = 10 * 10**9
"""The most that the first page suggests to download: a larger model is found on the Models page."""


def cards(
    inventory: Inventory,
    report: FitReport,
    fetched: Sequence[str],
    trials: Mapping[tuple[str, int], Trial],
) -> Iterator[PairCard]:
    """Yield the pairs of the catalogue. `fetched` are repositories that are wanted already.

    The conversion that suits this machine is marked; where none does, or it is not known yet, the
    first, which is the smallest.
    """
    judged = {pair.name: pair for pair in report.pairs}
    for pair in inventory.pairs:
        fits = judged.get(pair.name, PairFits(name=pair.name))
        by_name = {fit.target: fit for fit in fits.targets}
        rows = [
            _with_trial(_conversion(pair, one, by_name, fetched), pair, one.precision, trials)
            for one in pair.targets
            if one.repository
        ]
        if not rows:
            continue
        marked = next((row for row in rows if row.repository == fits.suited), rows[0])
        suits = fits.suited in (None, marked.repository)  # or else a model on this disk does
        yield PairCard(
            title=pair.title or pair.name,
            marked=replace(marked, reason=fits.reason if suits else ""),
            others=tuple(row for row in rows if row is not marked),
        )


def _conversion(
    pair: KnownPair, target: Conversion, fits: Mapping[str, Fit], fetched: Sequence[str]
) -> ConversionRow:
    repository = target.repository or target.name
    got: Got = "here" if target.path and target.state == _ON_THIS_DISK else "absent"
    drafter = _drafter(pair, target)
    missing = _missing(target), 0 if drafter is None else _missing(drafter)
    size = None if None in missing else sum(one or 0 for one in missing)
    fit = fits.get(repository)
    words = [target.precision, _size_words(size, drafter)]
    if fit is not None:
        words.append(strings.MODEL_MEMORY.format(size=memory(fit.need.total)))
    return ConversionRow(
        repository=repository,
        title=f"{pair.title or pair.name} {target.precision}",
        words=" · ".join(words),
        size=size,
        got="fetching" if repository in fetched else got,
        verdict=verdict_of(fit),
    )


def _drafter(pair: KnownPair, target: Conversion) -> Conversion | None:
    """Return a target's own drafter, else the pair's first."""
    own = (one for one in pair.drafters if one.repository == target.drafter)
    return next(own, next(iter(pair.drafters), None))


def _missing(one: Conversion) -> int | None:
    """Return the bytes of it that are not on this disk."""
    return one.size_bytes if one.missing_bytes is None else one.missing_bytes


def _size_words(size: int | None, drafter: Conversion | None) -> str:
    if size is None:
        return strings.MODEL_SIZE_UNKNOWN
    if drafter is None:
        return memory(size)
    is_here = drafter.missing_bytes == 0
    words = strings.MODEL_DRAFTER_GOT if is_here else strings.MODEL_WITH_DRAFTER
    return words.format(size=memory(size))


_BITS = {"4-bit": 4, "8-bit": 8, "bf16": 16}


def _with_trial(
    row: ConversionRow, pair: KnownPair, precision: str, trials: Mapping[tuple[str, int], Trial]
) -> ConversionRow:
    """Return a row with what a trial of its size would be, and what the last one reached."""
    bits = _BITS.get(precision)
    if bits is None or row.got == "here":
        return row
    trial = trials.get((pair.name, bits))
    size = Size(pair=pair.name, bits=bits, title=row.title)
    return replace(row, tried=size, result="" if trial is None else result(trial))


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstOffer:
    """A line of the first page. Its button loads `row`, or gets `download`.

    Without either it opens the Models page, where a download is shown too.
    """

    text: str
    act: str
    row: LocalRow | None = None
    download: ConversionRow | None = None


def first_offer(state: ModelsState) -> FirstOffer | None:
    """Return the nearest way to a real pair: one that is here, on its way, or that fits."""
    if not state.is_listed:
        return None
    if state.fetches:
        return _of_fetch(state.fetches[0])
    able = (row for row in state.local if row.choice is not None)
    row = next((row for row in able if not (row.verdict and row.verdict.is_too_big)), None)
    if row is not None:
        words = strings.WELCOME_HERE.format(name=row.title, place=row.place)
        return FirstOffer(text=words, act=strings.WELCOME_HERE_ACT, row=row)
    easy = suggestion(state.cards)
    if easy is None:
        return FirstOffer(text=strings.WELCOME_MODELS, act=strings.MODELS_MENU)
    is_tight = easy.verdict is not None and easy.verdict.tone == "warning"
    words = strings.WELCOME_TIGHT if is_tight else strings.WELCOME_FITS
    size = memory(easy.size or 0)
    text = words.format(name=easy.title, size=size)
    return FirstOffer(text=text, act=strings.WELCOME_ACT, download=easy)


def _of_fetch(fetch: FetchRow) -> FirstOffer | None:
    """Return what to say of a download; of one from another session the offer above says it."""
    if fetch.stage == "offered":
        return None
    moves = fetch.stage in ("running", "queued")
    words = strings.WELCOME_FETCHING if moves else strings.WELCOME_NOT_FETCHED
    return FirstOffer(
        text=words.format(name=fetch.title, words=fetch.words), act=strings.MODELS_MENU
    )


def suggestion(cards: Sequence[PairCard]) -> ConversionRow | None:
    """Return what a first download may be: the largest that fits, up to `EASY_BYTES`."""
    easy = [card.marked for card in cards if (card.marked.size or EASY_BYTES + 1) <= EASY_BYTES]
    for tone in ("good", "warning"):
        fitting = [row for row in easy if row.verdict is not None and row.verdict.tone == tone]
        if fitting:
            return max(fitting, key=lambda row: row.size or 0)
    return None
