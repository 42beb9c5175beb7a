r"""The characters of formulas: commands that are one character, names, spaces and alphabets.

Each character has a kind, after Knuth's TeXbook, chapter 17; the kinds of two neighbours decide the
space between them. Code points are hexadecimal numbers, because many of these characters look
alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """The TeXbook's class of an atom. The order is that of the columns of the table of spaces."""

    ORDINARY = "ordinary"
    OPERATOR = "operator"
    BINARY = "binary"
    RELATION = "relation"
    OPENING = "opening"
    CLOSING = "closing"
    PUNCTUATION = "punctuation"
    INNER = "inner"


def _table(pairs: str) -> dict[str, str]:
    """Return name -> character for pairs `name:code point`, parted by white space."""
    return {name: chr(int(code, 16)) for name, code in (pair.split(":") for pair in pairs.split())}


def words_of(text: str) -> frozenset[str]:
    """Return the words of `text`, which white space parts."""
    return frozenset(text.split())


_ORDINARY = _table("""
alpha:3b1 beta:3b2 gamma:3b3 delta:3b4 epsilon:3f5 varepsilon:3b5 zeta:3b6 eta:3b7 theta:3b8
vartheta:3d1 iota:3b9 kappa:3ba varkappa:3f0 lambda:3bb mu:3bc nu:3bd xi:3be omicron:3bf pi:3c0
varpi:3d6 rho:3c1 varrho:3f1 sigma:3c3 varsigma:3c2 tau:3c4 upsilon:3c5 phi:3d5 varphi:3c6 chi:3c7
psi:3c8 omega:3c9 Gamma:393 Delta:394 Theta:398 Lambda:39b Xi:39e Pi:3a0 Sigma:3a3 Upsilon:3a5
Phi:3a6 Psi:3a8 Omega:3a9 infty:221e partial:2202 nabla:2207 emptyset:2205 varnothing:2205
forall:2200 exists:2203 nexists:2204 neg:ac lnot:ac hbar:210f hslash:210f ell:2113 Re:211c Im:2111
wp:2118 aleph:2135 beth:2136 angle:2220 triangle:25b3 square:25a1 Box:25a1 blacksquare:25a0
degree:b0 top:22a4 bot:22a5 complement:2201 imath:131 jmath:237 surd:221a backslash:5c vdots:22ee
sharp:266f flat:266d natural:266e clubsuit:2663 diamondsuit:2662 heartsuit:2661 spadesuit:2660
checkmark:2713 star:22c6 dagger:2020 pounds:a3 S:a7 P:b6 euro:20ac AA:c5 vert:7c Vert:2016
prime:2032 dprime:2033 $:24 %:25 #:23 &:26 _:5f
""")
_BINARY = _table("""
pm:b1 mp:2213 times:d7 cdot:22c5 div:f7 ast:2217 circ:2218 bullet:2219 oplus:2295 ominus:2296
otimes:2297 oslash:2298 odot:2299 cup:222a cap:2229 sqcup:2294 sqcap:2293 uplus:228e setminus:2216
smallsetminus:2216 land:2227 wedge:2227 lor:2228 vee:2228 amalg:2a3f ddagger:2021 diamond:22c4
triangleleft:25c3 triangleright:25b9 wr:2240 ltimes:22c9 rtimes:22ca boxplus:229e boxtimes:22a0
veebar:22bb
""")
_RELATION = _table("""
leq:2264 le:2264 geq:2265 ge:2265 leqslant:2a7d geqslant:2a7e neq:2260 ne:2260 approx:2248
equiv:2261 sim:223c simeq:2243 cong:2245 propto:221d ll:226a gg:226b prec:227a succ:227b
preceq:2aaf succeq:2ab0 lesssim:2272 gtrsim:2273 in:2208 notin:2209 ni:220b owns:220b subset:2282
subseteq:2286 subsetneq:228a supset:2283 supseteq:2287 supsetneq:228b nsubseteq:2288
sqsubseteq:2291 sqsupseteq:2292 mid:2223 nmid:2224 parallel:2225 nparallel:2226 perp:22a5
models:22a8 vdash:22a2 dashv:22a3 vDash:22a8 asymp:224d doteq:2250 triangleq:225c coloneqq:2254
eqqcolon:2255 bowtie:22c8 smile:2323 frown:2322 to:2192 rightarrow:2192 leftarrow:2190 gets:2190
leftrightarrow:2194 longrightarrow:27f6 longleftarrow:27f5 longleftrightarrow:27f7 Rightarrow:21d2
Leftarrow:21d0 Leftrightarrow:21d4 implies:27f9 impliedby:27f8 iff:27fa Longrightarrow:27f9
Longleftarrow:27f8 Longleftrightarrow:27fa mapsto:21a6 longmapsto:27fc hookrightarrow:21aa
hookleftarrow:21a9 uparrow:2191 downarrow:2193 updownarrow:2195 Uparrow:21d1 Downarrow:21d3
nearrow:2197 searrow:2198 swarrow:2199 nwarrow:2196 rightharpoonup:21c0 rightharpoondown:21c1
leftharpoonup:21bc leftharpoondown:21bd rightleftharpoons:21cc rightleftarrows:21c4 leadsto:219d
nrightarrow:219b nleftarrow:219a therefore:2234 because:2235 lt:3c gt:3e approxeq:224a
trianglelefteq:22b4 trianglerighteq:22b5
""")
_OPERATOR = _table("""
sum:2211 prod:220f coprod:2210 int:222b iint:222c iiint:222d oint:222e oiint:222f bigcup:22c3
bigcap:22c2 bigoplus:2a01 bigotimes:2a02 bigodot:2a00 biguplus:2a04 bigsqcup:2a06 bigvee:22c1
bigwedge:22c0
""")
_OPENING = _table(
    "langle:27e8 lfloor:230a lceil:2308 lbrace:7b {:7b lbrack:5b lparen:28 lvert:7c lVert:2016"
)
_CLOSING = _table(
    "rangle:27e9 rfloor:230b rceil:2309 rbrace:7d }:7d rbrack:5d rparen:29 rvert:7c rVert:2016"
)
_PUNCTUATION = _table("colon:3a cdotp:b7 ldotp:2e")
_INNER = _table("ldots:2026 dots:2026 dotsc:2026 cdots:22ef dotsb:22ef dotsm:22ef ddots:22f1")

COMMANDS: dict[str, tuple[str, Kind]] = {
    name: (char, kind)
    for table, kind in (
        (_ORDINARY, Kind.ORDINARY),
        (_BINARY, Kind.BINARY),
        (_RELATION, Kind.RELATION),
        (_OPERATOR, Kind.OPERATOR),
        (_OPENING, Kind.OPENING),
        (_CLOSING, Kind.CLOSING),
        (_PUNCTUATION, Kind.PUNCTUATION),
        (_INNER, Kind.INNER),
    )
    for name, char in table.items()
} | {"|": ("\N{DOUBLE VERTICAL LINE}", Kind.ORDINARY)}
"""Command, without its backslash, -> its character and kind."""

SIGNS: dict[str, tuple[str, Kind]] = (
    {sign: (sign, Kind.OPENING) for sign in "(["}
    | {sign: (sign, Kind.CLOSING) for sign in ")]!?"}
    | {sign: (sign, Kind.PUNCTUATION) for sign in ",;"}
    | {sign: (sign, Kind.RELATION) for sign in "=<>:"}
    | {
        "+": ("+", Kind.BINARY),
        "-": ("\N{MINUS SIGN}", Kind.BINARY),
        "*": ("\N{ASTERISK OPERATOR}", Kind.BINARY),
        "'": ("\N{PRIME}", Kind.ORDINARY),
    }
)
"""Character of the keyboard -> the character that is set for it, and its kind."""

WITH_LIMITS = frozenset(char for name, char in _OPERATOR.items() if not name.endswith("int"))
"""Operators whose limits stand above and below them in display style; an integral's do not."""

WORDS = words_of(
    """sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan log ln lg exp arg deg dim
    hom ker"""
)
LIMIT_WORDS = words_of("lim limsup liminf sup inf max min det gcd Pr argmax argmin")
"""Names of functions, set upright. Those in `LIMIT_WORDS` have limits, as a sum has."""

SPACES: dict[str, float] = {
    ",": 3 / 18,
    ":": 4 / 18,
    ">": 4 / 18,
    ";": 5 / 18,
    "!": -3 / 18,
    " ": 0.25,
    "~": 0.25,
    "enspace": 0.5,
    "quad": 1.0,
    "qquad": 2.0,
    "thinspace": 3 / 18,
    "medspace": 4 / 18,
    "thickspace": 5 / 18,
    "negthinspace": -3 / 18,
}
"""Command, without its backslash, or `~` -> its width in em."""

ACCENTS = _table("""
hat:302 widehat:302 tilde:303 widetilde:303 bar:304 vec:20d7 dot:307 ddot:308 dddot:20db check:30c
breve:306 acute:301 grave:300 mathring:30a overrightarrow:20d7 overleftarrow:20d6
""")
"""Command -> the combining character drawn above its argument."""
WIDE_ACCENTS = words_of("widehat widetilde overrightarrow overleftarrow")
"""Accents that grow with the width of their argument."""

# Code points of each alphabet's A, a and 0 in the block "Mathematical Alphanumeric Symbols".
_LATIN = {
    "bold": (0x1D400, 0x1D41A, 0x1D7CE),
    "italic": (0x1D434, 0x1D44E, None),
    "bold italic": (0x1D468, 0x1D482, 0x1D7CE),
    "script": (0x1D49C, 0x1D4B6, None),
    "fraktur": (0x1D504, 0x1D51E, None),
    "blackboard": (0x1D538, 0x1D552, 0x1D7D8),
    "sans": (0x1D5A0, 0x1D5BA, 0x1D7E2),
    "typewriter": (0x1D670, 0x1D68A, 0x1D7F6),
}
_GREEK = {  # code points of capital and small alpha
    "bold": (0x1D6A8, 0x1D6C2),
    "italic": (None, 0x1D6FC),
    "bold italic": (0x1D71C, 0x1D736),
}
# The characters whose bold and italic forms follow small omega in the block.
_GREEK_VARIANTS = (0x2202, 0x3F5, 0x3D1, 0x3F0, 0x3D5, 0x3F1, 0x3D6)
_OLDER = {  # unassigned code point of the block -> the letter that Unicode had before the block
    0x1D455: 0x210E, 0x1D49D: 0x212C, 0x1D4A0: 0x2130, 0x1D4A1: 0x2131, 0x1D4A3: 0x210B,
    0x1D4A4: 0x2110, 0x1D4A7: 0x2112, 0x1D4A8: 0x2133, 0x1D4AD: 0x211B, 0x1D4BA: 0x212F,
    0x1D4BC: 0x210A, 0x1D4C4: 0x2134, 0x1D506: 0x212D, 0x1D50B: 0x210C, 0x1D50C: 0x2111,
    0x1D515: 0x211C, 0x1D51D: 0x2128, 0x1D53A: 0x2102, 0x1D53F: 0x210D, 0x1D545: 0x2115,
    0x1D547: 0x2119, 0x1D548: 0x211A, 0x1D549: 0x211D, 0x1D551: 0x2124,
}  # fmt: skip


def _alphabet(name: str) -> Mapping[str, str]:
    """Return character -> the same character in the alphabet `name`."""
    capital, small, digit = _LATIN[name]
    greek_capital, greek_small = _GREEK.get(name, (None, None))
    moved = dict[str, int]()
    for first, start, count in (
        ("A", capital, 26),
        ("a", small, 26),
        ("0", digit, 10),
        ("\N{GREEK CAPITAL LETTER ALPHA}", greek_capital, 25),
        ("\N{GREEK SMALL LETTER ALPHA}", greek_small, 25),
    ):
        if start is not None:
            moved |= {chr(ord(first) + place): start + place for place in range(count)}
    if greek_small is not None:
        moved |= {chr(code): greek_small + 25 + i for i, code in enumerate(_GREEK_VARIANTS)}
    return MappingProxyType({char: chr(_OLDER.get(code, code)) for char, code in moved.items()})


ALPHABETS: Mapping[str, Mapping[str, str]] = {
    "upright": {},
    **{name: _alphabet(name) for name in _LATIN},
}
"""Alphabet -> character -> that character in the alphabet, where Unicode has it."""

ALPHABET_COMMANDS = {
    "mathrm": "upright",
    "mathup": "upright",
    "mathit": "italic",
    "mathbf": "bold",
    "boldsymbol": "bold italic",
    "bm": "bold italic",
    "mathcal": "script",
    "mathscr": "script",
    "mathfrak": "fraktur",
    "mathbb": "blackboard",
    "mathsf": "sans",
    "mathtt": "typewriter",
}
"""Command -> the alphabet of its argument."""

TEXT_ALPHABETS = {
    "text": "upright",
    "textrm": "upright",
    "textnormal": "upright",
    "mbox": "upright",
    "hbox": "upright",
    "textbf": "bold",
    "textit": "italic",
    "textsf": "sans",
    "texttt": "typewriter",
}
"""Command -> the alphabet of its argument, which is running text: its spaces are shown."""


def in_alphabet(text: str, name: str) -> str:
    """Return `text` with each character in alphabet `name`; one that it lacks stays as it is."""
    return "".join(ALPHABETS[name].get(char, char) for char in text)
