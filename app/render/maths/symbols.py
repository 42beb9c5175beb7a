"""LaTeX commands that are one character, by the part they play between their neighbours.

The parts are those of Knuth's TeXbook, chapter 17; they decide the space around a character.
Code points stand as hexadecimal numbers, because many of these characters look alike.
"""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What an atom is to its neighbours."""

    ORDINARY = "ordinary"
    OPERATOR = "operator"
    BINARY = "binary"
    RELATION = "relation"
    OPENING = "opening"
    CLOSING = "closing"
    PUNCTUATION = "punctuation"
    INNER = "inner"


def _table(pairs: str) -> dict[str, str]:
    return {name: chr(int(code, 16)) for name, code in (pair.split(":") for pair in pairs.split())}


def words_of(text: str) -> frozenset[str]:
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
"""Command, without its backslash, -> its character and part."""

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
"""What a character of the keyboard stands for."""

WITH_LIMITS = frozenset(char for name, char in _OPERATOR.items() if not name.endswith("int"))
"""Operators that carry their limits above and below in display style; integrals do not."""

WORDS = words_of(
    """sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan log ln lg exp arg deg dim
    hom ker"""
)
LIMIT_WORDS = words_of("lim limsup liminf sup inf max min det gcd Pr argmax argmin")
"""Upright words; those of the second set carry limits, as a sum does."""

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
"""In em."""

ACCENTS = _table("""
hat:302 widehat:302 tilde:303 widetilde:303 bar:304 vec:20d7 dot:307 ddot:308 dddot:20db check:30c
breve:306 acute:301 grave:300 mathring:30a overrightarrow:20d7 overleftarrow:20d6
""")
WIDE_ACCENTS = words_of("widehat widetilde overrightarrow overleftarrow")
