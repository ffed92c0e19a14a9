"""How many queries a page asks: as many for thirty instruments, agencies and submissions as for three."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agencies import scope
from agencies.models import Agency
from agencies.roles import Role
from records.instruments import versions
from records.models import Instrument, Submission, Upload
from reports.models import Release
from standards import periods
from tests import factories
from tests.cast import make_agency, make_person, signed_in
from tests.reports.conftest import as_owner

State = Submission.State
FEW, MANY = 3, 30
EVERYBODY = ("clerk", "reviewer", "statistician", "publisher", "agency_admin", "national_admin")
DESKS = ("clerk", "reviewer", "statistician")
PAGES = [
    *((role, "/") for role in EVERYBODY),
    *((role, "/submissions/") for role in (*DESKS, "publisher")),
    *((role, "/submissions/{month}/") for role in DESKS),
    *((role, "/records/?of=SMS/SMS-WPF") for role in ("clerk", "reviewer")),
    *((role, "/submissions/{month}/held") for role in ("clerk", "reviewer")),
    *((role, "/submissions/{month}/threads") for role in DESKS),
    *((role, "/submissions/{month}/by-sex") for role in ("clerk", "statistician")),
    ("reviewer", "/submissions/sign/"),
    ("statistician", "/submissions/accept/"),
    *((role, "/uploads/") for role in ("clerk", "reviewer")),
    *(("statistician", path) for path in ("/calendar/", "/due-dates/", "/punctuality/")),
    ("clerk", "/inbox/"),
    ("clerk", "/uploads/{upload}/"),
    ("clerk", "/uploads/{upload}/held"),
    ("clerk", "/uploads/new"),
    ("clerk", "/records/new/I-1/SMS/"),
    ("clerk", "/instruments/"),
    ("statistician", "/code-lists/"),
    ("statistician", "/code-lists/regions/"),
    ("statistician", "/words/"),
    ("clerk", "/practice/"),
    ("agency_admin", "/people/"),
    ("agency_admin", "/people/person/SMS/{member}/"),
    ("agency_admin", "/people/person/SMS/{member}/deactivate/"),
    ("agency_admin", "/people/invite-many/SMS/"),
    ("agency_admin", "/people/review/SMS/"),
    ("national_admin", "/people/"),
    ("national_admin", "/people/agencies/"),
    ("national_admin", "/people/agencies/SMS/"),
    ("publisher", "/releases/"),
    ("viewer", "/figures/"),
    ("viewer", "/figures/tables/"),
]


class Growing:
    """A country that can grow: what a page shows many of, there are that many of."""

    def __init__(self, cast):
        self.agency, self.clerk, self.size = cast("agency"), cast("clerk"), 0
        self.permits = cast("instruments")["SMS-WPF"]
        self.months = periods.last_periods("M", timezone.localdate(), 4)
        with scope.acting(self.clerk):
            self.month = factories.submission(self.agency, self.permits, self.months[0])
            self.upload = factories.upload(
                *(self.agency, self.permits, self.clerk, self.month),
                state=Upload.State.COMMITTED,
                report={"rows": {"accepted": 3, "held": 2}},
            )

    def grow_to(self, size):
        for k in range(self.size + 1, size + 1):
            self._agency(k)
            self._rows(k)
            self._release(k)
        self.size = size

    def ids(self):
        return {"month": self.month.pk, "upload": self.upload.pk, "member": self.clerk.pk}

    def _agency(self, k):
        other = make_agency(f"A{k}")
        make_person(f"admin{k}@a.example", Role.AGENCY_ADMIN, other)
        make_person(f"clerk{k}@sms.example", Role.CLERK, self.agency)
        self.instrument = factories.instrument(f"I-{k}", self.agency, other, newest=2)

    def _rows(self, k):
        """Submissions in every state, uploads that are done and that ask, records and held rows."""
        with scope.acting(self.clerk):
            returned, draft, _submitted, _signed = (
                factories.submission(self.agency, self.instrument, month, state=state)
                for month, state in zip(
                    reversed(self.months),
                    (State.RETURNED, State.DRAFT, State.SUBMITTED, State.SIGNED),
                    strict=True,
                )
            )
            factories.review_step(
                returned, self.clerk, "return", "SUBMITTED", "RETURNED", reason=f"Because of {k}."
            )
            factories.upload(
                *(self.agency, self.instrument, self.clerk, draft),
                state=Upload.State.COMMITTED,
                report={"rows": {"accepted": k, "held": 1}},
            )
            factories.upload(
                *(self.agency, self.instrument, self.clerk), state=Upload.State.NEEDS_ANSWERS
            )
            factories.record(self.month, f"R-{k}", upload=self.upload)
            factories.thread(self.month, self.clerk, f"Number {k}?")
            for month, held in ((self.month, {"upload": self.upload}), (draft, {})):
                factories.held_row(
                    self.agency,
                    month.instrument,
                    submission=month,
                    findings=[factories.FINDING],
                    **held,
                )
            factories.held_row(self.agency, self.permits, self.upload, findings=[factories.FINDING])

    def _release(self, k):
        with as_owner():
            Release.objects.create(
                dataset="WPF",
                number=k,
                state=Release.State.WITHDRAWN,
                structure={"title": {"en": "Work permits"}},
                checksum="0",
            )


@pytest.fixture
def growing(request, db):
    for role in (*EVERYBODY, "viewer"):
        request.getfixturevalue(role)
    return Growing(request.getfixturevalue)


def queries_of(person, address):
    client = signed_in(person)
    client.get(address)  # what a process reads once, such as a code list, is not counted
    with CaptureQueriesContext(connection) as asked:
        response = client.get(address)
    assert response.status_code in (200, 302), (address, response.status_code)
    return [query["sql"] for query in asked]


def test_a_page_asks_as_many_queries_of_thirty_as_of_three(request, growing):
    """The country grows once, for all pages."""
    people = {role: request.getfixturevalue(role) for role, _page in PAGES}

    def asked():
        ids = growing.ids()
        return {(role, page): queries_of(people[role], page.format(**ids)) for role, page in PAGES}

    growing.grow_to(FEW)
    few = asked()
    growing.grow_to(MANY)
    more = {
        at: (len(few[at]), "\n".join(many))
        for at, many in asked().items()
        if len(many) != len(few[at])
    }
    assert not more, "\n\n".join(
        f"{at}: {n} queries of few, of many:\n{m}" for at, (n, m) in more.items()
    )


def test_home_of_a_country_asks_as_many_queries_as_that_of_one_agency(
    agency, instruments, clerk, statistician
):
    """Two hundred agencies with twenty-two instruments that have delivered for two years."""
    few = len(queries_of(statistician, "/"))
    agencies = Agency.objects.bulk_create(
        Agency(code=f"B{k}", names={"en": f"Agency B{k}"}) for k in range(200)
    )
    made = [factories.instrument(f"ZZ{k}-AAA") for k in range(22)]
    links = Instrument.agencies.through
    links.objects.bulk_create(
        links(agency=a, instrument=instrument) for a in agencies for instrument in made
    )
    month = periods.last_periods("M", timezone.localdate(), 24)[0]
    newest = versions.current_of(made)
    with scope.acting(statistician):
        Submission.objects.bulk_create(
            Submission(
                agency=a,
                instrument=i,
                instrument_version=newest[i.pk],
                period=month,
                state=State.ACCEPTED,
            )
            for a in agencies
            for i in made
        )
    many = queries_of(statistician, "/")
    assert len(many) == few, "\n".join(many)
