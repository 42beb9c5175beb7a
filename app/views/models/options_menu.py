"""How a model is to be loaded, as choices in the menu of its row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtWidgets import QMenu

from app import strings
from app.domain.settings import HeadBits
from app.viewmodels.common.format import count
from app.viewmodels.models.options import LoadingOptions
from app.views.common.controls import Menu

HEAD_BITS: tuple[HeadBits | None, ...] = (None, 8, 4)


def add_options(
    menu: QMenu, options: LoadingOptions, choose: Callable[[LoadingOptions], object]
) -> None:
    """Add the lengths of context, and the bits of a drafter's head that is not packed."""
    if options.longest:
        contexts = _submenu(menu, strings.MODEL_CONTEXT)
        for tokens in (None, *options.contexts):
            words = strings.MODEL_CONTEXT_ALL.format(tokens=count(options.longest))
            if tokens is not None:
                words = strings.MODEL_CONTEXT_TOKENS.format(tokens=count(tokens))
            chosen = tokens == options.context
            _add(contexts, words, partial(choose, replace(options, context=tokens)), chosen=chosen)
    if options.can_pack:
        heads = _submenu(menu, strings.MODEL_HEAD)
        for bits in HEAD_BITS:
            words = strings.MODEL_HEAD_OWN
            if bits is not None:
                words = strings.MODEL_HEAD_BITS.format(bits=bits)
            chosen = bits == options.drafter_bits
            _add(heads, words, partial(choose, replace(options, drafter_bits=bits)), chosen=chosen)
    menu.addSeparator()


def _submenu(menu: QMenu, title: str) -> Menu:
    made = Menu(title, menu)
    menu.addMenu(made)
    return made


def _add(menu: Menu, words: str, choose: Callable[[], object], *, chosen: bool) -> None:
    action = menu.addAction(words, choose)
    action.setCheckable(True)
    action.setChecked(chosen)
