"""Distinct texts of a file that its columns are judged by: codes that lists read differently, words for “not stated”."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from records.instruments.spec import Variable
from records.reading.code_list_question import verdict_of
from records.validation import parsing
from records.validation.meanings import states_nothing
from standards import code_systems, codelists
from standards.code_systems import OwnList, Verdict

MOST = 2000  # distinct codes of a variable; lists of codes are shorter
MOST_STATING = 50 * MOST  # texts of a variable that are remembered: dates of a century are 36,525
SHOWN = 12  # blank words of a variable that are told


@dataclass
class CodedTexts:
    """The codes of each column of a whole file, of which only the first rows were looked at before."""

    own_lists: Sequence[OwnList] = ()
    texts: dict[str, set[str]] = field(default_factory=dict)
    seen: dict[str, set[str]] = field(default_factory=dict)

    def add(self, variable: Variable, counts: Mapping[str, int]) -> None:
        """Add the distinct texts of one block that are codes of any list."""
        systems = code_systems.systems_of(variable.codelist, self.own_lists)
        codes = self.texts.setdefault(variable.name, set())
        if not systems or len(codes) >= MOST:
            return
        seen = self.seen.setdefault(variable.name, set())
        fresh = {t for t in counts.keys() - seen if len(t) <= code_systems.LONGEST}
        if len(seen) < MOST_STATING:
            seen |= fresh
        codes.update(text for text in fresh if code_systems.readings_of(systems, text))

    def verdict(self, variable: Variable) -> Verdict:
        """Return what the column proves of the list that it follows."""
        return verdict_of(variable, sorted(self.texts.get(variable.name, ())), self.own_lists)


@dataclass
class BlankWords:
    """Texts that were read as “not stated”, by variable, with their counts: told to the sender. An empty cell is none."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    stating: dict[str, set[str]] = field(
        default_factory=dict
    )  # texts looked at that are no blank words

    def add(self, variable: Variable, counts: Mapping[str, int]) -> None:
        """Add those of the distinct texts of one block that state nothing."""
        stating = self.stating.setdefault(variable.name, set())
        fresh = {t for t in counts.keys() - stating if len(t) <= parsing.LONGEST_BLANK}
        short = [text for text in fresh if text.strip()]
        blank = _blank(variable, short)
        if len(stating) < MOST_STATING:
            stating |= fresh
            stating.difference_update(blank)
        for text in sorted(blank):
            word = " ".join(text.split())
            self.counts.setdefault(variable.name, Counter())[word] += counts[text]

    def as_json(self) -> list[dict[str, Any]]:
        """Return {variable, text, count} as the report keeps them, the most frequent of each variable first."""
        return [
            {"variable": name, "text": text, "count": count}
            for name, counts in self.counts.items()
            for text, count in counts.most_common(SHOWN)
        ]


def _blank(variable: Variable, texts: Sequence[str]) -> list[str]:
    """Return the texts that state nothing for a variable. Of a code the list goes first: NA may be Namibia."""
    if variable.kind != "code":
        return [text for text in texts if parsing.says_nothing(text, variable.kind)]
    matches = codelists.load(variable.codelist).match(texts, variable.codes)
    return [
        text
        for text, match in zip(texts, matches, strict=True)
        if (match.code == variable.unknown and text.strip() != match.code and variable.unknown)
        or states_nothing(variable, text, match)
    ]
