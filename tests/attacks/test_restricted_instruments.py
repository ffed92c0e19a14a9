"""An instrument of special protection is seen where it is named, and nowhere else: pages, verbs, database."""

import pytest
from django.db import ProgrammingError, connection, transaction

from agencies import access, scope
from agencies.coverage import Duties
from agencies.roles import Permission, Role
from migdata.demo import people
from records.collection import entry, held_rows, uploads
from records.instruments import deliveries, versions
from records.models import (
    Comment,
    DueRule,
    Handling,
    HeldRow,
    Instrument,
    Record,
    ReviewStep,
    Submission,
    Thread,
    Upload,
)
from records.review import handlings, submissions
from tests import factories
from tests.cast import anew, make_person, signed_in
from tests.factories import publish
from tests.records.files import WPF

SCOPED = [Submission, Upload, Record, HeldRow, ReviewStep, Thread, Comment, Handling]
HISTORY = "SELECT count(*) FROM records_recordevent"


@pytest.fixture
def officer(agency, asylum):
    """A clerk in whose duties the restricted instrument is named, beside all ordinary ones."""
    person = make_person("officer@sms.example", Role.CLERK, agency)
    people.name(asylum.code, person.email)
    return anew(person)


@pytest.fixture
def asked(officer, agency, asylum):
    """One row of each kind of the restricted instrument, written by her who may."""
    with scope.acting(officer):
        month = factories.submission(agency, asylum)
        file = factories.upload(agency, asylum, officer, month, state=Upload.State.NEEDS_ANSWERS)
        rows = {
            "submission": month,
            "upload": file,
            "record": factories.record(month, upload=file),
            "held": factories.held_row(agency, asylum, file, submission=month),
            "step": factories.review_step(month, officer),
            "thread": factories.thread(month, officer),
        }
        handlings.note(Handling.Deed.ENTER, month, by=officer)
        handlings.note_answers(file, by=officer)
        Record.objects.update(sex="M")
    return rows


def counts():
    """Count what the database shows, without any filter of the code."""
    with connection.cursor() as cursor:
        cursor.execute(HISTORY)
        history = cursor.fetchone()[0]
    return [model._default_manager.count() for model in SCOPED], history


def limited(person, agency, *named):
    """Limit a person to the instruments named, and load them anew."""
    access.limit(person, agency, Duties(False, frozenset(i.pk for i in named)))
    return anew(person)


def test_the_database_shows_its_rows_to_nobody_in_whose_duties_it_is_not_named(
    asked, officer, clerk, reviewer, statistician, ordinary, agency
):
    with scope.acting(officer):
        assert counts() == ([1, 1, 1, 1, 1, 1, 1, 2], 1)
    for person in (clerk, reviewer, statistician, limited(clerk, agency, ordinary)):
        with scope.acting(person):
            assert counts() == ([0] * len(SCOPED), 0), person


def test_the_database_refuses_rows_of_it_from_whom_it_is_not_named(asked, clerk, agency, asylum):
    writes = [
        lambda: factories.submission(agency, asylum, "2026-04"),
        lambda: factories.upload(agency, asylum, clerk),
        lambda: factories.held_row(agency, asylum),
        lambda: factories.record(asked["submission"], "2"),
        lambda: handlings.note(Handling.Deed.ENTER, asked["submission"], by=clerk),
    ]
    for write in writes:
        with scope.acting(clerk), pytest.raises(ProgrammingError), transaction.atomic():
            write()


def test_statistics_staff_see_it_where_it_is_named_in_their_office(
    asked, statistician, office, asylum
):
    assert not Submission.objects.visible_to(statistician)
    assert not access.may(statistician, Permission.TABULATE, instrument=asylum.pk)
    with pytest.raises(access.Denied):
        deliveries.require(statistician, Permission.TABULATE, asylum.code)
    access.limit(statistician, office, Duties(named=frozenset({asylum.pk})))
    named = anew(statistician)
    with scope.acting(named):
        assert counts()[0][0] == 1
        assert Submission.objects.visible_to(named).get() == asked["submission"]
        assert Record.objects.count() == 0
    assert access.may(named, Permission.ACCEPT, asked["submission"].agency, asylum.pk)
    deliveries.require(named, Permission.TABULATE, asylum.code)


def test_who_is_limited_to_named_instruments_sees_those_and_no_others(
    asked, officer, agency, ordinary, asylum
):
    with scope.acting(officer):
        factories.submission(agency, ordinary)
        assert Submission.objects.visible_to(officer).count() == Submission.objects.count() == 2
    for instrument in (ordinary, asylum):
        person = limited(officer, agency, instrument)
        with scope.acting(person):
            assert {s.instrument for s in Submission.objects.all()} == {instrument}
            assert {s.instrument for s in Submission.objects.visible_to(person)} == {instrument}
            assert [i for _agency, i in deliveries.offered_to(person)] == [instrument]


def places(asked):
    """Every private address of its rows."""
    pk = {kind: row.pk for kind, row in asked.items()}
    submission, upload = f"/submissions/{pk['submission']}", f"/uploads/{pk['upload']}"
    return [
        *(f"{submission}/{rest}" for rest in ("", "records", "held")),
        *(f"{upload}/{rest}" for rest in ("", "held")),
        "/records/new/SMS-ZZZ/SMS/",
        f"/records/{pk['record']}/",
        f"/held/{pk['held']}/",
    ]


LISTS = ("/", "/submissions/", "/uploads/", "/uploads/new")


def test_pages_answer_as_if_it_were_not_there(asked, officer, clerk, reviewer, statistician):
    theirs = signed_in(officer)
    addresses = [a for a in places(asked) if theirs.get(a).status_code == 200]
    assert len(addresses) >= 7
    for person in (clerk, reviewer, statistician):
        browser = signed_in(person)
        assert {browser.get(address).status_code for address in addresses} == {404}
        assert not any("ZZZ" in browser.get(page).content.decode() for page in LISTS)
    assert any("ZZZ" in theirs.get(page).content.decode() for page in LISTS)


def test_buttons_and_forms_of_it_do_nothing_for_others(asked, clerk, officer):
    browser, pk = signed_in(clerk), asked["submission"].pk
    posts = [
        (f"/submissions/{pk}/submit/", {"held_acknowledged": "1"}),
        ("/records/new/SMS-ZZZ/SMS/", WPF),
        (f"/uploads/{asked['upload'].pk}/undo", {}),
    ]
    for address, form in posts:
        assert browser.post(address, form).status_code == 404, address
    with scope.acting(officer):
        assert Submission.objects.get(pk=pk).state == Submission.State.DRAFT


def test_verbs_deny_it_even_to_whom_the_rows_are_handed(asked, clerk, statistician, agency, asylum):
    month, file = asked["submission"], asked["upload"]
    tries = [
        lambda: entry.save(WPF, agency=agency, instrument=asylum, by=clerk),
        lambda: entry.delete(asked["record"], by=clerk),
        lambda: held_rows.discard(asked["held"], by=clerk),
        lambda: uploads.undo(file, by=clerk),
        lambda: uploads.read(file, by=clerk, answers={}),
        lambda: uploads.receive(
            iter([b"x"]), agency=agency, instrument=asylum, file_name="x.csv", by=clerk
        ),
    ]
    for attempt in tries:
        with scope.working([agency.pk]), pytest.raises(access.Denied):
            attempt()
    with scope.working([agency.pk]):
        assert submissions.steps_open_to(clerk, month) == []
        assert not submissions.waiting_for(clerk) and not submissions.waiting_for(statistician)


def test_a_new_version_may_restrict_an_instrument_and_free_it_again(agency, tmp_path, clerk):
    publish(tmp_path, "SMS-YYY", restricted=False)
    instrument = Instrument.objects.get(code="SMS-YYY")
    assert access.may(anew(clerk), Permission.ENTER, agency, instrument.pk)
    first = versions.current(instrument).number
    for number, restricted in ((first + 1, True), (first + 2, False)):
        text = (tmp_path / "sms-yyy.yaml").read_text()
        text = text.replace(f"version: {number - 1}", f"version: {number}")
        flag = f"restricted: {str(not restricted).lower()}"
        text = text.replace(flag, f"restricted: {str(restricted).lower()}")
        (tmp_path / "sms-yyy.yaml").write_text(text)
        versions.publish(tmp_path / "sms-yyy.yaml")
        may = access.may(anew(clerk), Permission.ENTER, agency, instrument.pk)
        assert may is not restricted


def test_its_due_dates_are_seen_and_set_only_where_it_is_named(agency, asylum, clerk, statistician):
    """Neither home, nor calendar, nor the rules of due dates tell of it, and no rule of it can be set."""
    agency.instruments.add(asylum)
    title = versions.current(asylum).title
    for person in (clerk, statistician):
        browser = signed_in(person)
        for page in ("/", "/calendar/", "/due-dates/", "/punctuality/"):
            text = browser.get(page).content.decode()
            assert title not in text and asylum.code not in text, (person, page)
    rule = {"rule": f"{agency.code}/{asylum.code}", "days": "7"}
    assert signed_in(statistician).post("/due-dates/", rule).status_code == 403
    assert signed_in(statistician).get("/due-dates/", rule).status_code == 403
    assert not DueRule.objects.exists()
    people.name(asylum.code, statistician.email)
    assert signed_in(anew(statistician)).post("/due-dates/", rule).status_code == 302
    assert DueRule.objects.get().days == 7
