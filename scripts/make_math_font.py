"""Take out of a mathematical OpenType font what formulas are set with.

    pip install ".[fonts]"
    python -m scripts.make_math_font STIXTwoMath.otf    # writes resources/maths/font.json

Outlines and metrics of the characters that LaTeX commands name, the larger forms of delimiters,
roots and operators, and the constants of the MATH table, in thousandths of an em. The font comes
from https://github.com/stipub/stixfonts under the SIL Open Font License, which binds the extract
too: resources/maths/OFL.txt travels with it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from string import ascii_letters, digits, punctuation
from typing import Any

from fontTools.pens.boundsPen import BoundsPen
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.ttLib import TTFont

from app.render.maths.font import CONSTANTS
from app.render.maths.symbols import ACCENTS, ALPHABETS, COMMANDS, SIGNS

OUT = Path(__file__).parents[1] / "resources" / "maths" / "font.json"
LATIN = "".join(chr(code) for code in range(0xC0, 0x180)) + "\u2013\u2014\u2018\u2019\u201c\u201d"
BRACES = "\u23de\u23df"
NEGATED = (
    "\u2262\u2268\u2269\u2270\u2271\u2280\u2281\u2284\u2285\u2288\u2289\u220c\u2241\u2247\u2249"
)
EXTENDS = 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("font", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    extract = Extract(TTFont(arguments.font))
    arguments.out.write_text(a_line_each(extract.all()) + "\n")
    print(f"{len(extract.glyphs)} glyphs, {arguments.out.stat().st_size / 1000:.0f} kB")
    return 0


def a_line_each(table: dict[str, Any]) -> str:
    """JSON whose differences can be read: one line a glyph."""
    fields = [
        f"{compact(name)}: {{\n"
        + ",\n".join(f"{compact(key)}: {compact(inner)}" for key, inner in field.items())
        + "\n}"
        if isinstance(field, dict)
        else f"{compact(name)}: {compact(field)}"
        for name, field in table.items()
    ]
    return "{\n" + ",\n".join(fields) + "\n}"


def compact(field: object) -> str:
    return json.dumps(field, ensure_ascii=False, separators=(",", ":"))


def wanted() -> list[str]:
    chars = {*ascii_letters, *digits, *punctuation, *LATIN, *BRACES, *NEGATED, *ACCENTS.values()}
    chars |= {char for char, _ in COMMANDS.values()} | {char for char, _ in SIGNS.values()}
    for alphabet in ALPHABETS.values():
        chars |= {*alphabet.values()} | {char for char in alphabet if ord(char) > 127}
    return sorted(chars)


class Extract:
    def __init__(self, font: Any) -> None:
        self.glyphs: dict[str, list[Any]] = {}
        self._font = font
        self._names = font.getBestCmap()
        self._math = font["MATH"].table
        self._outlines = font.getGlyphSet()

    def all(self) -> dict[str, Any]:
        constants = self._math.MathConstants
        chars = [char for char in wanted() if ord(char) in self._names]
        for char in chars:
            self._add(char, self._names[ord(char)])
        variants = self._math.MathVariants
        tall = (variants.VertGlyphCoverage, variants.VertGlyphConstruction)
        wide = (variants.HorizGlyphCoverage, variants.HorizGlyphConstruction)
        return {
            "name": self._font["name"].getDebugName(4),
            "version": self._font["name"].getDebugName(5),
            "copyright": self._font["name"].getDebugName(0),
            "constants": {name: value(getattr(constants, name)) for name in CONSTANTS},
            "overlap": variants.MinConnectorOverlap,
            "taller": dict(self._larger(chars, *tall, "^")),
            "wider": dict(self._larger(chars, *wide, ">")),
            "glyphs": self.glyphs,
        }

    def _larger(
        self, chars: list[str], coverage: Any, constructions: list[Any], mark: str
    ) -> Iterator[tuple[str, list[Any]]]:
        found = dict(zip(coverage.glyphs, constructions, strict=True))
        for char in chars:
            construction = found.get(self._names[ord(char)])
            if construction is None:
                continue
            names = [record.VariantGlyph for record in construction.MathGlyphVariantRecord]
            keys = [self._named(char, name, f"{mark}{i}") for i, name in enumerate(names)]
            parts = construction.GlyphAssembly.PartRecords if construction.GlyphAssembly else []
            yield char, [keys, [self._part(char, mark, part) for part in parts]]

    def _part(self, char: str, mark: str, part: Any) -> list[Any]:
        key = self._named(char, part.glyph, f"{mark}{part.glyph}")
        extends = bool(part.PartFlags & EXTENDS)
        ends = (part.StartConnectorLength, part.EndConnectorLength)
        return [key, part.FullAdvance, *ends, extends]

    def _named(self, char: str, name: str, suffix: str) -> str:
        key = char if name == self._names[ord(char)] else char + suffix
        self._add(key, name)
        return key

    def _add(self, key: str, name: str) -> None:
        if key in self.glyphs:
            return
        bounds, path = BoundsPen(self._outlines), SVGPathPen(self._outlines, ntos=number)
        self._outlines[name].draw(bounds)
        self._outlines[name].draw(path)
        box = [round(edge) for edge in bounds.bounds or (0, 0, 0, 0)]
        info = self._math.MathGlyphInfo
        italics = info.MathItalicsCorrectionInfo
        accents = info.MathTopAccentAttachment
        italic = covered(italics.Coverage, italics.ItalicsCorrection, name) or 0
        accent = covered(accents.TopAccentCoverage, accents.TopAccentAttachment, name)
        advance = self._font["hmtx"][name][0]
        self.glyphs[key] = [advance, *box, italic, accent, path.getCommands()]


def covered(coverage: Any, values: list[Any], name: str) -> int | None:
    if name not in coverage.glyphs:
        return None
    return int(values[coverage.glyphs.index(name)].Value)


def value(constant: Any) -> int:
    return int(getattr(constant, "Value", constant))


def number(coordinate: float) -> str:
    return str(round(coordinate))


if __name__ == "__main__":
    raise SystemExit(main())
