"""Practice never becomes data: what an attacker would try, by statements of the application and by forms."""

import pytest
from django.db import Error, connection, transaction
from django.urls import reverse

from agencies import access, audit, changes, practice, scope
from agencies.models import Agency, AgencyChange, Event, Person
from agencies.refusal import Refused
from agencies.roles import ROLES, Permission, Role
from migdata.server import admission, sessions
from records import practice as practised
from records.models import Submission
from records.review import calendar, reminders
from reports.designs import datasets
from reports.exact import slices
from tests import factories
from tests.cast import anew, signed_in

MARK = "practice"


@pytest.fixture
def place(clerk, instruments):
    place, _instrument = practised.opened(clerk)
    return place


@pytest.fixture
def colleagues(place):
    return {p.email.split(".")[0]: p for p in Person.objects.filter(practice_at=place)}


@pytest.fixture
def month(place):
    """A signed submission of practice with a record."""
    permits = place.instruments.get()
    with scope.working([place.pk]):
        made = factories.submission(place, permits, state=Submission.State.SIGNED)
        factories.record(made)
    return made


def answer(statement, *values):
    """What the database says to a statement of the application; "" where it does it. Nothing of it stays."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone() == ("migdata_app",)
            cursor.execute(statement, values)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            transaction.set_rollback(True)
    except Error as error:
        return str(error.__cause__)
    return ""


SLICE = (
    "INSERT INTO reports_slice (submission_id, version, dataset, path, sha256, records, design, sealed_at)"
    " VALUES (%s, 1, 'WPF', 'x', 'x', 1, '', now())"
)
RELEASE = (
    "INSERT INTO pub.release (dataset, number, state, structure, missing, checksum, seal, built_at,"
    " withdrawn_because, note, released_by_builder)"
    " VALUES ('WPF', 77, 'BUILT', '{{}}', %s, 'x', '', now(), '', '', false) RETURNING id"
)


def test_no_exact_cells_are_made_of_practice_by_sql(month, one_of_each):
    assert MARK in answer(SLICE, month.pk)  # with no scope at all: the trigger sees past it
    with scope.working([month.agency_id]):
        assert MARK in answer(SLICE, month.pk)
        assert answer(SLICE, one_of_each["submission"].pk) == ""
        with connection.cursor() as cursor:
            cursor.execute(SLICE, [one_of_each["submission"].pk])
        assert MARK in answer("UPDATE reports_slice SET submission_id = %s", month.pk)


def test_no_release_is_built_of_practice_by_sql(month, clerk):
    release = RELEASE.format().replace("%s", "'[]'")
    build = (
        f"WITH made AS ({release}) INSERT INTO reports_build (release_id, inputs, method, seed_id, gates, errors,"
        " nearness, missing_acknowledged, tree, span, years, residences, files, conflicts,"
        " conflicts_signed_because, cells_path, cells_sha256, built_by_id, fault, lists)"
        " SELECT id, %s, '', '', '[]', '{}', '[]', '[]', '', '[]', '[]', '{}', '{}', '[]', '', '', '', %s, '', '{}'"
        " FROM made"
    )
    pinned = f'[{{"submission": {month.pk}, "version": 1}}]'
    assert MARK in answer(build, pinned, clerk.pk)
    assert answer(build, '[{"submission": 0, "version": 1}]', clerk.pk) == ""


def test_no_release_says_that_practice_is_missing(place):
    late = f'[{{"agency": "{place.code}", "period": "2026-03"}}]'
    assert MARK in answer(RELEASE.format(), late)
    assert answer(RELEASE.format(), '[{"agency": "SMS", "period": "2026-03"}]') == ""


STATEMENTS = {
    "accepted": "UPDATE records_submission SET state = 'ACCEPTED' WHERE id = {month}",
    "accepted before": "UPDATE records_submission SET accepted_version = 1 WHERE id = {month}",
    "accepted by somebody": "UPDATE records_submission SET accepted_by_id = {person} WHERE id = {month}",
    "no practice any more": "UPDATE agencies_agency SET practice = false, practice_of_id = NULL WHERE id = {place}",
    "another owner": "UPDATE agencies_agency SET practice_of_id = {other} WHERE id = {place}",
    "a real agency made practice": (
        "UPDATE agencies_agency SET practice = true, practice_of_id = {other} WHERE id = {agency}"
    ),
    "merged into practice": "UPDATE agencies_agency SET merged_into_id = {place} WHERE id = {agency}",
    "practice merged": "UPDATE agencies_agency SET merged_into_id = {agency} WHERE id = {place}",
    "practice as the office": "UPDATE agencies_agency SET statistics_office = true WHERE id = {place}",
    "a real role for a colleague": (
        "INSERT INTO agencies_agencypermission (user_id, permission_id, content_object_id)"
        " SELECT {colleague}, id, {agency} FROM auth_permission WHERE codename = 'clerk'"
    ),
    "a practice role for a real person": (
        "INSERT INTO agencies_agencypermission (user_id, permission_id, content_object_id)"
        " SELECT {person}, id, {place} FROM auth_permission WHERE codename = 'clerk'"
    ),
    "a colleague who accepts": (
        "INSERT INTO agencies_agencypermission (user_id, permission_id, content_object_id)"
        " SELECT {colleague}, id, {place} FROM auth_permission WHERE codename = 'statistician'"
    ),
    "a role moved": (
        "UPDATE agencies_agencypermission SET content_object_id = {agency} WHERE user_id = {colleague}"
    ),
    "a colleague made real": "UPDATE agencies_person SET practice_at_id = NULL WHERE id = {colleague}",
    "a real person made a colleague": (
        "UPDATE agencies_person SET practice_at_id = {place}, password = '!' WHERE id = {person}"
    ),
    "a colleague with a password": (
        "UPDATE agencies_person SET password = 'md5$a$b' WHERE id = {colleague}"
    ),
    "an invitation": (
        "INSERT INTO agencies_invitation (agency_id, email, name, language, roles, instruments, state, by_id, at,"
        " expires_at, digest) VALUES ({place}, 'x@x.example', '', '', '[]', '[]', 'OPEN', {person}, now(), now(), '')"
    ),
    "a change of it": (
        "INSERT INTO agencies_agencychange (agency_id, kind, content, state, by_id, at)"
        " VALUES ({place}, 'RENAME', '{{}}', 'PROPOSED', {person}, now())"
    ),
    "a submission moved": "UPDATE records_submission SET agency_id = {agency} WHERE id = {empty}",
    "a record moved": (
        "UPDATE records_record SET agency_id = {agency}, submission_id = {real} WHERE submission_id = {month}"
    ),
    "compared with a real one": (
        "INSERT INTO records_sharednumbers (agency_id, submission_id, other_agency_id, other_id, shared, numbers)"
        " VALUES ({agency}, {real}, {place}, {month}, 1, 1)"
    ),
    "a real agency emptied": "SELECT reset_practice({agency})",
}
REASONS = ("stays with its agency", "practice", "nobody_signs_in_as")


def test_the_database_keeps_practice_and_the_rest_apart(
    place, month, colleagues, one_of_each, clerk, outsider, agency
):
    with scope.working(
        [place.pk, agency.pk]
    ):  # `app` may set its own scope: this must hold even then
        names = {
            "month": month.pk,
            "empty": factories.submission(place, month.instrument, "2026-04").pk,
            "real": one_of_each["submission"].pk,
            "place": place.pk,
            "agency": agency.pk,
            "person": clerk.pk,
            "other": outsider.pk,
            "colleague": colleagues["clerk"].pk,
        }
        told = {name: answer(text.format(**names)) for name, text in STATEMENTS.items()}
    done = {name: why for name, why in told.items() if not any(word in why for word in REASONS)}
    assert done == {}


def test_who_reads_public_figures_empties_nothing(place):
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SET LOCAL ROLE migdata_public")
        with pytest.raises(Error, match="permission denied"), transaction.atomic():
            cursor.execute("SELECT reset_practice(%s)", [place.pk])
        transaction.set_rollback(True)


def test_no_role_reaches_practice(month, place, request):
    """The first lock, beside the colleagues who are played there."""
    for role in ROLES:
        person = request.getfixturevalue(role.value)
        for permission in Permission:
            assert place not in access.agencies(person, permission)
            assert not access.may(person, permission, place)
            assert not access.may(person, permission, place, month.instrument_id)
        with scope.working([place.pk]):
            assert not Submission.objects.visible_to(person).filter(agency=place).exists()


def test_the_second_lock_shows_practice_to_nobody_else(month, place, request):
    for role in ROLES:
        with scope.acting(request.getfixturevalue(role.value)):
            assert not Submission.objects.filter(agency=place).exists()


def test_statistics_staff_find_no_page_of_practice(month, place, statistician):
    office = signed_in(statistician)
    assert office.get(month.get_absolute_url()).status_code == 404
    assert office.post(reverse("records:advance", args=[month.pk, "accept"])).status_code == 404
    for name in ("submissions", "due_dates", "punctuality", "calendar", "home"):
        assert place.code not in office.get(reverse(f"records:{name}")).content.decode(), name
    about = office.get(reverse("records:instrument", args=[month.instrument.code]))
    assert practice.NAME not in about.content.decode()  # who delivers it
    dates = office.get(
        reverse("records:due_date", args=[month.instrument.code, place.code, month.period])
    )
    assert dates.status_code == 404
    rule = {"agency": place.code, "instrument": month.instrument.code, "days": "9"}
    assert office.post(reverse("records:due_dates"), rule).status_code == 404


def test_nothing_expects_reminds_or_seals_practice(month, place, publisher):
    with scope.working(Agency.objects.values_list("pk", flat=True)):
        everywhere = list(Agency.objects.values_list("pk", flat=True))
        owed = calendar.expected(everywhere, month.created_at.date(), calendar.Periods(back=3))
        assert place not in {entry.agency for entry in owed}
    reminders.remind()
    with scope.working([place.pk]), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM records_notice WHERE agency_id = %s", [place.pk])
        assert cursor.fetchone() == (0,)
        (dataset,) = datasets.of_instrument(month.instrument.code)
        assert not slices.accepted(dataset).exists()


def test_the_id_of_a_practice_agency_in_real_forms_is_one_that_does_not_exist(
    place, month, clerk, national_admin, agency_admin
):
    real = signed_in(clerk)  # who owns it, and does not practise now
    code = month.instrument.code
    assert real.get(reverse("records:record_new", args=[code, place.code])).status_code == 404
    begun = reverse("records:begin", args=[code, place.code, "2026-05"])
    assert real.post(begun).status_code == 404
    assert real.get(month.get_absolute_url()).status_code == 404
    for person in (national_admin, agency_admin):
        admin = signed_in(person)
        assert admin.get(reverse("agencies:agency", args=[place.code])).status_code in (403, 404)
        assert admin.get(reverse("agencies:invite", args=[place.code])).status_code == 404
        assert place.code not in admin.get(reverse("agencies:people")).content.decode()
    office = signed_in(national_admin)
    assert place.code not in office.get(reverse("agencies:agency_list")).content.decode()


def test_a_practice_agency_is_neither_merged_nor_merged_into(place, agency, national_admin):
    with pytest.raises(Refused):
        changes.propose("MERGE", agency, {"agency": place.code}, by=national_admin)
    with pytest.raises(Error, match=MARK), transaction.atomic():
        changes.propose("MERGE", place, {"agency": agency.code}, by=national_admin)
    assert not AgencyChange.objects.exists()


def test_who_plays_a_colleague_reaches_nothing_real(month, one_of_each, clerk):
    played = signed_in(clerk)
    played.post(reverse("records:practise", args=["clerk"]))
    real = one_of_each["submission"]
    assert played.get(real.get_absolute_url()).status_code == 404
    assert played.get(one_of_each["upload"].get_absolute_url()).status_code == 404
    sent = played.post(reverse("records:upload_new"), {"delivery": f"SMS/{real.instrument.code}"})
    assert sent.status_code == 422
    assert played.get(month.get_absolute_url()).status_code == 200
    assert "PR-" not in signed_in(clerk).get("/").content.decode()


def test_nobody_practises_in_the_agency_of_another(month, outsider, viewer):
    other = signed_in(outsider)
    other.post(reverse("records:practise", args=["reviewer"]))
    assert other.get(month.get_absolute_url()).status_code == 404
    session = other.session
    session[practice.KEY] = "statistician"  # a session that somebody could write
    session.save()
    assert other.get("/").context["user"] == outsider
    assert signed_in(viewer).get(reverse("records:practice")).status_code == 403
    assert signed_in(viewer).post(reverse("records:practise", args=["clerk"])).status_code == 403
    assert not Agency.everywhere.filter(practice_of=viewer).exists()


def test_practice_ends_with_the_duties_of_its_owner(place, clerk, agency):
    played = signed_in(clerk)
    played.post(reverse("records:practise", args=["clerk"]))
    assert played.get("/").context["user"].practice_at == place
    access.revoke(anew(clerk), Role.CLERK, agency)
    assert played.get("/practice/").status_code == 403


def test_the_own_account_stays_the_own_account(place, clerk):
    played = signed_in(clerk)
    played.post(reverse("records:practise", args=["clerk"]))
    assert played.get(reverse("account_change_password")).context["user"] == clerk


def test_the_log_names_who_practised_and_marks_it(place, clerk):
    played = signed_in(clerk)
    played.post(reverse("records:practise", args=["clerk"]))
    permits = place.instruments.get().code
    played.get(reverse("records:submissions"))
    played.post(reverse("records:begin", args=[permits, place.code, "2026-05"]))
    event = Event.objects.using(audit.SIDE).filter(verb="begin").latest("pk")
    assert (event.person_id, event.agency) == (clerk.pk, place.code)
    assert event.detail["practice"]


@pytest.mark.django_db(transaction=True)
def test_a_statistician_practises_without_a_role_that_her_own_exclude(statistician, instruments):
    desk = signed_in(statistician)
    assert desk.post(reverse("records:practise", args=["clerk"])).status_code == 302
    assert desk.get(reverse("records:uploads")).status_code == 200
    # The door, which asks before it receives a file, knows her as the clerk; she is counted as herself.
    key = desk.session.session_key
    assert admission.allowance("/uploads/new", lambda: sessions.acting_as(key)) > 0
    assert sessions.person_of(key) == statistician
    assert access.holdings(anew(statistician)).keys() == access.holdings(statistician).keys()
    desk.post(reverse("records:practice_leave"))
    assert desk.get(reverse("records:uploads")).status_code == 403
    with pytest.raises(admission.NotAdmitted):
        admission.allowance("/uploads/new", lambda: sessions.acting_as(key))
