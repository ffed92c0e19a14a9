"""Which header names which variable of an instrument."""

import re
from collections.abc import Sequence

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

    def find(self, header: str) -> tuple[str | None, str]:
        """Return (variable, how) of a header."""
        if not normalise(header):
            return None, "ignored" if header.strip() else "empty"
        match = self._find(normalise(header))
        if match[1] != "unknown":
            return match
        if plain := normalise(REMARK.sub(" ", header)):
            match = self._find(plain)
        # “Number (passport)” is no number of a case; “Citizenship (passport)” is a citizenship.
        if (match[0] is None or match[0] in self.numbers) and kind_of_header(header):
            return match if match[1] == "part" else (None, "forbidden")
        return match

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
        if key in self.forbidden or any(
            key.startswith(f"{f} ") for f in self.forbidden if len(f) > 3
        ):
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
        matches = [self.find(cell) for cell in row]
        return len(self.variables(row)) + sum(how == "part" for _variable, how in matches)

    def variables(self, row: Sequence[str]) -> set[str]:
        """Return the variables that the headers of this row name."""
        return {variable for variable, _how in map(self.find, row) if variable}
