"""Many invitations at once: every row is looked at, what is wrong is said, and all are sent or none."""

import re

import pytest
from django.core import mail

from agencies import access, accounts, many_invitations
from agencies.coverage import Duties
from agencies.many_invitations import Defaults
from agencies.models import Invitation
from agencies.refusal import Refused
from agencies.roles import Role
from tests.cast import make_person, signed_in

PAGE = "/people/invite-many/SMS/"
TEN = "\n".join(f"new{n}@sms.example" for n in range(10))
FORM = {"people": TEN, "language": "ru", "roles": ["clerk"], "covers": "1", "ordinary": "on"}


def rows(text, agency, by, *roles):
    defaults = Defaults(roles or (Role.CLERK,), "en")
    return many_invitations.read(text, defaults, agency=agency, by=by)


def seen(answer):
    return re.search(r'name="seen" value="(\w+)"', answer.content.decode())[1]


def test_ten_colleagues_are_invited_with_two_forms_each_in_the_language_chosen(
    agency, agency_admin
):
    browser = signed_in(agency_admin)
    preview = browser.post(PAGE, FORM)
    assert preview.status_code == 200 and not Invitation.objects.exists()
    sent = browser.post(PAGE, {**FORM, "seen": seen(preview), "confirm": "1"})
    assert sent.status_code == 302
    assert Invitation.objects.filter(state="OPEN", language="ru", roles=["clerk"]).count() == 10
    assert len([m for m in mail.outbox if "/people/invitation/" in m.body]) == 10


def test_cells_of_a_sheet_say_more_in_any_language(agency, agency_admin, asylum):
    text = (
        "Address\tName\tLanguage\tRoles\tInstruments\n"
        "a@sms.example\tAýna\ttk\tclerk, Reviewer\tsms-zzz\n"
        "Bahar <b@sms.example>\n"
        "c@sms.example; Çary; ; Viewer\n"
    )
    first, second, third = rows(text, agency, agency_admin)
    assert (first.name, first.language, set(first.roles)) == (
        "Aýna",
        "tk",
        {Role.CLERK, Role.REVIEWER},
    )
    assert first.duties == Duties(False, frozenset({asylum.pk}))
    assert (second.name, second.email, second.roles) == ("Bahar", "b@sms.example", (Role.CLERK,))
    assert (third.name, third.language, third.roles) == ("Çary", "en", (Role.VIEWER,))
    assert not any(row.problems for row in (first, second, third))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("not an address@", "no e-mail address"),
        ("x@sms.example\nX@sms.example", "more than once"),
        ("clerk@sms.example", "works here already"),
        ("gone@sms.example", "is deactivated"),
        ("open@sms.example", "is open"),
        ("admin@sms.example", "your own address"),
        ("x@sms.example;X;en;publisher", "may not give the role “Publisher”"),
        ("x@sms.example;X;en;king", "no role “king”"),
        ("x@sms.example;X;xx", "no language “xx”"),
        ("x@sms.example;X;en;clerk;NO-SUCH", "no instrument of this agency"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_sent(agency, agency_admin, clerk, line, why):
    gone = make_person("gone@sms.example", Role.CLERK, agency)
    accounts.set_active(gone, False, agency=agency, by=agency_admin)
    many_invitations.invite(
        rows("open@sms.example", agency, agency_admin),
        agency=agency,
        by=agency_admin,
        link_base="http://testserver/",
    )
    line = line.replace("clerk@sms", clerk.email.split("@")[0] + "@sms").replace(
        "admin@sms.example", agency_admin.email
    )
    text = f"good@sms.example\n{line}"
    found = rows(text, agency, agency_admin)
    assert any(why in problem for row in found for problem in row.problems), found
    browser = signed_in(agency_admin)
    answer = browser.post(PAGE, {**FORM, "people": text})
    assert answer.status_code == 422 and "nothing is sent" in answer.content.decode()
    assert not Invitation.objects.filter(email="good@sms.example").exists()
    with pytest.raises(Refused, match="Line"):
        many_invitations.invite(
            found, agency=agency, by=agency_admin, link_base="http://testserver/"
        )
    assert not Invitation.objects.filter(email="good@sms.example").exists()


def test_whether_a_stranger_has_an_account_is_not_told(agency, agency_admin, outsider):
    known, unknown = rows(f"{outsider.email}\nnobody@mlsp.example", agency, agency_admin)
    assert known.problems == unknown.problems == () and known.foreign and unknown.foreign


def test_foreign_addresses_need_a_confirmation_of_their_own(agency, agency_admin):
    browser, form = signed_in(agency_admin), {**FORM, "people": "x@elsewhere.example"}
    confirmed = {**form, "seen": seen(browser.post(PAGE, form)), "confirm": "1"}
    assert "not confirmed" in browser.post(PAGE, confirmed).content.decode()
    assert not Invitation.objects.exists()
    assert browser.post(PAGE, {**confirmed, "foreign": "on"}).status_code == 302


def test_a_text_that_was_changed_after_the_preview_is_shown_again(agency, agency_admin):
    browser = signed_in(agency_admin)
    digest = seen(browser.post(PAGE, FORM))
    changed = {**FORM, "people": TEN + "\nlate@sms.example", "seen": digest, "confirm": "1"}
    assert browser.post(PAGE, changed).status_code == 200
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("text", ["", "   ", "heading only", "\n".join(["a@b.cc"] * 201), "\x00"])
def test_no_rows_or_too_many_are_refused_in_words(agency, agency_admin, text):
    answer = signed_in(agency_admin).post(PAGE, {**FORM, "people": text})
    assert answer.status_code in (400, 422) and not Invitation.objects.exists()


def test_an_administrator_of_another_agency_has_no_such_page(agency, outsider, other_agency):
    access.grant(outsider, Role.AGENCY_ADMIN, other_agency)
    assert signed_in(outsider).get(PAGE).status_code == 404
