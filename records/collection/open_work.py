"""What a person has open: files that wait for her answers, rows of hers that are held, submissions in her hands.

Administrators see no records. They are told how many there are of each, for the deactivation of an account.
"""

from collections.abc import Iterator

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agencies import access, scope
from agencies.collection import Work
from agencies.models import Person
from agencies.roles import Permission
from records.instruments import versions
from records.models import HeldRow, Submission, Upload
from records.review import handlings
from standards.periods import period_in_text
from standards.translation import active_language


def of(person: Person) -> list[Work]:
    """Return what the person has open in all agencies, submissions first."""
    places = access.agency_ids(person, Permission.ENTER)
    with scope.widened(places):
        return [*_submissions(person), *_files(person), *_held(person)]


def _submissions(person: Person) -> Iterator[Work]:
    """Drafts and returned submissions in whose rows she has hands."""
    rows = Submission.objects.filter(handlings.by_hand_of(person), state__in=Submission.OPEN)
    for row in rows.select_related("agency", "instrument_version").order_by("period"):
        facts = {
            "title": row.instrument_version.title,
            "agency": row.agency.code,
            "period": period_in_text(row.period, active_language()),
        }
        if row.state == Submission.State.RETURNED:
            says = _("returned: %(title)s (%(agency)s), %(period)s") % facts
        else:
            says = _("draft: %(title)s (%(agency)s), %(period)s") % facts
        yield Work(says, row.agency_id, row.instrument_id, row.get_absolute_url())


def _files(person: Person) -> Iterator[Work]:
    rows = Upload.objects.filter(uploaded_by=person, state=Upload.State.NEEDS_ANSWERS)
    for row in rows.select_related("instrument").defer("report"):
        says = _("a file with questions: %(file)s") % {"file": row}
        yield Work(says, row.agency_id, row.instrument_id, row.get_absolute_url())


def _held(person: Person) -> Iterator[Work]:
    """Held rows of files that she sent, counted by agency and instrument: those that can still be corrected.

    What is held in a submission that was accepted long ago waits for nobody. A row without a date waits while a
    submission that its file fed is open, or where it fed none.
    """
    dated = Q(submission__state__in=Submission.OPEN)
    fed = Q(upload__submissions=None) | Q(upload__submissions__state__in=Submission.OPEN)
    undated = Q(submission=None) & fed
    counted = (
        HeldRow.open_rows.errors()
        .filter(dated | undated, upload__uploaded_by=person)
        .order_by()
        .values("agency_id", "instrument_id", "instrument__code")
        .annotate(n=Count("pk", distinct=True))
    )
    titles = versions.current_of({row["instrument_id"] for row in counted})
    for row in counted:
        n = row["n"]
        says = ngettext("%(n)s held row: %(title)s", "%(n)s held rows: %(title)s", n)
        title = titles[row["instrument_id"]].title
        yield Work(
            says % {"n": n, "title": title},
            row["agency_id"],
            row["instrument_id"],
            reverse("records:uploads"),
        )
