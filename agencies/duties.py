"""What the roles of a person cover and until when; her roles like those of a colleague; what she hands over."""

from collections.abc import Iterable, Mapping
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies import access, accounts, audit, authority, collection, correspondence, tokens
from agencies.access import Denied
from agencies.collection import Work
from agencies.coverage import Duties
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import Permission, Role


def known(named: Iterable[int], agency: Agency) -> frozenset[int]:
    """Return the ids, if roles in the agency can cover all of these instruments. Raises `Refused`."""
    chosen = frozenset(named)
    if chosen - {instrument.pk for instrument in collection.instruments_of(agency)}:
        raise Refused(_("%(agency)s does not deliver this instrument.") % {"agency": agency})
    return chosen


@transaction.atomic
def limit(person: Person, wanted: Duties, *, agency: Agency, by: Person) -> bool:
    """Say which instruments the roles of a person in the agency cover; at once. Returns whether that is new.

    Raises `Denied`, and `Refused` for oneself, for a person whose account is stopped, for an instrument
    the agency does not deliver, and where nothing would be left.
    """
    held = access.roles(person, agency)
    if not held or not set(authority.grantable(by, agency)) & set(held):
        raise Denied(_("You do not manage the people of this agency."))
    authority.refuse_own_roles(person.email, held, agency, by)
    refuse_stopped(person)
    refuse_unusable(wanted, [], agency)
    if access.duties(person, agency) == wanted:
        return False
    access.limit(person, agency, wanted)
    codes = {i.pk: i.code for i in collection.instruments_of(agency)}
    audit.record(
        "duties",
        f"person:{person.pk}",
        name=person.email,
        by=by,
        agency=agency,
        ordinary=wanted.ordinary,
        instruments=sorted(codes[pk] for pk in wanted.named),
    )
    correspondence.covers(person, agency, told(wanted, agency), by=by)
    return True


def refuse_unusable(wanted: Duties | None, days: Iterable[date | None], agency: Agency) -> None:
    """Refuse instruments that the agency does not deliver, none at all, and an end that is not ahead."""
    if wanted is not None:
        known(wanted.named, agency)
        if not wanted.ordinary and not wanted.named:
            raise Refused(_("Name at least one instrument, or all ordinary ones."))
    if any(day and day <= timezone.localdate() for day in days):
        raise Refused(_("A role ends on a day to come. To end it now, take it."))


def told(duties: Duties, agency: Agency) -> list[str]:
    """Return what is covered, in words: all ordinary instruments, and the titles of those named."""
    titles = [i.title for i in collection.instruments_of(agency) if i.pk in duties.named]
    return [*([_("all ordinary instruments")] if duties.ordinary else []), *titles]


def refuse_stopped(person: Person) -> None:
    """Refuse to give anything to somebody whose account is deactivated."""
    if not person.is_active:
        raise Refused(
            _("The account of %(person)s is deactivated. Let this person sign in again first.")
            % {"person": person}
        )


@transaction.atomic
def end(person: Person, ends: Mapping[Role, date | None], *, agency: Agency, by: Person) -> None:
    """Say from which day on roles are held no longer; None: until somebody takes them.

    Raises `Denied`, and `Refused` for oneself, for a day that is over, and where the agency would be
    left without an administrator.
    """
    held = {m.person.pk: m for m in access.memberships(agency)}.get(person.pk)
    changed = {
        role: day
        for role, day in ends.items()
        if held and role in held.ends and held.ends[role] != day
    }
    if not changed:
        return
    authority.permitted(changed, agency, by)
    authority.refuse_own_roles(person.email, changed, agency, by)
    refuse_unusable(None, changed.values(), agency)
    if changed.get(Role.AGENCY_ADMIN):
        authority.refuse_last_admin(person, agency)
    for role, day in changed.items():
        access.end(person, role, agency, day)
    audit.record(
        "ends",
        f"person:{person.pk}",
        name=person.email,
        by=by,
        agency=agency,
        ends={role.value: day.isoformat() if day else "" for role, day in changed.items()},
    )


def take_ended() -> int:
    """Take the roles whose day has come, with an event and a letter for each. Returns how many."""
    rows = access.ended()
    for person, agency, role in rows:
        with transaction.atomic():
            access.revoke(person, role, agency)
            tokens.end_without_role(person, agency, by=None)
            correspondence.lost(person, [role], agency, by=None)
        audit.record(
            "roles",
            f"person:{person.pk}",
            name=person.email,
            by=None,
            agency=agency,
            taken=[role.value],
            ended=True,
        )
    return len(rows)


@transaction.atomic
def deactivate(
    person: Person, *, agency: Agency, by: Person, heir: Person | None = None
) -> list[Work]:
    """Stop an account, and hand over to a colleague what the person has open. Returns what that was.

    Raises `Denied`, and `Refused` for oneself, for the last administrator, and where the colleague's
    roles do not cover what is handed over.
    """
    work = collection.open_work(person)
    if heir is not None:
        _refuse_heir(heir, person, work)
    accounts.set_active(person, False, agency=agency, by=by)
    if heir is not None and work:
        correspondence.handed_over(heir, person, [w.says for w in work], by=by)
        audit.record(
            "hand_over",
            f"person:{person.pk}",
            name=person.email,
            by=by,
            agency=agency,
            to=heir.pk,
            work=[w.address for w in work],
        )
    return work


def _refuse_heir(heir: Person, person: Person, work: Iterable[Work]) -> None:
    if heir == person or not heir.is_active:
        raise Refused(_("Choose another colleague, who may sign in."))
    covered = access.coverage(heir, Permission.ENTER)
    lacking = [w.says for w in work if not covered.covers(w.agency, w.instrument)]
    if lacking:
        raise Refused(
            _("The roles of %(person)s do not cover this: %(work)s.")
            % {"person": heir, "work": "; ".join(lacking)}
        )
