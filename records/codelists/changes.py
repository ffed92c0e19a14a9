"""Changes of code lists: what may be changed, what is wrong with a change, and saving it as a new edition."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from agencies import access, audit
from agencies.models import Person
from agencies.refusal import Refused
from agencies.roles import Permission
from records.codelists import checks, editions
from records.codelists.checks import Problem
from records.models import ListEdition
from standards import codelists
from standards.codelists import Code, CodeList
from standards.editions import Edition
from standards.languages import LANGUAGES

UNSEEN = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
Content = dict[str, Any]


class Overtaken(Refused):
    """Somebody else has saved a newer edition of the list since the form was opened."""


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
    """Return a content as it is kept: single spaces, nothing unseen, each alias once."""
    labels = {lang: plain(content["labels"].get(lang, "")) for lang in LANGUAGES}
    aliases = dict.fromkeys(filter(None, map(plain, content.get("aliases", ()))))
    texts = {name: plain(content.get(name, "")) for name in ("parent", "retired", "successor")}
    return {"labels": labels, "aliases": list(aliases), **texts}


def plain(text: object) -> str:
    """Return a text with single spaces and nothing that nobody sees, such as marks of direction."""
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
    if problems := list(checks.problems(before, after, list(changes))):
        raise Wrong(problems)
    return after


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
    edition = replace(with_changes(name, changes), number=base + 1)
    return append(name, edition, reason=reason, by=by)


def add_alias(name: str, code: str, text: str, *, reason: str, by: Person) -> ListEdition:
    """Let a text mean a code for everybody, as the next edition of the list, or of its part that has the code.

    Raises `Denied`, `Refused` where the list has no such code, and `Wrong` where the text means another one
    or never may mean any.
    """
    parts = codelists.PARTS.get(name, (name,))
    part = next((p for p in parts if code in codelists.load(p).by_code), None)
    if part is None:
        raise Refused(_("Choose a code of the list that is in use."))
    last = editions.current(part)
    now = codelists.laid_over(codelists.delivered(part), last, codelists.today())
    content = content_of(now.by_code[code])
    content["aliases"] = [*content["aliases"], text]
    return save(part, {code: content}, base=last.number, reason=reason, by=by)


def append(
    name: str, edition: Edition, *, reason: str, by: Person, setting: str = ""
) -> ListEdition:
    """Append an edition that was found right. Raises `Overtaken`, and `Refused` where it says what the last one says.

    setting: what the log calls it, where it is no list of codes but settings of the site.
    """
    if dict(edition.codes) == dict(editions.current(name).codes):
        raise Refused(_("Nothing is changed."))
    row = ListEdition(
        name=name, number=edition.number, codes=dict(edition.codes), reason=plain(reason)[:500], by=by
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise Overtaken(_overtaken(name)) from None
    subject = f"setting:{name}" if setting else f"codelist:{name}"
    audit.record("edition", subject, name=setting or name, by=by, number=edition.number)
    transaction.on_commit(editions.refresh)
    return row


def require_latest(name: str, base: int) -> None:
    """Raise `Overtaken` unless the edition that a person had before her is still the last one."""
    if base != editions.current(name).number:
        raise Overtaken(_overtaken(name))


def _overtaken(name: str) -> str:
    """Say who saved when, since the form was opened."""
    last = ListEdition.objects.filter(name=name).select_related("by").order_by("-number").first()
    who = {"who": str(last.by), "n": last.number} if last else {"who": "–", "n": 1}
    return _("%(who)s saved edition %(n)s of this list while you were writing. Nothing of yours is lost: look at it once more, and save.") % who  # fmt: skip
