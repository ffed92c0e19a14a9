"""A code list: codes with labels and aliases in three languages, and the look-up of messy texts."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from standards import inflection, wording
from standards.spelling import fold, normalise, one_script
from standards.wording import AMBIGUOUS, BY_LOOK, NOTHING, Match


@dataclass(frozen=True)
class Code:
    """One code. `retired` is the day (ISO 8601) from which events are no longer recorded with it, but with the successor."""

    code: str
    labels: dict[str, str]
    aliases: tuple[str, ...] = ()
    parent: str = ""
    retired: str = ""
    successor: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """The code, its labels and aliases: what means it in a file."""
        return (self.code, *self.labels.values(), *self.aliases)

    def is_in_use(self, day: date) -> bool:
        """Say whether the code is used on a day: it is not retired yet."""
        return not self.retired or day.isoformat() < self.retired

    def label(self, language: str) -> str:
        return self.labels.get(language) or self.labels["en"]


# “КР” is no North Korea: so few letters that only look like another alphabet's are a code of somebody else.
LETTERS_OF_A_CODE = 2
NOT_STATED = "_U"  # how the code for what is not stated ends


@dataclass(frozen=True)
class CodeList:
    """A code list.

    words    texts that must not be matched, with the reason
    parts    texts that name a part of what a code stands for: Scotland
    numbers  numbers of another list, which prove nothing by themselves: 643 of ISO 3166
    places   whether the codes are places, whose names are read in their cases and styles too
    parents  the list that holds the parents of the codes, where they are not in this one
    day      the day for which it was put together: codes that are retired by then are not chosen any more
    title    what people call the list
    unstated the code for what is not stated, where it does not end with `NOT_STATED`
    standard the standard whose codes they are; "" where the statistics office may add and retire codes
    above    returns that list of parents
    """

    name: str
    codes: tuple[Code, ...]
    words: dict[str, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    places: bool = False
    parents: str = ""
    day: date = date.min
    title: dict[str, str] = field(default_factory=dict)
    unstated: str = ""
    standard: str = ""
    above: "Callable[[], CodeList] | None" = field(default=None, compare=False, repr=False)

    @cached_property
    def by_code(self) -> dict[str, Code]:
        return {c.code: c for c in self.codes}

    def label(self, code: str, language: str = "en") -> str:
        """Return the label of a code, or the code itself where the list has no such code."""
        item = self.by_code.get(code)
        return item.label(language) if item else code

    @property
    def not_stated(self) -> str:
        """The code for what is not stated; "" where the list has none."""
        own = (code.code for code in self.codes if code.code.endswith(NOT_STATED))
        return self.unstated or next(own, "")

    @cached_property
    def in_use(self) -> tuple[Code, ...]:
        """The codes that are not retired, in the order of the list."""
        return tuple(code for code in self.codes if code.is_in_use(self.day))

    @cached_property
    def retired(self) -> tuple[Code, ...]:
        """The codes that are retired by now or from a day to come, in the order of the list."""
        return tuple(code for code in self.codes if code.retired)

    def meant(self, code: str, day: date | None = None) -> str:
        """Return the code that stands for a code on a day, now if none is named; "" for none.

        That is the code itself until it is retired, then its successor, if it has one.
        """
        day = self.day if day is None else day
        item, passed = self.by_code[code], {code}
        while not item.is_in_use(day):
            if item.successor in passed or item.successor not in self.by_code:
                return ""
            item = self.by_code[item.successor]
            passed.add(item.code)
        return item.code

    def shared(self, one: str, other: str) -> str:
        """Return the code that a name of two codes means: that of which the other is a successor; else ""."""
        for first, last in ((one, other), (other, one)):
            if last in self._successors_of(first):
                return first
        return ""

    def share_a_name(self, one: str, other: str) -> bool:
        """Say whether there is a text that is a name of both codes."""
        names = [{normalise(text) for text in self.by_code[code].texts} for code in (one, other)]
        return not names[0].isdisjoint(names[1])

    def _successors_of(self, code: str) -> Sequence[str]:
        """Return a code and its successors, the nearest first."""
        passed = []
        while code in self.by_code and code not in passed:
            passed.append(code)
            code = self.by_code[code].successor
        return passed

    def children_of(self, parent: str) -> tuple[str, ...]:
        """Return the codes right below a parent, in the order of the list."""
        return tuple(c.code for c in self.codes if c.parent == parent)

    def ancestors(self, code: str) -> tuple[str, ...]:
        """Return the parent of a code, its parent and so on, the nearest first; none where it has none."""
        item = self.by_code.get(code)
        if item is None:
            return self.above().ancestors(code) if self.above else ()
        return (item.parent, *self.ancestors(item.parent)) if item.parent else ()

    def within(self, parent: str) -> tuple[str, ...]:
        """Return the codes that are the parent or lie below it, however deep, in the order of the list."""
        return tuple(
            c.code for c in self.codes if parent == c.code or parent in self.ancestors(c.code)
        )

    def numbered(self, texts: Iterable[str]) -> dict[str, str]:
        """Return the bare numbers among texts, each with the code it has in `numbers`, or ""."""
        if not self.numbers:
            return {}
        numbers = {text.strip(): wording.NUMBER.match(text) for text in texts}
        return {text: self.numbers.get(number[1], "") for text, number in numbers.items() if number}

    def match(self, texts: Sequence[str], codes: Iterable[str] = ()) -> list[Match]:
        """Look up distinct texts. `codes` restricts the answer to a part of the list.

        A name of a retired code means that code: which one stands for it depends on the day (`meant`).
        """
        allowed = frozenset(codes)
        matches = (self._match(text) for text in texts)
        return [
            m if not allowed or (m.code or m.suggestion) in allowed else NOTHING for m in matches
        ]

    def _match(self, text: str) -> Match:
        known = self._known
        if text not in known:
            if len(known) > 100_000:  # a hostile file must not fill the memory
                known.clear()
            known[text] = self._find(text)
        return known[text]

    def _find(self, text: str) -> Match:
        key = normalise(text)
        if reason := self.words.get(key):
            return Match(None, note=reason)
        if code := self.parts.get(key):
            return Match(code, note="part")
        if match := self._at(1, key):
            return match
        folded = fold(key)
        if match := self._at(2, folded) or self._at(3, one_script(folded)):
            return match
        return self._wordings.read(text, folded)

    def _at(self, level: int, key: str) -> Match | None:
        code = self._indexes[level - 1].get(key)
        if code and level == BY_LOOK and self.places and len(key) <= LETTERS_OF_A_CODE:
            return Match(None, note="suggested", suggestion=code)
        if code:
            return Match(code, level)
        return None if code is None else AMBIGUOUS

    @cached_property
    def _wordings(self) -> wording.Wordings:
        known = self._indexes[1] | {fold(word): "" for word in self.words}
        return wording.Wordings(
            known,
            lambda text: fold(normalise(text)),
            self._names_in_all_cases() if self.places else (),
            self.numbers,
            self.shared,
        )

    def _names_in_all_cases(self) -> Iterator[tuple[str, str]]:
        for code in self.codes:
            names = [*code.labels.items(), *((inflection.language_of(a), a) for a in code.aliases)]
            for language, name in names:
                for form in (name, *inflection.cases(name, language)):
                    yield form, code.code

    @cached_property
    def _known(self) -> dict[str, Match]:
        return {}

    @cached_property
    def _indexes(self) -> tuple[dict[str, str], ...]:
        """Look-ups by strictness. A key that two codes share maps to "": ambiguous."""
        indexes = []
        for form in FORMS:
            index: dict[str, str] = {}
            for code in self.codes:
                for text in code.texts:
                    if key := form(normalise(text)):
                        index[key] = self.shared(index.get(key, code.code), code.code)
            indexes.append(index)
        return tuple(indexes)


FORMS: tuple[Callable[[str], str], ...] = (str, fold, one_script)
