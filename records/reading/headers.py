"""Which header names which variable of an instrument."""

import re
from collections.abc import Sequence
from itertools import accumulate

from records.instruments.spec import Spec
from records.reading.personal_columns import kind_of_header
from standards.spelling import fold, normalise, one_script

REMARK = re.compile(r"\([^)]*\)|[*:]+\s*$")  # "Sex (M/F)", "Date of birth*:"


class Names:
    """Headers the instrument knows, wants dropped, or ignores; compared as written, then by look."""

    def __init__(self, spec: Spec) -> None:
        self.known = spec.header_aliases()
        self.numbers = {v.name for v in spec.variables if v.kind == "ref"}
        self.forbidden = {normalise(f) for f in spec.forbidden}
        self.ignored = {normalise(i) for i in spec.ignored} | {"№"}
        self.composite = {
            normalise(header): composite["parts"]
            for composite in spec.composites
            for header in composite["headers"]
        }
        self.looks = [
            (how, {form(k): v for k, v in self.known.items()}, {form(f) for f in self.forbidden})
            for how, form in (("folded", fold), ("look_alike", one_script))
        ]
        self.forms = {"folded": fold, "look_alike": one_script}
        self.dropped = {f for f in self.forbidden if len(f) > 3}  # also where more words follow
        # Rows of hundreds of cells are compared many times: each text is looked up once.
        self._matches: dict[str, tuple[tuple[str | None, str], bool]] = {}

    def find(self, header: str) -> tuple[str | None, str]:
        """Return (variable, how) of a header."""
        match, as_written = self._match(header)
        if as_written:
            return match
        # “Number (passport)” is no number of a case; “Citizenship (passport)” is a citizenship.
        if (match[0] is None or match[0] in self.numbers) and kind_of_header(header):
            return match if match[1] == "part" else (None, "forbidden")
        return match

    def variable(self, header: str) -> str | None:
        """Return the variable that a header names, as `find` does; what else it may speak of is not asked."""
        (variable, _how), as_written = self._match(header)
        return variable if as_written or variable not in self.numbers else self.find(header)[0]

    def _match(self, header: str) -> tuple[tuple[str | None, str], bool]:
        """Return what a header is by the names that are known, and whether as it is written, without leaving out a remark."""
        if header not in self._matches:
            self._matches[header] = self._matched(header)
        return self._matches[header]

    def _matched(self, header: str) -> tuple[tuple[str | None, str], bool]:
        key = normalise(header)
        if not key:
            return (None, "ignored" if header.strip() else "empty"), True
        match = self._find(key)
        if match[1] != "unknown":
            return match, True
        plain = normalise(REMARK.sub(" ", header))
        return (self._find(plain) if plain and plain != key else match), False

    def know(self, header: str) -> bool:
        """Say whether the whole header is one that the instrument knows, wants dropped, or ignores."""
        key = normalise(header)
        return any(
            key in names for names in (self.known, self.forbidden, self.ignored, self.composite)
        )

    def _find(self, key: str) -> tuple[str | None, str]:
        if key in self.known:
            return self.known[key], "exact"
        if key in self.composite:
            return None, "part"
        beginnings = accumulate(key.split(" ")[:-1], "{} {}".format)
        if key in self.forbidden or not self.dropped.isdisjoint(beginnings):
            return None, "forbidden"
        if key in self.ignored:
            return None, "ignored"
        for how, known, forbidden in self.looks:
            look = self.forms[how](key)
            if look in known:
                return known[look], how
            if look in forbidden:
                return None, "forbidden"
        return None, "unknown"

    def hits(self, row: Sequence[str]) -> int:
        """Say how many headers of the instrument a row knows."""
        parts = sum(self._match(cell)[0][1] == "part" for cell in row)
        return len(self.variables(row)) + parts

    def variables(self, row: Sequence[str]) -> set[str]:
        """Return the variables that the headers of this row name."""
        return {variable for variable in map(self.variable, row) if variable}
