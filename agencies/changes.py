"""Changes of agencies: renamed, merged, given instruments or relieved of them. One proposes, a second approves.

What a kind of change asks and does is said by whoever knows (`decide`): instruments live in the room above.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies import access, audit, correspondence, invitations, tokens
from agencies.models import Agency, AgencyChange, FormerName, Person
from agencies.refusal import Refused
from agencies.roles import Permission, Role

Kind, State = AgencyChange.Kind, AgencyChange.State
Content = dict[str, Any]


@dataclass(frozen=True)
class Deciding:
    """One kind of change: what it would do, in sentences (raises `Refused`), and doing it."""

    preview: Callable[[Agency, Content], list[str]]
    apply: Callable[[Agency, Content], None]


_kinds: dict[str, Deciding] = {}
_with_merging: list[Deciding] = []


def decide(kind: str, deciding: Deciding) -> None:
    """Say what a kind of change asks and does."""
    _kinds[kind] = deciding


def with_merging(deciding: Deciding) -> None:
    """Say what else hinders a merger, and is done with it."""
    _with_merging[:] = [deciding]


def preview(kind: str, agency: Agency, content: Content) -> list[str]:
    """Return what the change would do, one sentence a line. Raises `Refused` where it cannot be done now."""
    return _kinds[kind].preview(agency, content)


@transaction.atomic
def propose(kind: str, agency: Agency, content: Content, *, by: Person) -> AgencyChange:
    """Propose a change to the other national administrators. Raises `Denied`, `Refused`."""
    access.require(by, Permission.MANAGE_AGENCIES)
    told = preview(kind, agency, content)
    if waiting().filter(agency=agency, kind=kind, content=content).exists():
        raise Refused(_("This is proposed already; another national administrator approves it."))
    change = AgencyChange.objects.create(agency=agency, kind=kind, content=content, by=by)
    audit.record(
        "propose",
        f"change:{change.pk}",
        name=change.agency.code,
        by=by,
        agency=agency,
        kind=kind,
        content=content,
    )
    correspondence.change_proposed(change, told)
    return change


@transaction.atomic
def approve(change: AgencyChange, *, by: Person) -> None:
    """Agree as a second national administrator, and do it. Asked again is whether it can be done.

    Raises `Denied`, and `Refused` for what one proposed oneself.
    """
    access.require(by, Permission.MANAGE_AGENCIES)
    change = _locked(change)
    if change.by == by:
        raise Refused(_("You proposed this; another national administrator approves it."))
    if not access.may(Person.objects.get(pk=change.by_id), Permission.MANAGE_AGENCIES):
        raise Refused(_("Who proposed this is no national administrator any more."))
    agency = Agency.objects.select_for_update().get(pk=change.agency_id)
    deciding = _kinds[change.kind]
    deciding.preview(agency, change.content)
    deciding.apply(agency, change.content)
    _close(change, State.DONE, by)
    audit.record(
        "change",
        f"agency:{agency.pk}",
        name=agency.code,
        by=by,
        agency=agency,
        kind=change.kind,
        content=change.content,
        proposed_by=change.by_id,
    )


@transaction.atomic
def withdraw(change: AgencyChange, *, by: Person) -> None:
    """Take a proposal back, or refuse it. Raises `Denied`, `Refused`."""
    access.require(by, Permission.MANAGE_AGENCIES)
    change = _locked(change)
    _close(change, State.WITHDRAWN, by)
    audit.record(
        "withdraw", f"change:{change.pk}", name=change.agency.code, by=by, agency=change.agency
    )


def waiting() -> QuerySet[AgencyChange]:
    """Return the changes that wait for a second national administrator."""
    return AgencyChange.objects.filter(state=State.PROPOSED).select_related("agency", "by")


def _locked(change: AgencyChange) -> AgencyChange:
    row = AgencyChange.objects.select_for_update(of=("self",)).get(pk=change.pk)
    if row.state != State.PROPOSED:
        raise Refused(_("Somebody has decided on this already."))
    return row


def _close(change: AgencyChange, state: str, by: Person) -> None:
    change.state, change.decided_by, change.decided_at = state, by, timezone.now()
    change.save(update_fields=["state", "decided_by", "decided_at"])


def _renaming(agency: Agency, content: Content) -> list[str]:
    if not content.get("en"):
        raise Refused(_("An agency needs a name in English."))
    lines = [
        _("%(language)s: “%(old)s” becomes “%(new)s”.")
        % {"language": name, "old": agency.names.get(code) or "–", "new": content.get(code) or "–"}
        for code, name in settings.LANGUAGES
        if (agency.names.get(code) or "") != (content.get(code) or "")
    ]
    if not lines:
        raise Refused(_("The names are the same."))
    return [*lines, _("The code stays, and the old names stay in its history.")]


def _rename(agency: Agency, content: Content) -> None:
    FormerName.objects.create(agency=agency, names=agency.names)
    names = {code: content[code] for code, _name in settings.LANGUAGES if content.get(code)}
    Agency.objects.filter(pk=agency.pk).update(names=names)


def _merging(agency: Agency, content: Content) -> list[str]:
    other = _successor(agency, content)
    people = len(access.memberships(agency))
    facts = {"agency": agency, "other": other, "n": people}
    lines = [
        _("%(agency)s is closed and delivers nothing any more.") % facts,
        _("Its submissions and records stay its own. Its people read them as before: %(n)s.")
        % facts,
        _("People who are to work for %(other)s are invited there.") % facts,
    ]
    return lines + [line for more in _with_merging for line in more.preview(agency, content)]


def _successor(agency: Agency, content: Content) -> Agency:
    other = Agency.objects.filter(code=content.get("agency", "")).first()
    if other is None or other == agency or not other.is_active:
        raise Refused(_("Choose another agency, which is open."))
    if not agency.is_active:
        raise Refused(_("This agency is closed."))
    if agency.statistics_office or access.holders(Role.NATIONAL_ADMIN).get(agency):
        raise Refused(_("The statistics office and the national administration are not merged."))
    return other


def _merge(agency: Agency, content: Content) -> None:
    other = _successor(agency, content)
    for more in _with_merging:
        more.apply(agency, content)
    for offer in invitations.live().filter(agency=agency):
        invitations.close(offer)
    tokens.end_of_agency(agency)
    Agency.objects.filter(pk=agency.pk).update(is_active=False, merged_into=other)


decide(Kind.RENAME, Deciding(_renaming, _rename))
decide(Kind.MERGE, Deciding(_merging, _merge))
