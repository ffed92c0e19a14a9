"""Changes of code lists: what may be changed, what is wrong with a change, and saving it as a new edition."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from agencies import access, audit
from agencies.models import Person
from agencies.refusal import Refused
from agencies.roles import Permission
from records.codelists import editions, touched
from records.models import ListEdition, Record
from standards import codelists
from standards.codelists import Code, CodeList
from standards.codes import FORMS
from standards.editions import Edition
from standards.languages import LANGUAGES
from standards.spelling import normalise
from standards.translation import in_language

CODE = re.compile(r"[A-Za-z0-9_-]{1,32}")
LONGEST_LABEL, LONGEST_ALIAS, MOST_ALIASES = 200, 150, 300
MOST_CODES = 5000
UNSEEN = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
Content = dict[str, Any]


class Overtaken(Refused):
    """Somebody else has saved a newer edition of the list since the form was opened."""


@dataclass(frozen=True)
class Problem:
    """What is wrong with one code of a change; `field` is the one to blame: code, en, ru, tk, aliases, parent …"""

    code: str
    field: str
    text: str


class Wrong(Refused):
    """A change cannot be saved; `problems` says why, one for each field."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(" ".join(dict.fromkeys(problem.text for problem in problems)))
        self.problems = problems


def content_of(code: Code) -> Content:
    """Return a code in the form in which editions hold it."""
    content: Content = {"labels": {lang: code.labels[lang] for lang in LANGUAGES}}
    content |= {"aliases": list(code.aliases), "parent": code.parent}
    return content | {"retired": code.retired, "successor": code.successor}


def cleaned(content: Mapping[str, Any]) -> Content:
    """Return a content as it is kept: single spaces, nothing unseen, each alias once, none that the code has anyway."""
    labels = {lang: _plain(content["labels"].get(lang, "")) for lang in LANGUAGES}
    aliases = dict.fromkeys(filter(None, map(_plain, content.get("aliases", ()))))
    kept = {name: _plain(content.get(name, "")) for name in ("parent", "retired", "successor")}
    return {"labels": labels, "aliases": list(aliases), **kept}


def _plain(text: object) -> str:
    return " ".join(UNSEEN.sub(" ", str(text)).split())


def is_kept_here(name: str) -> bool:
    """Say whether a list can be changed itself: one that is made of others changes with them."""
    return name in codelists.names() and name not in codelists.PARTS


def with_changes(name: str, changes: Mapping[str, Mapping[str, Any]]) -> Edition:
    """Return the edition of a list that these changes would make, as the next after the last in the database.

    A code that is as delivered again is left out. `changes` hold whole codes (`content_of`).
    """
    last, delivered = editions.current(name), codelists.delivered(name).by_code
    codes = {**last.codes, **{code: cleaned(content) for code, content in changes.items()}}
    differing = {
        code: content
        for code, content in codes.items()
        if code not in delivered or content != content_of(delivered[code])
    }
    return Edition(last.number + 1, differing)


def require_right(name: str, changes: Mapping[str, Mapping[str, Any]]) -> CodeList:
    """Return the list as it would be. Raises `Wrong` with everything that is wrong with these changes."""
    before = codelists.laid_over(
        codelists.delivered(name), editions.current(name), codelists.today()
    )
    after = codelists.laid_over(
        codelists.delivered(name), with_changes(name, changes), codelists.today()
    )
    names = _Names(after)
    problems = [
        problem
        for code in changes
        for problem in _problems(
            before, after, names, after.by_code.get(code) or before.by_code[code]
        )
    ]
    if len(after.codes) > MOST_CODES:
        problems.append(Problem("", "code", _("A list has at most 5,000 codes.")))
    if problems:
        raise Wrong(problems)
    return after


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


def _problems(before: CodeList, after: CodeList, names: "_Names", code: Code) -> Iterator[Problem]:
    was = before.by_code.get(code.code)
    found = (
        *_of_code(before, code, was),
        *_of_standard(before, code, was),
        *_of_texts(code),
        *_of_names(after, names, code, was),
        *_of_parent(after, code),
        *_of_retirement(after, code, was),
    )
    yield from (Problem(code.code, name, text) for name, text in found)


def _of_code(codes: CodeList, code: Code, was: Code | None) -> Iterator[tuple[str, str]]:
    if was:
        return
    longest = _longest(codes.name)
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


def _of_names(
    after: CodeList, names: "_Names", code: Code, was: Code | None
) -> Iterator[tuple[str, str]]:
    """A text that is new for the code must not mean another one, nor anything that is never matched."""
    known = set(was.texts) if was else set()
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
        elif other is not None:
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


def _of_retirement(after: CodeList, code: Code, was: Code | None) -> Iterator[tuple[str, str]]:
    if code.successor and not code.retired:
        yield "retired", _("A successor needs the day from which it stands for the code.")
    if not code.retired:
        return
    try:
        date.fromisoformat(code.retired)
    except ValueError:
        yield "retired", _("State the day as year-month-day: 2026-01-31.")
        return
    if code.code.endswith(codelists.NOT_STATED):
        yield "retired", _("The code for what is not stated is never retired.")
    successor = after.by_code.get(code.successor)
    if code.successor and (successor is None or successor is code or successor.retired):
        yield "successor", _("The successor is another code of the list, which is not retired itself.")  # fmt: skip
    if not code.successor and was and (use := touched.use_of(after.name, [code.code])[code.code]).is_used:  # fmt: skip
        yield "successor", use.sentence()


@transaction.atomic
def save(
    name: str, changes: Mapping[str, Mapping[str, Any]], *, base: int, reason: str, by: Person
) -> ListEdition:
    """Save changed codes (`content_of`) as the next edition of a list.

    base: the number of the edition that the person had before her. Raises `Denied`, `Wrong`, `Overtaken` where
    somebody saved meanwhile, and `Refused` where nothing changes.
    """
    access.require(by, Permission.ACCEPT)
    if not is_kept_here(name):
        raise Refused(_("This list is made of others; change those."))
    require_latest(name, base)
    require_right(name, changes)
    edition = with_changes(name, changes)
    return append(name, edition, reason=reason, by=by)


def append(name: str, edition: Edition, *, reason: str, by: Person) -> ListEdition:
    """Append an edition that was found right. Raises `Overtaken`, and `Refused` where it says what the last one says."""
    if dict(edition.codes) == dict(editions.current(name).codes):
        raise Refused(_("Nothing is changed."))
    row = ListEdition(
        name=name, number=edition.number, codes=dict(edition.codes), reason=_plain(reason)[:500], by=by
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise Overtaken(_overtaken(name)) from None
    audit.record("edition", f"codelist:{name}", name=name, by=by, number=edition.number)
    transaction.on_commit(editions.refresh)
    return row


def require_latest(name: str, base: int) -> None:
    """Raise `Overtaken` unless the edition that a person had before her is still the last one."""
    if base != editions.current(name).number:
        raise Overtaken(_overtaken(name))


def _overtaken(name: str) -> str:
    """Say who saved when, since the form was opened."""
    last = ListEdition.objects.filter(name=name).select_related("by").order_by("-number").first()
    who = {"who": last.by.name or last.by.email, "n": last.number} if last else {"who": "–", "n": 1}
    return _("%(who)s saved edition %(n)s of this list while you were writing. Nothing of yours is lost: look at it once more, and save.") % who  # fmt: skip
