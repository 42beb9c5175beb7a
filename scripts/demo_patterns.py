"""Entries written by code: arithmetic, counting, conversions, calendars and word tables.

What a rule can state needs no author, and a rule gives the model enough examples to learn it
rather than a list to remember. Every function yields the entries of one topic.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise

from demo_entries import Entry, Turn

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    ("January", 31), ("February", 28), ("March", 31), ("April", 30), ("May", 31), ("June", 30),
    ("July", 31), ("August", 31), ("September", 30), ("October", 31), ("November", 30),
    ("December", 31),
)  # fmt: skip
ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
    "tenth", "eleventh", "twelfth",
)  # fmt: skip
NUMBER_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen", "twenty",
)  # fmt: skip
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

KINDS = {
    "animals": "dog cat horse lion elephant rabbit fox bear wolf mouse tiger cow owl whale",
    "fruits": "apple banana orange pear grape cherry peach plum mango lemon kiwi strawberry",
    "vegetables": "carrot potato onion pea bean cabbage spinach broccoli leek beetroot radish",
    "colours": "red blue green yellow orange purple pink brown black white grey turquoise",
    "birds": "robin eagle owl sparrow swan parrot penguin duck crow pigeon heron stork",
    "trees": "oak pine birch maple willow beech ash cedar elm poplar fir chestnut",
    "flowers": "rose tulip daisy lily sunflower violet orchid poppy iris daffodil lavender",
    "instruments": "piano guitar violin flute drum trumpet cello harp clarinet saxophone oboe",
    "sports": "football tennis swimming running basketball cycling hockey rowing golf skiing",
    "countries": "France Japan Brazil Kenya Canada Italy Egypt India Norway Spain Peru Greece",
}
SINGULAR = {
    "animals": "an animal", "fruits": "a fruit", "vegetables": "a vegetable",
    "colours": "a colour", "trees": "a tree", "flowers": "a flower",
    "instruments": "a musical instrument", "sports": "a sport", "countries": "a country",
    "birds": "a bird",
}  # fmt: skip

CAPITALS = {
    "Austria": "Vienna", "Belgium": "Brussels", "Denmark": "Copenhagen", "Finland": "Helsinki",
    "Norway": "Oslo", "Sweden": "Stockholm", "Ireland": "Dublin", "Poland": "Warsaw",
    "Hungary": "Budapest", "Greece": "Athens", "Turkey": "Ankara", "Russia": "Moscow",
    "Ukraine": "Kyiv", "Switzerland": "Bern", "Iceland": "Reykjavik", "Croatia": "Zagreb",
    "Romania": "Bucharest", "Bulgaria": "Sofia", "Kenya": "Nairobi", "Morocco": "Rabat",
    "Argentina": "Buenos Aires", "Chile": "Santiago", "Peru": "Lima", "Mexico": "Mexico City",
    "Cuba": "Havana", "Colombia": "Bogota", "Thailand": "Bangkok", "Vietnam": "Hanoi",
    "South Korea": "Seoul", "Indonesia": "Jakarta", "New Zealand": "Wellington",
    "Iraq": "Baghdad", "Iran": "Tehran", "Cyprus": "Nicosia", "Estonia": "Tallinn",
    "Latvia": "Riga", "Lithuania": "Vilnius", "Serbia": "Belgrade", "Slovakia": "Bratislava",
    "Slovenia": "Ljubljana",
}  # fmt: skip

OPPOSITES = (
    ("hot", "cold"), ("big", "small"), ("tall", "short"), ("fast", "slow"), ("happy", "sad"),
    ("light", "dark"), ("day", "night"), ("early", "late"), ("open", "closed"), ("full", "empty"),
    ("hard", "soft"), ("high", "low"), ("left", "right"), ("up", "down"), ("in", "out"),
    ("near", "far"), ("new", "old"), ("rich", "poor"), ("strong", "weak"), ("wet", "dry"),
    ("clean", "dirty"), ("good", "bad"), ("loud", "quiet"), ("heavy", "light"), ("young", "old"),
    ("true", "false"), ("first", "last"), ("easy", "difficult"), ("wide", "narrow"),
    ("thick", "thin"), ("brave", "afraid"), ("begin", "end"), ("push", "pull"), ("win", "lose"),
    ("buy", "sell"), ("give", "take"), ("love", "hate"), ("always", "never"), ("before", "after"),
    ("above", "below"), ("inside", "outside"), ("sweet", "bitter"), ("smooth", "rough"),
    ("sharp", "blunt"), ("cheap", "expensive"), ("asleep", "awake"), ("summer", "winter"),
    ("north", "south"), ("east", "west"), ("polite", "rude"), ("safe", "dangerous"),
    ("simple", "complex"), ("same", "different"), ("deep", "shallow"), ("remember", "forget"),
    ("find", "lose"), ("laugh", "cry"), ("arrive", "leave"), ("accept", "refuse"),
    ("generous", "mean"),
)  # fmt: skip

PLURALS = (
    ("cat", "cats"), ("dog", "dogs"), ("book", "books"), ("child", "children"),
    ("mouse", "mice"), ("foot", "feet"), ("tooth", "teeth"), ("goose", "geese"),
    ("man", "men"), ("woman", "women"), ("person", "people"), ("sheep", "sheep"),
    ("fish", "fish"), ("leaf", "leaves"), ("knife", "knives"), ("wolf", "wolves"),
    ("city", "cities"), ("baby", "babies"), ("berry", "berries"), ("box", "boxes"),
    ("bus", "buses"), ("church", "churches"), ("dish", "dishes"), ("potato", "potatoes"),
    ("tomato", "tomatoes"), ("hero", "heroes"), ("photo", "photos"), ("key", "keys"),
    ("toy", "toys"), ("day", "days"), ("house", "houses"), ("glass", "glasses"),
    ("watch", "watches"), ("life", "lives"), ("half", "halves"), ("ox", "oxen"),
    ("deer", "deer"), ("family", "families"), ("country", "countries"), ("shelf", "shelves"),
)  # fmt: skip

LANGUAGES = ("Spanish", "French", "German")
TRANSLATIONS = {
    "hello": ("hola", "bonjour", "hallo"), "goodbye": ("adiós", "au revoir", "auf Wiedersehen"),
    "thank you": ("gracias", "merci", "danke"), "please": ("por favor", "s'il vous plaît", "bitte"),
    "yes": ("sí", "oui", "ja"), "no": ("no", "non", "nein"),
    "good morning": ("buenos días", "bonjour", "guten Morgen"),
    "good night": ("buenas noches", "bonne nuit", "gute Nacht"),
    "water": ("agua", "eau", "Wasser"), "bread": ("pan", "pain", "Brot"),
    "milk": ("leche", "lait", "Milch"), "coffee": ("café", "café", "Kaffee"),
    "tea": ("té", "thé", "Tee"), "apple": ("manzana", "pomme", "Apfel"),
    "house": ("casa", "maison", "Haus"), "cat": ("gato", "chat", "Katze"),
    "dog": ("perro", "chien", "Hund"), "book": ("libro", "livre", "Buch"),
    "sun": ("sol", "soleil", "Sonne"), "moon": ("luna", "lune", "Mond"),
    "friend": ("amigo", "ami", "Freund"), "mother": ("madre", "mère", "Mutter"),
    "father": ("padre", "père", "Vater"), "child": ("niño", "enfant", "Kind"),
    "red": ("rojo", "rouge", "rot"), "blue": ("azul", "bleu", "blau"),
    "green": ("verde", "vert", "grün"), "white": ("blanco", "blanc", "weiß"),
    "black": ("negro", "noir", "schwarz"), "day": ("día", "jour", "Tag"),
    "night": ("noche", "nuit", "Nacht"), "school": ("escuela", "école", "Schule"),
    "one": ("uno", "un", "eins"), "two": ("dos", "deux", "zwei"),
    "three": ("tres", "trois", "drei"), "four": ("cuatro", "quatre", "vier"),
    "five": ("cinco", "cinq", "fünf"), "six": ("seis", "six", "sechs"),
    "seven": ("siete", "sept", "sieben"), "eight": ("ocho", "huit", "acht"),
    "nine": ("nueve", "neuf", "neun"), "ten": ("diez", "dix", "zehn"),
}  # fmt: skip

RHYMES = {
    "cat": "hat, bat, mat", "dog": "log, fog, frog", "tree": "bee, sea, free",
    "light": "night, bright, kite", "day": "play, way, say", "moon": "spoon, soon, tune",
    "star": "car, far, jar", "rain": "train, plane, chain", "house": "mouse, blouse",
    "book": "cook, look, hook", "ball": "tall, wall, fall", "cake": "lake, snake, make",
    "sun": "fun, run, bun", "ring": "sing, king, spring", "bed": "red, head, bread",
    "boat": "coat, goat, note", "bear": "chair, hair, pear", "time": "lime, rhyme, climb",
    "snow": "go, low, grow", "blue": "shoe, two, true", "nose": "rose, toes, hose",
    "fish": "dish, wish", "hill": "mill, still, fill", "stone": "phone, bone, alone",
    "heart": "art, part, start",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Conversion:
    """A unit conversion: target = source * factor + offset."""

    source: str
    target: str
    factor: float
    offset: float
    rule: str
    values: tuple[int, ...]

    @property
    def exact(self) -> bool:
        """Whether the answer is shown without rounding: these factors are definitions."""
        return self.factor == int(self.factor) or self.offset != 0


STEPS = (1, 2, 3, 5, 8, 10, 15, 20, 25, 30, 40, 50, 100)
CONVERSIONS = (
    Conversion("kilometres", "miles", 0.6214, 0, "multiply kilometres by 0.6214", STEPS),
    Conversion("miles", "kilometres", 1.6093, 0, "multiply miles by 1.6093", STEPS),
    Conversion("kilograms", "pounds", 2.2046, 0, "multiply kilograms by 2.2046", STEPS),
    Conversion("pounds", "kilograms", 0.4536, 0, "multiply pounds by 0.4536", STEPS),
    Conversion("metres", "feet", 3.2808, 0, "multiply metres by 3.2808", STEPS),
    Conversion("feet", "metres", 0.3048, 0, "multiply feet by 0.3048", STEPS),
    Conversion("inches", "centimetres", 2.54, 0, "multiply inches by 2.54", STEPS),
    Conversion("degrees Celsius", "degrees Fahrenheit", 1.8, 32,
               "multiply Celsius by 1.8 and add 32", (0, 5, 10, 15, 20, 25, 30, 35, 40, 100)),
    Conversion("hours", "minutes", 60, 0, "multiply hours by 60", tuple(range(2, 13))),
    Conversion("minutes", "seconds", 60, 0, "multiply minutes by 60", tuple(range(2, 13))),
    Conversion("days", "hours", 24, 0, "multiply days by 24", tuple(range(2, 11))),
    Conversion("weeks", "days", 7, 0, "multiply weeks by 7", tuple(range(2, 13))),
    Conversion("years", "months", 12, 0, "multiply years by 12", tuple(range(2, 13))),
    Conversion("dozen", "single items", 12, 0, "multiply dozens by 12", tuple(range(2, 11))),
    Conversion("metres", "centimetres", 100, 0, "multiply metres by 100", STEPS[1:]),
    Conversion("kilometres", "metres", 1000, 0, "multiply kilometres by 1000", STEPS[1:]),
    Conversion("kilograms", "grams", 1000, 0, "multiply kilograms by 1000", STEPS[1:]),
    Conversion("litres", "millilitres", 1000, 0, "multiply litres by 1000", STEPS[1:]),
)  # fmt: skip


def pattern_entries() -> Iterator[Entry]:
    """Every entry the rules give, always in the same order."""
    return chain(
        arithmetic(), counting(), comparisons(), conversions(), calendar(), letters(),
        number_words(), capitals(), opposites(), plurals(), translations(), rhymes(),
        kind_lists(), kinds(), copying(), sorting(),
    )  # fmt: skip


def arithmetic() -> Iterator[Entry]:
    """Sums and differences up to 20 + 20, products up to 12 * 12, exact quotients."""
    for a in range(21):
        for b in range(21):
            yield _sum(a, b, "+", "plus", a + b)
            if b <= a:
                yield _sum(a, b, "-", "minus", a - b)
    for a in range(1, 13):
        for b in range(1, 13):
            yield _sum(a, b, "*", "times", a * b)
            yield _sum(a * b, b, "/", "divided by", a)


def counting() -> Iterator[Entry]:
    """Numbers in order: up, down, in steps, odd, even, squares, multiplication tables."""
    for start in (0, 1, 2, 3, 5, 10):
        for end in range(start + 4, start + 21, 2):
            yield _counting(f"from {start} to {end}", range(start, end + 1))
            yield _counting(f"down from {end} to {start}", range(end, start - 1, -1))
    for step in (2, 3, 5, 10):
        for many in (5, 6, 8, 10, 12):
            end = step * many
            yield _counting(f"by {step} up to {end}", range(step, end + 1, step))
    for end in (10, 12, 16, 20, 30):
        yield _numbers(f"even numbers up to {end}", range(2, end + 1, 2))
        yield _numbers(f"odd numbers up to {end}", range(1, end + 1, 2))
    for many in (5, 6, 8, 10, 12):
        yield _numbers(f"first {many} square numbers", (n * n for n in range(1, many + 1)))
        yield _numbers(f"first {many} even numbers", range(2, 2 * many + 1, 2))
        yield _numbers(f"first {many} odd numbers", range(1, 2 * many, 2))
    for n in range(2, 13):
        yield _times_table(n)


def comparisons() -> Iterator[Entry]:
    """Which of two numbers is larger, and even or odd."""
    for a in range(1, 40, 3):
        for b in range(2, 60, 7):
            if a != b:
                yield _entry(
                    "comparing", f"{max(a, b)} is larger than {min(a, b)}.",
                    f"Which is larger, {a} or {b}?", f"Which number is bigger: {a} or {b}?",
                    f"Is {a} or {b} the larger number?", f"Compare {a} and {b}",
                )  # fmt: skip
    for n in range(41):
        half = f"{n} = 2 * {n // 2}" + (" + 1" if n % 2 else "")
        kind = "odd" if n % 2 else "even"
        yield _entry(
            "comparing", f"{n} is {kind}, because {half}.",
            f"Is {n} even or odd?", f"Is {n} an even number or an odd number?",
            f"Tell me whether {n} is odd or even", f"{n}: odd or even?",
        )  # fmt: skip


def conversions() -> Iterator[Entry]:
    """A unit in another unit, with the rule that gives it."""
    for rule in CONVERSIONS:
        for value in rule.values:
            yield _conversion(rule, value)


def calendar() -> Iterator[Entry]:
    """Days and months: neighbours, places in the year, lengths."""
    yield from _neighbours("day", DAYS)
    yield from _neighbours("month", tuple(name for name, _ in MONTHS))
    for ordinal, (month, length) in zip(ORDINALS, MONTHS, strict=True):
        days = f"{length} days" + (", or 29 in a leap year" if month == "February" else "")
        yield _entry(
            "calendar", f"{month} has {days}.",
            f"How many days are in {month}?", f"How many days does {month} have?",
            f"How long is {month}?", f"days in {month}", f"Number of days in {month}?",
        )  # fmt: skip
        yield _entry(
            "calendar", f"{month} is the {ordinal} month of the year.",
            f"Which month is the {ordinal}?", f"What is the {ordinal} month of the year?",
            f"Name the {ordinal} month", f"Where does {month} come in the year?",
        )  # fmt: skip


def letters() -> Iterator[Entry]:
    """The alphabet, its neighbours, and the first and last letters of words."""
    yield _entry(
        "letters", ", ".join(ALPHABET),
        "Say the alphabet", "What are the letters of the alphabet?", "List the alphabet",
        "Write the English alphabet", "Recite the ABC", "alphabet",
    )  # fmt: skip
    yield from _neighbours("letter", tuple(ALPHABET), topic="letters", wraps=False)
    for word in sorted(set(" ".join(KINDS.values()).lower().split())):
        for place, letter in (("first", word[0]), ("last", word[-1])):
            yield _entry(
                "letters", f'The {place} letter of "{word}" is {letter.upper()}.',
                f'What is the {place} letter of "{word}"?', f'{place} letter of "{word}"',
                f'Tell me the {place} letter of the word "{word}"',
            )  # fmt: skip


def number_words() -> Iterator[Entry]:
    """Numbers up to twenty in words."""
    for n, word in enumerate(NUMBER_WORDS):
        yield _entry(
            "number words", f'{n} in words is "{word}".',
            f"How do you write {n} in words?", f"Write {n} as a word", f"Spell the number {n}",
            f"What is {n} in words?",
        )  # fmt: skip
        yield _entry(
            "number words", f'"{word}" as a number is {n}.',
            f'What number is "{word}"?', f'Write "{word}" as a number',
            f'Which number is the word "{word}"?',
        )  # fmt: skip


def capitals() -> Iterator[Entry]:
    """Countries and their capitals, both ways."""
    for country, city in CAPITALS.items():
        yield _entry(
            "capitals", f"The capital of {country} is {city}.",
            f"What is the capital of {country}?", f"Which city is the capital of {country}?",
            f"Name the capital of {country}", f"capital of {country}",
            f"{country}'s capital?", f"Tell me the capital city of {country}",
        )  # fmt: skip
        yield _entry(
            "capitals", f"{city} is the capital of {country}.",
            f"{city} is the capital of which country?", f"Which country has {city} as its capital?",
            f"What country is {city} the capital of?",
        )  # fmt: skip


def opposites() -> Iterator[Entry]:
    """Words and their opposites, both ways where the way back is the same word."""
    seconds = [second for _, second in OPPOSITES]
    firsts = {first for first, _ in OPPOSITES}
    for first, second in OPPOSITES:
        yield _opposite(first, second)
        if seconds.count(second) == 1 and second not in firsts:
            yield _opposite(second, first)


def plurals() -> Iterator[Entry]:
    """One and many."""
    for one, many in PLURALS:
        yield _entry(
            "plurals", f'The plural of "{one}" is "{many}".',
            f'What is the plural of "{one}"?', f"What is the plural of {one}?",
            f"plural of {one}", f"How do you write more than one {one}?",
            f'Give me the plural form of "{one}"',
        )  # fmt: skip


def translations() -> Iterator[Entry]:
    """Common English words in three languages."""
    for english, foreign in TRANSLATIONS.items():
        for language, word in zip(LANGUAGES, foreign, strict=True):
            yield _entry(
                "translation", f'"{english}" in {language} is "{word}".',
                f'How do you say "{english}" in {language}?',
                f"How do I say {english} in {language}?", f"Translate {english} into {language}",
                f'Translate "{english}" to {language}', f'What is "{english}" in {language}?',
                f"{language} word for {english}",
            )  # fmt: skip


def rhymes() -> Iterator[Entry]:
    """Words that sound alike at the end."""
    for word, others in RHYMES.items():
        yield _entry(
            "rhymes", f'These words rhyme with "{word}": {others}.',
            f'What rhymes with "{word}"?', f"What rhymes with {word}?",
            f"Give me words that rhyme with {word}", f"rhymes for {word}",
            f"Find a rhyme for {word}",
        )  # fmt: skip


def kind_lists() -> Iterator[Entry]:
    """Three to ten things of a kind, as a bulleted list or one line, in three fixed orders."""
    for kind, words in KINDS.items():
        names = words.split()
        for many in range(3, 11):
            for turn in (0, 1, 2):
                shift = 3 * turn
                chosen = (names[shift:] + names[:shift])[:many]
                yield _listed(kind, many, chosen, bulleted=turn != 1)


def kinds() -> Iterator[Entry]:
    """What kind of thing a word names; words of two kinds are left out."""
    every = " ".join(KINDS.values()).split()
    for kind, words in KINDS.items():
        for word in words.split():
            if every.count(word) == 1:
                yield _entry(
                    "kinds", f"{word[:1].upper()}{word[1:]}: that is {SINGULAR[kind]}.",
                    f'What kind of thing is "{word}"?', f'What does the word "{word}" name?',
                    f"{word}: what kind of thing is it?",
                )  # fmt: skip


def copying() -> Iterator[Entry]:
    """Sentences to repeat, so that the model learns to copy from the question."""
    rng = random.Random(1)
    names = "Anna Ben Clara David Emma Felix Greta Hugo Ida Jonas Kate Leo Mia Noah Olga".split()
    verbs = "likes paints sees finds buys draws wants hears carries loves needs misses".split()
    sizes = "small big old new red blue green quiet warm bright cold happy".split()
    things = "house garden boat river cat lamp clock song tree bridge hat cake book".split()
    for _ in range(700):
        choices = (rng.choice(names), rng.choice(verbs), rng.choice(sizes), rng.choice(things))
        name, verb, size, thing = choices
        text = rng.choice(
            (f"{name} {verb} the {size} {thing}.", f"The {thing} is {size}.", f"{size} {thing}",
             f"{name}, {size}, {thing}", f"{name} {verb} a {thing} and a {rng.choice(things)}."),
        )  # fmt: skip
        yield _entry(
            "copy", text,
            f"Repeat after me: {text}", f"Say this: {text}", f"Repeat this exactly: {text}",
            f"Copy this text: {text}", f"Please write: {text}",
        )  # fmt: skip


def sorting() -> Iterator[Entry]:
    """Words in alphabetical order, numbers in rising order."""
    rng = random.Random(2)
    # Countries begin with a capital letter, which Python sorts before the others.
    words = sorted(word for word in set(" ".join(KINDS.values()).split()) if word.islower())
    for _ in range(250):
        chosen = rng.sample(words, rng.choice((3, 4, 5)))
        given = ", ".join(chosen)
        yield _entry(
            "sorting", f"In alphabetical order: {', '.join(sorted(chosen))}.",
            f"Sort these words: {given}", f"Sort alphabetically: {given}",
            f"Put these words in alphabetical order: {given}", f"Order these words: {given}",
        )  # fmt: skip
    for _ in range(250):
        numbers = rng.sample(range(1, 51), rng.choice((3, 4, 5)))
        given = _joined(numbers)
        yield _entry(
            "sorting", f"From smallest to largest: {_joined(sorted(numbers))}.",
            f"Sort these numbers: {given}", f"Put these numbers in order: {given}",
            f"Order from smallest to largest: {given}", f"Sort the numbers {given}",
        )  # fmt: skip


def _entry(topic: str, answer: str, *questions: str) -> Entry:
    return Entry(topic, (Turn(questions, answer),))


def _joined(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def _sum(a: int, b: int, sign: str, word: str, result: int) -> Entry:
    return _entry(
        "arithmetic", f"{a} {sign} {b} = {result}.",
        f"What is {a} {sign} {b}?", f"What is {a} {word} {b}?", f"{a} {sign} {b}",
        f"{a}{sign}{b}=?", f"How much is {a} {word} {b}?", f"Calculate {a} {sign} {b}",
    )  # fmt: skip


def _counting(span: str, numbers: Iterable[int]) -> Entry:
    return _entry(
        "counting", _joined(numbers),
        f"Count {span}", f"Can you count {span}?", f"Count {span} for me.", f"count {span} please",
    )  # fmt: skip


def _numbers(name: str, numbers: Iterable[int]) -> Entry:
    answer = _joined(numbers)
    return _entry(
        "counting", f"The {name} are {answer}.",
        f"List the {name}", f"What are the {name}?", f"Give me the {name}", f"Show the {name}.",
    )  # fmt: skip


def _times_table(n: int) -> Entry:
    rows = "\n".join(f"- {n} * {k} = {n * k}" for k in range(1, 11))
    return _entry(
        "counting", rows,
        f"Show the {n} times table", f"What is the multiplication table of {n}?",
        f"times table of {n}", f"Write the {n} times table", f"Multiplication table for {n}",
    )  # fmt: skip


def _conversion(rule: Conversion, value: int) -> Entry:
    result = value * rule.factor + rule.offset
    shown = f"{result:.0f}" if rule.exact else f"{result:.1f}"
    about = "" if rule.exact else "about "
    source = rule.source
    if value == 1:
        source = {"feet": "foot", "inches": "inch"}.get(source, source.removesuffix("s"))
    asked = f"{value} {source}"
    return _entry(
        "conversions", f"{asked} {_be(value)} {about}{shown} {rule.target}: {rule.rule}.",
        f"What is {asked} in {rule.target}?", f"How many {rule.target} are {asked}?",
        f"Convert {asked} to {rule.target}", f"{asked} in {rule.target}",
        f"How many {rule.target} are in {asked}?",
    )  # fmt: skip


def _be(value: int) -> str:
    return "is" if value == 1 else "are"


def _neighbours(
    kind: str,
    names: tuple[str, ...],
    topic: str = "calendar",
    *,
    wraps: bool = True,
) -> Iterator[Entry]:
    pairs = list(pairwise(names))
    if wraps:
        pairs.append((names[-1], names[0]))
    for before, after in pairs:
        yield _entry(
            topic, f"{after} comes after {before}.",
            f"What {kind} comes after {before}?", f"Which {kind} follows {before}?",
            f"What comes after {before}?", f"{kind} after {before}",
            f"Name the {kind} after {before}",
        )  # fmt: skip
        yield _entry(
            topic, f"{before} comes before {after}.",
            f"What {kind} comes before {after}?", f"Which {kind} is before {after}?",
            f"What comes before {after}?", f"{kind} before {after}",
            f"Name the {kind} before {after}",
        )  # fmt: skip


def _opposite(word: str, opposite: str) -> Entry:
    return _entry(
        "opposites", f'The opposite of "{word}" is "{opposite}".',
        f"What is the opposite of {word}?", f'What is the opposite of "{word}"?',
        f"opposite of {word}", f"Tell me the opposite of {word}",
        f"Which word means the opposite of {word}?",
    )  # fmt: skip


def _listed(kind: str, many: int, names: list[str], *, bulleted: bool) -> Entry:
    word = NUMBER_WORDS[many]
    if bulleted:
        answer = "\n".join(f"- {name}" for name in names)
        questions = (
            f"List {many} {kind}", f"Make a list of {many} {kind}", f"Give me {word} {kind}",
            f"List {word} {kind}.", f"Write a list of {word} {kind}",
        )  # fmt: skip
    else:
        answer = f"{', '.join(names[:-1])} and {names[-1]}."
        questions = (
            f"Name {many} {kind}", f"Name {word} {kind}", f"Can you name {many} {kind}?",
            f"Tell me {many} {kind} in one line", f"What are {word} {kind}?",
        )  # fmt: skip
    return _entry("kind lists", answer, *questions)
