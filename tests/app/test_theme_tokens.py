"""Both themes are read by every eye: contrast after WCAG 2.2, sections 1.4.3 and 1.4.11."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from app.render.style import HtmlStyle
from mtp_mlx.paths import resources

RESOURCES = resources()
THEMES = ("light", "dark")
STRONG = tuple(f"{theme}_contrast" for theme in THEMES)
PAGES = ("window", "surface", "surface_raised", "overlay_bg")

TEXT = {
    "text": (*PAGES, "user_bubble", "selection", "accent_soft", "drafted_soft", "code_bg"),
    "text_muted": (*PAGES, "user_bubble", "code_bg"),
    "accent": (*PAGES, "user_bubble"),
    "accent_text": ("accent",),
    "link": (*PAGES, "user_bubble"),
    "drafted": (*PAGES, "drafted_soft"),
    "target": PAGES,
    "rejected": PAGES,
    "warning": PAGES,
    "error": (*PAGES, "code_bg"),
    "success": (*PAGES, "code_bg"),
    "code_text": ("code_bg", "surface", "surface_raised", "window"),
    "code_keyword": ("code_bg", "surface"),
    "code_string": ("code_bg", "surface"),
    "code_comment": ("code_bg", "surface"),
    "code_number": ("code_bg", "surface"),
    "code_name": ("code_bg", "surface"),
}
GRAPHICS = {"chart_plain": PAGES, "chart_mtp": PAGES, "accent": PAGES}
EDGES = {"border": (*PAGES, "user_bubble", "code_bg")}
APART = (("drafted", "target"), ("chart_plain", "chart_mtp"))


def tokens(theme: str) -> dict[str, str]:
    """The colours of a theme; strong contrast changes some of those of the usual theme."""
    usual = theme.removesuffix("_contrast")
    colours: dict[str, str] = {}
    for name in (usual, theme):
        colours |= json.loads((RESOURCES / "themes" / f"{name}.json").read_text())
    return colours


def channels(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def luminance(colour: str) -> float:
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def pairs(
    wanted: Mapping[str, tuple[str, ...]], themes: tuple[str, ...] = THEMES
) -> Iterator[tuple[str, str, str]]:
    for theme in themes:
        for front, backs in wanted.items():
            yield from ((theme, front, back) for back in backs)


def test_contrast_is_computed_as_wcag_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(("theme", "front", "back"), list(pairs(TEXT)))
def test_text_is_legible(theme: str, front: str, back: str) -> None:
    assert contrast(tokens(theme)[front], tokens(theme)[back]) >= 4.5


@pytest.mark.parametrize(("theme", "front", "back"), list(pairs(GRAPHICS)))
def test_graphics_stand_out(theme: str, front: str, back: str) -> None:
    assert contrast(tokens(theme)[front], tokens(theme)[back]) >= 3


@pytest.mark.parametrize("theme", STRONG)
def test_strong_contrast_is_stronger(theme: str) -> None:
    """Text after WCAG 2.2, 1.4.6; edges, which carry what shades do else, after 1.4.11."""
    colours = tokens(theme)
    weak = [
        (front, back)
        for known, least in ((TEXT, 7.0), (GRAPHICS, 4.5), (EDGES, 3.0))
        for _, front, back in pairs(known, (theme,))
        if contrast(colours[front], colours[back]) < least
    ]
    assert weak == []


@pytest.mark.parametrize("theme", [*THEMES, *STRONG])
@pytest.mark.parametrize(("one", "other"), APART)
def test_what_is_compared_has_different_colours(theme: str, one: str, other: str) -> None:
    first, second = channels(tokens(theme)[one]), channels(tokens(theme)[other])
    assert sum(abs(a - b) for a, b in zip(first, second, strict=True)) > 0.4


def test_both_themes_have_the_same_tokens() -> None:
    assert list(tokens("light")) == list(tokens("dark"))
    for theme in (*THEMES, *STRONG):
        assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in tokens(theme).values())
    for theme in STRONG:
        assert tokens(theme).keys() == tokens("light").keys()


@pytest.mark.parametrize("theme", THEMES)
def test_themes_colour_the_html(theme: str) -> None:
    assert HtmlStyle.from_tokens(tokens(theme)).link == tokens(theme)["link"]


ICONS = sorted((RESOURCES / "icons").glob("*.svg"))


@pytest.mark.parametrize("path", ICONS, ids=lambda path: path.stem)
def test_icons_are_drawn_on_one_grid_in_one_colour(path: Path) -> None:
    root = ET.fromstring(path.read_text())  # noqa: S314  (our own files)
    if path.stem == "app":
        assert root.get("viewBox") == "0 0 1024 1024"
        return
    assert root.get("viewBox") == "0 0 24 24"
    colours = set(re.findall(r'(?:stroke|fill)="([^"]+)"', path.read_text()))
    assert colours <= {"none", "currentColor"}
    assert "currentColor" in colours
