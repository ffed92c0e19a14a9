"""The country of the permission matrix: three agencies with the same things, each full of marks.

A mark is a text that stands in the data of one agency only. `Country.marks` says which permission
opens it, so that in every answer the marks of everybody else can be looked for.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import timezone

from agencies import access, scope, tokens
from agencies.models import Agency, Invitation, Person
from agencies.roles import Permission, Role
from records.collection import names
from records.instruments import versions
from records.models import (
    CodeProposal,
    FileInParts,
    Instrument,
    LearnedLayout,
    LearnedWord,
    OwnCodeList,
    Record,
    SecondEntry,
    Submission,
)
from records.review import submissions
from reports.models import Release
from reports.releases import verbs
from standards import periods
from tests import factories
from tests.cast import make_agency, make_person, the_person
from tests.records.files import WPF
from tests.reports.conftest import add, draw, seal

OWN, OTHER, CLOSED, OFFICE, NATION = "SMS", "MLSP", "MOE", "SCS", "NAT"
FULL = (OWN, OTHER, CLOSED)  # the agencies that have one of everything
MISSING = 10**9  # an id that nobody has
PAST = "2025-11", "2025-12"  # released; what is collected now is later
# Exact counts: no sum of protected ones, and longer than any id or random text in an answer.
NUMBERS = {OWN: 791_955_031, OTHER: 696_722_017, CLOSED: 598_733_059}
BUILDER = "the.builder@scs.example"
WITHDRAWN = "ZQ-WITHDRAWN-BECAUSE"
MONTHS = periods.last_periods("M", timezone.localdate(), 12)
STATES = ("DRAFT", "SUBMITTED", "SIGNED", "ACCEPTED")


@dataclass(frozen=True)
class Mark:
    """A text of one agency (or of all: releases that are not out), and what opens it."""

    text: str
    agency: str | None
    opened_by: frozenset[Permission]


@dataclass
class Country:
    """Ids by (agency, kind), the marks, and the releases by what became of them."""

    ids: dict[tuple[str, str], int] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    releases: dict[str, int] = field(default_factory=dict)
    closed: dict[str, int] = field(default_factory=dict)  # ids of a restricted instrument, by kind
    free_periods: dict[str, str] = field(default_factory=dict)
    seen: dict[int, str] = field(default_factory=dict)  # what a form says it was shown, by record

    def mark(self, agency, text, *opened_by):
        self.marks.append(Mark(text, agency, frozenset(opened_by)))
        return text


def build():
    """Make everything, inside the caller's transaction and as `app`."""
    country = Country()
    for code in (OWN, OTHER, CLOSED, OFFICE, NATION):
        make_agency(code, statistics_office=code == OFFICE)
    versions.publish_all()
    permits = Instrument.objects.get(code="SMS-WPF")
    permits.agencies.add(*Agency.objects.filter(code__in=FULL))
    _releases(country)
    for code in FULL:
        _fill(country, Agency.objects.get(code=code), permits)
    _restricted(country)
    Agency.objects.filter(code=CLOSED).update(is_active=False)
    return country


def _begun(token, permits):
    """A file of which a part may come; of a token that nobody here has, so that it is nobody's."""
    with scope.acting(token.person):
        file = FileInParts.objects.create(
            agency=token.agency,
            instrument=permits,
            token=token,
            person=token.person,
            given_names=b"",
            size=10,
            expires_at=token.expires_at,
        )
    return file.pk


def _fill(country, agency, permits):
    """One submission in each state, uploads, a record, held rows: each with marks of the agency."""
    see = Permission.SEE_SUBMISSIONS
    name = f"Zq{agency.code.title()} Author"
    author = make_person(f"zq.author@{agency.code.lower()}.example", Role.CLERK, agency)
    Person.objects.filter(pk=author.pk).update(name=name)
    author.refresh_from_db()
    country.mark(agency.code, name, see, Permission.MANAGE_PEOPLE, Permission.SEE_LOG)
    country.mark(agency.code, author.email, Permission.MANAGE_PEOPLE, Permission.SEE_LOG)
    the_person(Role.AGENCY_ADMIN, agency)
    second = make_person(
        f"zq.second.admin@{agency.code.lower()}.example", Role.AGENCY_ADMIN, agency
    )
    ids = {"person": author.pk, "admin": second.pk, "offer": _offer(country, agency).pk}
    with scope.acting(author):
        for month, state in zip(reversed(MONTHS[-5:-1]), STATES, strict=True):
            made = _submission(country, agency, permits, author, month, state)
            last = made.review_steps.order_by("pk").last()
            ids[state], ids[f"last step of {state}"] = made.pk, last.pk if last else 0
        draft = Submission.objects.get(pk=ids["DRAFT"])
        ids |= _rows(country, agency, permits, author, draft)
    token, _text = tokens.make(
        agency,
        name=country.mark(
            agency.code, f"Zq{agency.code.title()} token", Permission.SEE_TOKENS, Permission.SEE_LOG
        ),
        verbs=[tokens.Verb.SEND],
        instruments=[permits.pk],
        days=30,
        by=author,
    )
    ids |= {"token": token.pk, "parts": _begun(token, permits)}
    word = country.mark(agency.code, f"zq atlantis {agency.code.lower()}", see)
    with scope.acting(author):
        proposal = CodeProposal.objects.create(
            agency=agency, codelist="countries", word=word, by=author
        )
    ids["proposal"] = proposal.pk
    country.free_periods[agency.code] = MONTHS[-1]
    country.ids |= {(agency.code, kind): pk for kind, pk in ids.items()}


def _restricted(country):
    """Rows of an instrument that is named in nobody's duties: nobody here may see a mark of them."""
    agency = Agency.objects.get(code=OWN)
    asylum = factories.instrument("SMS-ZZZ", agency)
    access.restrict({asylum.pk: True})
    author = Person.objects.get(email=f"zq.author@{OWN.lower()}.example")
    with scope.working([agency.pk]):
        draft = factories.submission(agency, asylum, MONTHS[-2])
        reason = country.mark(OWN, "ZQSMS-RESTRICTED-REASON")
        factories.review_step(draft, author, target="RETURNED", reason=reason)
        rows = _rows(country, agency, asylum, author, draft, opened_by=())
    country.closed = {"DRAFT": draft.pk, **rows}


def _offer(country, agency):
    """An administrator of the agency invites another one, who has no account yet."""
    address = f"zq.invited@{agency.code.lower()}.example"
    return Invitation.objects.create(
        agency=agency,
        email=country.mark(agency.code, address, Permission.MANAGE_PEOPLE),
        roles=[Role.AGENCY_ADMIN],
        state=Invitation.State.OPEN,
        by=the_person(Role.AGENCY_ADMIN, agency),
        expires_at=timezone.now() + timedelta(days=7),
    )


def _submission(country, agency, permits, author, month, state):
    number = NUMBERS[agency.code]
    passed = STATES[1 : STATES.index(state) + 1]
    hands = {"SUBMITTED": "submitted_by", "SIGNED": "signed_by", "ACCEPTED": "accepted_by"}
    made = factories.submission(
        agency,
        permits,
        month,
        state=state,
        **{hands[step]: author for step in passed},
        accepted_version=1 if state == "ACCEPTED" else None,
        profile={"sex": {"F": 3000, "M": number - 3000}, "held": 0, "findings": []}
        | {"largest_day": 100, "citizenship_unknown": 0}
        if passed
        else {},
    )
    if passed:
        reason = country.mark(
            agency.code, f"ZQ{agency.code}-REASON-{state}", Permission.SEE_SUBMISSIONS
        )
        factories.review_step(made, author, target=state, reason=reason)
        for text in (str(number), f"{number:,}"):
            country.mark(agency.code, text, Permission.SEE_SUBMISSIONS)
    return made


def _rows(country, agency, permits, author, draft, opened_by=(Permission.SEE_RECORDS,)):
    kept = "" if opened_by else "-RESTRICTED"

    def mark(what):
        return country.mark(agency.code, f"ZQ{agency.code}{kept}-{what}", *opened_by)

    question = {
        "id": "day_first",
        "text": {"en": "Which?", "ru": "?", "tk": "?"},
        "choices": [{"value": True, "label": "day"}],
        "evidence": [mark("EVIDENCE")],
    }
    report = {"path": "gone", "questions": [question]}
    file = factories.upload(
        agency,
        permits,
        author,
        draft,
        state="COMMITTED",
        report={"path": "gone"},
    )
    asking = factories.upload(agency, permits, author, state="NEEDS_ANSWERS", report=report)
    refused = factories.upload(
        agency,
        permits,
        author,
        state="REFUSED",
        reason=mark("WHY"),
        report={"path": "gone"},
    )
    again = {"periods": [{"period": draft.period, "gone": 1}], "digest": "a" * 32}
    sent_again = factories.upload(
        agency, permits, author, state="NEEDS_ANSWERS", report={"path": "gone", "again": again}
    )
    for upload in (
        file,
        asking,
        refused,
        sent_again,
    ):  # the name as given is its sender's alone: nobody here
        name = country.mark(agency.code, f"ZQ{agency.code}-FILE-{upload.pk}.csv")
        names.seal(upload, names.GivenNames(file=name))
        upload.save()
    record = factories.record(draft, mark("REF"), upload=file, event_date=f"{draft.period}-05")
    second = {"agency": agency, "instrument": permits, "first_by": author, "variables": ["sex"]}
    SecondEntry.objects.create(record=record, **second)
    raw = {**WPF, "record_ref": mark("RAW"), "event_date": f"05.{_month(draft.period)}", "sex": ""}
    finding = {**factories.FINDING, "variable": "sex", "value": mark("VALUE")}
    held = factories.held_row(
        agency, permits, file, submission=draft, raw=raw, findings=[finding], row_no=17
    )
    typed = {"event_date": f"{draft.period}-07", "sex": "F", "citizenship": "TUR", "region": "TM-S"}
    typed |= {"record_ref": mark("LATE"), "age_precision": "D", "extras": {}}
    late = factories.held_row(
        agency, permits, file, submission=draft, raw=typed, findings=[], kind="LATE", row_no=18
    )
    seen = (Permission.SEE_SUBMISSIONS,) if opened_by else ()
    text = country.mark(agency.code, f"ZQ{agency.code}{kept}-WORD", *seen)
    word = LearnedWord.objects.create(
        agency=agency, instrument=permits, variable="region", text=text, key=text.lower(),
        code="TM-S", taught_by=author,
    )  # fmt: skip
    header = mark("HEADER")
    layout = LearnedLayout.objects.create(
        agency=agency, instrument=permits, upload=file, key=header, keys=[header], headers=[["A", header]],
        answers={"day_first": "true"}, taught_by=author,
    )  # fmt: skip
    from records.collection.entry import version_token

    country.seen[record.pk] = version_token(Record.objects.get(pk=record.pk))
    found = {"upload": file, "asking": asking, "refused": refused, "record": record}
    found["again"] = sent_again
    read_by = (Permission.SEE_SUBMISSIONS,) if opened_by else ()
    text = country.mark(agency.code, f"ZQ{agency.code}{kept}-THREAD", *read_by)
    found["thread"] = factories.thread(draft, author, text, record=record.pk)
    found |= {"held": held, "late": late, "word": word, "layout": layout}
    if opened_by:  # a list is the agency's own, whatever the instrument
        found["own_list"] = OwnCodeList.objects.create(
            agency=agency, name=mark("LIST"), version=1, codelist="countries", codes={"1": "TUR"},
            made_by=author,
        )  # fmt: skip
    return {kind: row.pk for kind, row in found.items()}


def _month(period):
    year, month = period.split("-")
    return f"{month}.{year}"


def _releases(country):
    """Work permits are out, with a second release that waits; crossings under embargo; changes withdrawn."""
    publisher = the_person(Role.PUBLISHER, Agency.objects.get(code=OFFICE))
    own, office = Agency.objects.get(code=OWN), Agency.objects.get(code=OFFICE)
    _accepted(own, "SMS-WPF", PAST[:1])
    country.releases["out"] = _release("WPF", publisher).pk
    _accepted(own, "SMS-WPF", PAST[1:], seed=5)
    country.releases["built"] = _release("WPF", publisher, out=False).pk
    _accepted(own, "SMS-BCR", PAST[:1], seed=2)
    later = timezone.now() + timedelta(days=30)
    country.releases["embargo"] = _release("BCR", publisher, embargo_at=later).pk
    _accepted(office, "STA-SLP", ["2025-Q3"], seed=3)
    withdrawn = _release("SLP", publisher)
    with scope.acting(publisher):
        verbs.withdraw(withdrawn, by=publisher, reason=WITHDRAWN)
    country.releases["withdrawn"] = withdrawn.pk
    for release in Release.objects.exclude(pk=country.releases["out"]):
        country.mark(None, release.checksum, Permission.PUBLISH)


def _accepted(agency, code, months, seed=1):
    """Records of these periods, walked to acceptance and sealed."""
    instrument = Instrument.objects.get(code=code)
    clerk, reviewer = the_person(Role.CLERK, agency), the_person(Role.REVIEWER, agency)
    judge = the_person(Role.STATISTICIAN, Agency.objects.get(code=OFFICE))
    for month in months:
        with scope.acting(clerk):
            made = factories.submission(agency, instrument, month)
            add(made, draw(code, [month], 150, seed))
        for verb, person in (("submit", clerk), ("sign", reviewer), ("accept", judge)):
            with scope.acting(person):
                submissions.advance(made, verb, by=person)
        made.refresh_from_db()
        seal(made)


def _release(dataset, publisher, *, out=True, **said):
    from jobs import worker

    office = Agency.objects.get(code=OFFICE)  # another pair of hands builds than releases
    builder = Person.objects.filter(email=BUILDER).first()
    builder = builder or make_person(BUILDER, Role.PUBLISHER, office)
    with scope.acting(builder):
        job = verbs.build(dataset, by=builder)
    done = worker.work(job.pk)
    assert done.state == done.State.DONE, done.reason
    with scope.acting(publisher):
        made = Release.objects.filter(dataset=dataset).order_by("-number")[0]
        if out:
            verbs.release(
                made,
                by=publisher,
                note="More months.",
                missing_acknowledged=made.missing_text,
                **said,
            )
    return made


def without_roles():
    return make_person("nobody@elsewhere.example")


def grant(person, role, agency):
    access.grant(person, role, Agency.objects.get(code=agency))
