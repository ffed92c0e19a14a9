"""Tokens: shown once, kept as a digest, narrower than the person who made them, ended at once."""

import re
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from agencies import access, accounts, collection, lockout, tokens
from agencies.access import Denied
from agencies.models import Agency, FailedSignIns, Person, Token
from agencies.refusal import Refused
from agencies.roles import Permission, Role
from agencies.tokens import Verb
from tests.cast import PASSWORD, anew, events, signed_in
from tests.records.programs import Program, program

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/people/tokens/"
FORM = {"name": "nightly", "verbs": ["read", "send"], "work": ["SMS/SMS-WPF"], "days": "90",
        "password": PASSWORD}  # fmt: skip


@pytest.fixture
def permits(instruments):
    return instruments["SMS-WPF"]


@pytest.fixture
def robot(clerk, agency, permits):
    return program(clerk, agency, permits)


def works(robot):
    return {200: True, 401: False}[robot.get("uploads/").status_code]


def made(person, form=FORM):
    answer = signed_in(person).post(PAGE, form)
    found = re.search(tokens.FORM.pattern, answer.content.decode())
    return answer, found and found[0]


def test_a_token_is_shown_once_and_kept_as_a_digest(clerk, instruments, agency, mailoutbox):
    answer, text = made(clerk)
    assert answer.status_code == 200 and answer["Cache-Control"] == "no-store"
    token = Token.objects.get()
    assert token.digest == tokens._digest(text) and token.expires_at > timezone.now() + timedelta(
        days=89
    )
    page = signed_in(clerk).get(PAGE).content.decode()
    assert (
        "nightly" in page
        and text not in page
        and text.split("_")[2] not in str(Token.objects.values().get())
    )
    (event,) = events("make")
    assert event.person_id == clerk.pk and text not in str(event.detail)
    (letter,) = mailoutbox
    assert letter.to == [clerk.email] and "nightly" in letter.body
    assert works(Program(text))


def test_loading_the_page_of_a_new_token_again_makes_no_second_one(clerk, instruments):
    client = signed_in(clerk, "en")
    form = {**FORM, "form_id": client.get(PAGE).context["form_id"]}
    assert tokens.FORM.search(client.post(PAGE, form).content.decode())
    again = client.post(PAGE, form)
    assert again.status_code == 422 and "made its token already" in again.content.decode()
    assert Token.objects.count() == 1
    client.post(PAGE, {**form, "form_id": again.context["form_id"]})
    assert Token.objects.count() == 2


def test_colleagues_are_not_told_what_a_specially_protected_instrument_is(
    robot, permits, agency, agency_admin
):
    (title,) = [i.title for i in collection.instruments_of(agency) if i.pk == permits.pk]
    assert title in signed_in(agency_admin).get(PAGE).content.decode()
    access.restrict({permits.pk: True})
    page = signed_in(agency_admin).get(PAGE).content.decode()
    assert "nightly" in page and title not in page


def test_its_last_use_is_shown_with_the_address(robot, clerk):
    assert "never" in signed_in(clerk).get(PAGE).content.decode()
    robot.get("uploads/")
    assert "127.0.0.1" in signed_in(clerk).get(PAGE).content.decode()


@pytest.mark.parametrize("wrong", [{"name": " "}, {"verbs": []}, {"work": []}, {"days": "4000"},
                                   {"work": ["MLSP/SMS-WPF"]}, {"verbs": ["sign"]}, {"password": "x"}])  # fmt: skip
def test_a_senseless_wish_makes_no_token(clerk, instruments, wrong):
    answer, text = made(clerk, {**FORM, **wrong})
    assert (answer.status_code, text) == (422, None) and not Token.objects.exists()


def test_who_enters_no_records_makes_none(reviewer, agency_admin, agency, permits):
    for person in (reviewer, agency_admin):
        assert signed_in(person).post(PAGE, FORM).status_code == 403
        with pytest.raises(Denied):
            program(person, agency, permits)
    assert not Token.objects.exists()


def test_colleagues_and_the_administrator_revoke_it_and_strangers_do_not_find_it(
    robot, clerk, agency_admin, outsider, reviewer
):
    token = Token.objects.get()
    address = f"{PAGE}{token.pk}/revoke/"
    assert signed_in(outsider).post(address).status_code == 404
    assert signed_in(reviewer).post(address).status_code == 404
    assert works(robot)
    assert "nightly" in signed_in(agency_admin).get(PAGE).content.decode()
    signed_in(agency_admin).post(address)
    assert not works(robot) and events("revoke")
    with pytest.raises(Refused):
        tokens.revoke(token, by=anew(agency_admin))


class TestItEnds:
    def test_on_its_day(self, robot):
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute("UPDATE agencies_token SET expires_at = now() - interval '1 second'")
            cursor.execute("SET ROLE migdata_app")
        assert not works(robot)

    def test_with_the_account_and_does_not_come_back_with_it(self, robot, clerk):
        stopped = Person.objects.filter(pk=clerk.pk)
        stopped.update(is_active=False, stopped_at=timezone.now())
        assert not works(robot)
        stopped.update(is_active=True)
        assert not works(robot)

    def test_with_the_password(self, robot, clerk):
        new = "a longer password 1"
        form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
        signed_in(clerk).post("/accounts/password/change/", form)
        assert anew(clerk).check_password(new) and not works(robot)

    def test_with_the_role_and_does_not_come_back_with_it(self, robot, clerk, agency, agency_admin):
        accounts.change_roles(clerk, [], agency=agency, by=anew(agency_admin), link_base="x")
        access.grant(anew(clerk), Role.CLERK, agency)
        assert not works(robot) and events("revoke")

    def test_with_the_role_that_ended_and_the_page_says_so(
        self, robot, clerk, agency, agency_admin
    ):
        access.revoke(clerk, Role.CLERK, agency)
        assert not works(robot)
        page = signed_in(agency_admin).get(PAGE).content.decode()
        assert "enters no records here any more" in page

    def test_with_the_agency(self, robot, agency):
        Agency.objects.filter(pk=agency.pk).update(is_active=False)
        assert not works(robot)

    def test_for_an_instrument_with_the_duty(self, robot, clerk, agency, instruments):
        from agencies.coverage import Duties

        access.limit(clerk, agency, Duties(False, frozenset({instruments["SMS-RES"].pk})))
        assert robot.send(b"a,b\n1,2\n", path="uploads/").status_code == 403


def test_it_lends_no_more_than_it_says_whoever_made_it(clerk, agency, office, permits, instruments):
    access.grant(clerk, Role.REVIEWER, agency)
    robot = program(clerk, agency, permits, verbs=[Verb.READ])
    person = tokens.person_of(robot.token)
    for _again in range(2):  # also when the roles are read anew
        assert access.may(person, Permission.SEE_RECORDS, agency, permits.pk)
        assert not access.may(person, Permission.SEE_RECORDS, agency, instruments["SMS-RES"].pk)
        for permission in set(Permission) - tokens.SEEING:
            assert not access.may(person, permission) and not access.agency_ids(person, permission)
        person.refresh_from_db()


def test_the_database_lets_the_portal_revoke_a_token_and_change_nothing_else(robot):
    for change in (
        "digest = 'x'",
        "expires_at = now()",
        "verbs = '[]'",
        "person_id = person_id + 1",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE agencies_token SET {change}")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM agencies_token")


def test_wrong_tokens_are_kept_waiting_and_a_right_one_never(robot):
    other = robot.token[:-1] + ("A" if robot.token[-1] != "A" else "B")
    wrong = [Program(text) for text in (other, "mdt_x", "x" * 500, "")]
    assert {w.get("uploads/").status_code for w in wrong} == {401}
    assert wrong[0].get("uploads/")["WWW-Authenticate"].startswith("Bearer")
    FailedSignIns.objects.update(failures=lockout.ADDRESS.free)
    waits = wrong[0].get("uploads/")
    assert waits.status_code == 429 and int(waits["Retry-After"]) > 0
    assert works(robot)


def test_every_token_is_compared_in_the_same_way(robot, monkeypatch):
    """A mark that nobody has is compared with a digest too: time tells nothing."""
    compared = []
    monkeypatch.setattr(tokens.hmac, "compare_digest", lambda *pair: bool(compared.append(pair)))
    for text in (robot.token, f"mdt_{'0' * 12}_{'A' * 43}"):
        assert tokens.person_of(text) is None
    assert [len(b) for _a, b in compared] == [64, 64]


def test_there_are_no_tokens_in_practice(agency, clerk, permits):
    colleague = Person.objects.create_user("p@x.example", None)
    colleague.practice_at_id = agency.pk
    with pytest.raises(Refused):
        tokens.make(
            agency, name="x", verbs=[Verb.READ], instruments=[permits.pk], days=30, by=colleague
        )
