"""What the Models page shows, in words: pure functions of what the tool has told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app import strings
from app.domain.models import (
    Fit,
    Inventory,
    LocalModel,
    Pairing,
    Place,
)
from app.domain.settings import PairChoice, PairOptions
from app.viewmodels.common.format import count, memory
from app.viewmodels.models.converting import Copy
from app.viewmodels.models.fetching import FetchRow
from app.viewmodels.models.jobs import JobRow
from app.viewmodels.models.options import LoadingOptions, Pairs
from app.viewmodels.models.trying import Size

Tone = Literal["good", "warning", "bad"]
Status = Literal["loaded", "changed", "loading", "usable", "incomplete", "unusable"]
Got = Literal["absent", "here", "fetching"]

_TONES: dict[str, Tone] = {"fits": "good", "tight": "warning", "too-big": "bad"}
_HUB = "hub"
_UNPACKED = ("bf16", "fp16", "fp32")  # the list's words for a precision
_THIN, _NARROW = "\u2009", "\u202f"  # a number stays in one line with the second
_FIRM = "\N{NO-BREAK SPACE}"
GB = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a pair fits; `words` and `tone` say it, `sum` is how it comes about."""

    words: str
    tone: Tone
    sum: str

    @property
    def is_too_big(self) -> bool:
        return self.tone == "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalRow:
    """A model on this disk. `choice` loads it; None where that is impossible."""

    key: str  # its path
    title: str
    place: str  # "LM Studio"
    detail: str
    status: Status
    problem: str = ""  # why it cannot be loaded, or that it is being loaded
    verdict: Verdict | None = None
    choice: PairChoice | None = None
    repository: str | None = None
    is_removable: bool = False
    drafter: str | None = None  # a repository to get: no drafter that fits is here
    options: LoadingOptions | None = None  # how it can be loaded, once that is known
    copies: tuple[Copy, ...] = ()  # smaller ones that can be made of it


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionRow:
    repository: str
    title: str  # "Gemma 4 E4B 4-bit"
    words: str  # "4-bit · 6.6 GB with its drafter · 7.3 GB of memory"
    size: int | None
    got: Got
    verdict: Verdict | None = None
    reason: str = ""  # why it is the one that is marked; "" for the others
    tried: Size | None = None  # what a trial would make
    result: str = ""  # of a trial


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCard:
    """A pair of the catalogue; `marked` is the conversion that suits this machine."""

    title: str
    marked: ConversionRow
    others: tuple[ConversionRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRow:
    path: str
    title: str
    words: str
    is_own: bool
    is_connected: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsState:
    is_looking: bool = False
    is_listed: bool = False  # an answer has come
    trouble: str = ""
    local: tuple[LocalRow, ...] = ()  # the usable ones first
    unusable: tuple[LocalRow, ...] = ()
    places: tuple[PlaceRow, ...] = ()
    cards: tuple[PairCard, ...] = ()
    fetches: tuple[FetchRow, ...] = ()
    jobs: tuple[JobRow, ...] = ()
    goes_on: bool = False
    offers_folder: bool = False  # nothing is here, and models may lie where nobody looked


def verdict_of(fit: Fit | None) -> Verdict | None:
    """Return a fit in words; None where it is unknown, or of a kind that this release knows not."""
    if fit is None or fit.verdict not in _TONES:
        return None
    need = fit.need
    parts = {name: getattr(need, name) for name in need.__struct_fields__}
    sizes = {name: _gigabytes(size) for name, size in parts.items()}
    words = strings.FIT_SUM.format(
        **sizes, need=_gigabytes(need.total), have=_gigabytes(fit.have), context=count(fit.context)
    ).replace(_THIN, _NARROW)
    return Verdict(words=strings.FIT_WORDS[fit.verdict], tone=_TONES[fit.verdict], sum=words)


def _gigabytes(size: int) -> str:
    """Return a part of a sum; all have one unit, so that they can be added up."""
    return f"{size / GB:.1f}{_FIRM}GB"


def title_of(model: LocalModel) -> str:
    """Return a model as people call it: "Gemma 4 E4B 4-bit"."""
    words = " ".join(word for word in (model.title, model.precision) if word) or model.name
    return strings.MODEL_DRAFTER_TITLE.format(name=words) if model.part == "drafter" else words


def choice_of(model: LocalModel, pairing: Pairing | None, options: PairOptions) -> PairChoice:
    """Return how a target is loaded, with the drafter that fits it best."""
    drafter = drafter_of(pairing)
    return PairChoice(
        target=model.path,
        drafter=drafter.path if drafter else None,
        use_drafter=drafter is not None,
        name=title_of(model),
        drafter_name=drafter.name if drafter else None,
        context=options.context,
        drafter_bits=options.drafter_bits if drafter and can_pack(drafter) else None,
    )


def drafter_of(pairing: Pairing | None) -> LocalModel | None:
    return next((one.model for one in pairing.drafters), None) if pairing else None


def can_pack(drafter: LocalModel) -> bool:
    """Tell whether the head of a drafter can be quantised: nothing of it is yet."""
    return drafter.precision in _UNPACKED


def local_rows(
    inventory: Inventory,
    fits: Mapping[str, Fit],
    pairs: Pairs,
) -> Iterator[LocalRow]:
    """Yield a row for each target, and for each model that cannot be used.

    A title that does not tell models apart, or of no known pair, has the model's own name too.
    """
    shared = Counter(title_of(model) for model in inventory.models)
    known = {pair.title for pair in inventory.pairs}
    titles = {place.path: place.title for place in inventory.places}
    pairings = {pairing.target.path: pairing for pairing in inventory.pairings}
    for model in inventory.models:
        if model.part == "drafter" and model.is_usable:
            continue  # it is part of its targets' rows
        title, pairing = title_of(model), pairings.get(model.path)
        choice = choice_of(model, pairing, pairs.options_of(model.path))
        fit = fits.get(model.path) or fits.get(model.name)
        is_clear = shared[title] == 1 and model.title in known
        place = titles.get(model.place, model.place)
        if not model.is_usable:
            yield _unusable(model, place)
            continue
        yield LocalRow(
            key=model.path,
            title=title if is_clear else f"{title} · {model.name.rpartition('/')[2]}",
            place=place,
            detail=" · ".join((*_details(model, place, pairing, choice), *_memory(fit))),
            status=_status(model, choice, pairs),
            problem=strings.MODEL_LOADING if is_choice(model, pairs.loading) else "",
            verdict=verdict_of(fit),
            choice=choice,
            options=_options(choice, fit, drafter_of(pairing)),
            repository=model.repository,
            is_removable=model.owner == _HUB or _is_made_here(model, inventory),
            drafter=pairing.published if pairing and not pairing.drafters else None,
            copies=tuple(_copies(model, pairing)),
        )


def _memory(fit: Fit | None) -> Iterator[str]:
    """Yield the memory that a pair needs: its files hold what is not loaded, and lack a cache."""
    if fit is not None:
        yield strings.MODEL_MEMORY.format(size=memory(fit.need.total))


def _options(choice: PairChoice, fit: Fit | None, drafter: LocalModel | None) -> LoadingOptions:
    return LoadingOptions(
        context=choice.context,
        longest=fit.longest_context if fit else 0,
        drafter_bits=choice.drafter_bits,
        can_pack=drafter is not None and can_pack(drafter),
    )


def _is_made_here(model: LocalModel, inventory: Inventory) -> bool:
    """Tell whether a model is a conversion in the program's own folder."""
    return bool(inventory.made_here) and Path(model.path).parent == Path(inventory.made_here)


def _copies(model: LocalModel, pairing: Pairing | None) -> Iterator[Copy]:
    """Yield the smaller copies that can be made of a target, with its drafter where it has one."""
    if model.precision not in _UNPACKED:
        return
    drafters = pairing.drafters if pairing else ()
    with_drafter = any(one.model.precision in _UNPACKED for one in drafters)
    for bits in strings.COPY_ACTS:
        yield Copy(source=model.path, title=title_of(model), bits=bits, with_drafter=with_drafter)


def _details(
    model: LocalModel, place: str, pairing: Pairing | None, choice: PairChoice
) -> Iterator[str]:
    yield place
    yield memory(model.size_bytes)
    if model.lacks:
        yield strings.MODEL_LACKS.format(parts=", ".join(model.lacks))
    if pairing is not None and pairing.drafters:
        size = memory(pairing.drafters[0].model.size_bytes)
        bits = choice.drafter_bits
        words = strings.MODEL_DRAFTER_HERE if bits is None else strings.MODEL_DRAFTER_PACKED
        yield words.format(size=size, bits=bits)
    elif pairing is not None and pairing.published:
        yield strings.MODEL_DRAFTER_MISSING
    else:
        yield strings.MODEL_DRAFTER_NONE
    if choice.context is not None:
        yield strings.MODEL_CONTEXT_OF.format(tokens=count(choice.context))


def _unusable(model: LocalModel, place: str) -> LocalRow:
    is_begun = model.state == "incomplete" and model.owner == _HUB and bool(model.repository)
    problem = " ".join(part for part in (model.problem, model.remedy) if part)
    title = title_of(model) if model.title else model.name
    return LocalRow(
        key=model.path,
        title=title,
        place=place,
        detail=" · ".join((place, memory(model.size_bytes))),
        status="incomplete" if is_begun else "unusable",
        problem=strings.MODEL_NOT_FINISHED if is_begun else problem,
        repository=model.repository,
        is_removable=model.owner == _HUB,
    )


def _status(model: LocalModel, choice: PairChoice, pairs: Pairs) -> Status:
    loaded = pairs.loaded
    if is_choice(model, pairs.loading):
        return "loading"
    if loaded is None or not is_choice(model, loaded):
        return "usable"
    is_same = (loaded.context, loaded.drafter_bits) == (choice.context, choice.drafter_bits)
    return "loaded" if is_same else "changed"


def is_choice(model: LocalModel, choice: PairChoice | None) -> bool:
    """Tell whether a pair's target is this model: by its folder, or a repository of the cache."""
    if choice is None:
        return False
    of_hub = model.owner == _HUB and choice.target == model.repository
    return choice.target == model.path or of_hub


def place_rows(places: Sequence[Place]) -> Iterator[PlaceRow]:
    for place in places:
        yield PlaceRow(
            path=place.path,
            title=place.title,
            words=_place(place),
            is_own=place.owner == "own",
            is_connected=place.state != "not-connected",
        )


def _place(place: Place) -> str:
    if place.state == "not-connected":
        return strings.MODELS_NOT_CONNECTED
    if place.problem:
        return place.problem.rstrip(".")
    if not place.models:
        return strings.MODELS_PLACE_EMPTY
    one = len(place.models) == 1
    words = (strings.MODELS_PLACE_ONE if one else strings.MODELS_PLACE_SIZE).format(
        size=memory(place.size_bytes), count=len(place.models)
    )
    return strings.MODELS_PLACE_PARTIAL.format(words=words) if place.is_partial else words
