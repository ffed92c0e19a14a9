"""What is wrong with a change of a code list: with its codes, names, groups and retirements."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from records.codelists import touched
from records.codelists.touched import Use
from records.models import Record
from standards import codelists
from standards.codelists import Code, CodeList
from standards.codes import FORMS
from standards.languages import LANGUAGES
from standards.spelling import normalise
from standards.translation import in_language

CODE = re.compile(r"[A-Za-z0-9_-]{1,32}")
LONGEST_LABEL, LONGEST_ALIAS, MOST_ALIASES = 200, 150, 300
MOST_CODES = 5000


@dataclass(frozen=True)
class Problem:
    """What is wrong with one code of a change; `field` is the one to blame: code, en, ru, tk, aliases, parent …"""

    code: str
    field: str
    text: str


class _Names:
    """Which codes of a list a text means, however strictly it is compared."""

    def __init__(self, codes: CodeList) -> None:
        self.codes = codes
        self.meant: list[dict[str, set[str]]] = [{} for _form in FORMS]
        for code in codes.codes:
            for text in code.texts:
                for form, meant in zip(FORMS, self.meant, strict=True):
                    meant.setdefault(form(normalise(text)), set()).add(code.code)

    def other_with(self, key: str, code: str) -> Code | None:
        """Return another code that a text in its normal form means, or None."""
        for form, meant in zip(FORMS, self.meant, strict=True):
            if others := meant.get(form(key), set()) - {code}:
                return self.codes.by_code[min(others)]
        return None


def problems(before: CodeList, after: CodeList, changed: Sequence[str]) -> Iterator[Problem]:
    """Yield what is wrong with the changed codes of a list, before and after; as many queries for all as for one."""
    names, known = _Names(after), before.by_code
    codes = [after.by_code.get(code) or known[code] for code in changed]
    longest = _longest(after.name) if any(code.code not in known for code in codes) else 0
    retired = [] if before.standard else [c for c in codes if c.retired and c.code in known]
    left = [code.code for code in retired if not known[code.code].retired]
    uses = touched.use_of(after.name, left) if left else {}
    for code in codes:
        was = known.get(code.code)
        told = (
            *_of_code(code, was, longest),
            *_of_standard(before, code, was),
            *_of_texts(code),
            *_of_names(names, code, was),
            *_of_parent(after, code),
            *_of_retirement(after, code, uses.get(code.code)),
        )
        yield from (Problem(code.code, field, text) for field, text in told)
    if len(after.codes) > MOST_CODES:
        yield Problem("", "code", _("A list has at most 5,000 codes."))


def _of_code(code: Code, was: Code | None, longest: int) -> Iterator[tuple[str, str]]:
    if was:
        return
    if not CODE.fullmatch(code.code) or len(code.code) > longest:
        text = _("A code of this list has 1 to %(n)s letters, digits, _ or -.")
        yield "code", text % {"n": longest}
    elif code.code.startswith("_") or code.code.endswith(codelists.NOT_STATED):
        yield "code", _("Codes with _ at the beginning or _U at the end are those for what is not stated.")  # fmt: skip


def _longest(name: str) -> int:
    """Return how long a code of a list may be: records keep some variables in columns."""
    columns = {f.name: f.max_length for f in Record._meta.fields}
    used = [v.name for v in touched.variables_of(name)]
    return min([32, *(columns[v] or 32 for v in used if v in columns)])


def _of_standard(codes: CodeList, code: Code, was: Code | None) -> Iterator[tuple[str, str]]:
    if not codes.standard:
        return
    why = locked(codes)
    if was is None:
        yield "code", why
    elif code.retired != was.retired or code.successor != was.successor:
        yield "retired", why
    elif code.parent != was.parent:
        yield "parent", why


def locked(codes: CodeList) -> str:
    """Say why nobody adds or retires a code of a list; "" where somebody may."""
    if codes.standard == "portal":
        return _("Rules and figures of the portal count with the codes of this list, so none is added or retired; labels and aliases may change.")  # fmt: skip
    if codes.standard:
        text = _("The codes of this list are those of %(standard)s, so none is added or retired; labels and aliases may change.")  # fmt: skip
        return text % {"standard": codes.standard}
    return ""


def _of_texts(code: Code) -> Iterator[tuple[str, str]]:
    for language in LANGUAGES:
        if not 0 < len(code.labels[language]) <= LONGEST_LABEL:
            yield language, _("A code has a label of 1 to 200 characters in each of the three languages.")  # fmt: skip
    if len(code.aliases) > MOST_ALIASES or any(len(a) > LONGEST_ALIAS for a in code.aliases):
        yield "aliases", _("A code has at most 300 aliases of at most 150 characters.")


def _of_names(names: _Names, code: Code, was: Code | None) -> Iterator[tuple[str, str]]:
    """A text that is new for the code must not mean another one, nor anything that is never matched.

    A code and the one that succeeds it may be called the same.
    """
    after, known = names.codes, set(was.texts) if was else set()
    no_sex = codelists.undeclared_sexes() if after.name.startswith("sex") else frozenset()
    for text in dict.fromkeys(t for t in code.texts if t not in known):
        field = _field_of(code, text)
        key = normalise(text)
        other = names.other_with(key, code.code)
        told = {"text": text}
        if not key and text in code.aliases:
            continue  # a dash: it says that nothing is stated
        if key in no_sex:
            yield field, _("“%(text)s” is never a sex by itself: whoever sends a file declares it.") % told  # fmt: skip
        elif key in after.words or key in after.parts:
            yield field, _("“%(text)s” means several codes, a people or a part of a country, so it is always asked about.") % told  # fmt: skip
        elif other is not None and not after.shared(code.code, other.code):
            told |= {"code": other.code, "label": in_language(other.labels)}
            yield field, _("“%(text)s” means %(code)s, %(label)s. One text cannot mean two codes.") % told  # fmt: skip


def _field_of(code: Code, text: str) -> str:
    if text == code.code:
        return "code"
    return next((lang for lang, label in code.labels.items() if label == text), "aliases")


def _of_parent(after: CodeList, code: Code) -> Iterator[tuple[str, str]]:
    if not code.parent:
        return
    above = after.above().by_code if after.above else after.by_code
    if code.parent not in above:
        yield "parent", _("There is no group %(code)s.") % {"code": code.parent}
    elif not after.above and _lies_below_itself(after, code):
        yield "parent", _("A code cannot lie below itself.")


def _lies_below_itself(codes: CodeList, code: Code) -> bool:
    above, passed = code.parent, set[str]()
    while above and above not in passed:
        if above == code.code:
            return True
        passed.add(above)
        above = codes.by_code[above].parent if above in codes.by_code else ""
    return False


def _is_day(text: str) -> bool:
    """Say whether a text is a day as days are compared: as texts, so in one way of writing them."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _of_retirement(after: CodeList, code: Code, use: Use | None) -> Iterator[tuple[str, str]]:
    if code.successor and not code.retired:
        yield "retired", _("A successor needs the day from which it stands for the code.")
    if not code.retired:
        return
    if not _is_day(code.retired):
        yield "retired", _("State the day as year-month-day: 2026-01-31.")
        return
    if use and use.named_by:
        text = _("Rules or figures name this code, so it is not retired: %(names)s. They would no longer count what comes under another code.")  # fmt: skip
        yield "retired", text % {"names": ", ".join(use.named_by)}
    if code.code.endswith(codelists.NOT_STATED):
        yield "retired", _("The code for what is not stated is never retired.")
    yield from _of_successor(after, code, use)


def _of_successor(after: CodeList, code: Code, use: Use | None) -> Iterator[tuple[str, str]]:
    successor = after.by_code.get(code.successor)
    if code.successor and (successor is None or successor is code or successor.retired):
        yield "successor", _("The successor is another code of the list, which is not retired itself.")  # fmt: skip
    elif code.successor.endswith(codelists.NOT_STATED):
        yield "successor", _("What is known does not become “not stated”: choose another successor.")  # fmt: skip
    if not code.successor and use and use.is_used:
        yield "successor", use.sentence()
    elif not code.successor and any(c.successor == code.code for c in after.codes):
        yield "successor", _("The code stands for one that is retired. Name its successor.")
