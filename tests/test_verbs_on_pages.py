"""What happens when people press the buttons: each verb through its page, allowed and refused."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agencies import access, scope
from agencies.models import Agency, Event
from agencies.roles import Role
from jobs import queue, worker
from records.models import HeldRow, Record, Submission, Upload
from reports.models import Release
from tests import world
from tests.cast import signed_in

CLERK, REVIEWER = "clerk@sms.example", "reviewer@sms.example"
STATISTICIAN, PUBLISHER = "statistician@scs.example", "publisher@scs.example"
OPEN = world.MONTHS[2]


@pytest.fixture
def country(transactional_db):
    world.build()


def as_person(email):
    return signed_in(world.person(email))


def submission(month=OPEN):
    with scope.acting(world.person(CLERK)):
        return Submission.objects.get(period=month, agency__code="SMS")


def held_row():
    with scope.acting(world.person(CLERK)):
        return HeldRow.open_rows.filter(submission__period=OPEN, kind="ERROR").first()


def text_of(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_a_held_row_of_a_rule_is_found_by_its_rule(country):
    rule = held_row().findings[0]["rule"]
    client, page = as_person(CLERK), f"/submissions/{submission().pk}/held"
    assert client.get(page, {"rule": rule}).content.count(b"data-seen") > 0
    assert client.get(page, {"rule": "no.such.rule"}).content.count(b"data-seen") == 0


def test_a_held_row_is_removed(country):
    row = held_row()
    as_person(CLERK).post(f"/held/{row.pk}/discard")
    with scope.acting(world.person(CLERK)):
        assert not HeldRow.open_rows.filter(pk=row.pk).exists()


def test_a_reviewer_may_look_at_held_rows_but_not_correct_them(country):
    client = as_person(REVIEWER)
    page = client.get(f"/submissions/{submission().pk}/held")
    assert b"data-seen" not in page.content
    assert client.post(f"/held/{held_row().pk}/discard").status_code == 403


def test_submitting_with_held_rows_needs_their_number(country):
    client, page = as_person(CLERK), f"/submissions/{submission().pk}/"
    refused = client.post(f"{page}submit/")
    assert refused.status_code == 409
    assert "rows are held" in text_of(refused)
    with scope.acting(world.person(CLERK)):
        held = submission().held_rows.count()
    client.post(f"{page}submit/", {"held_acknowledged": held})
    assert submission().state == "SUBMITTED"


@pytest.mark.parametrize("number", ["²", "9" * 5000, "-1", "x", ""])
def test_a_number_of_held_rows_that_is_none_is_refused_in_words(number, country):
    page = f"/submissions/{submission().pk}/submit/"
    assert as_person(CLERK).post(page, {"held_acknowledged": number}).status_code == 409


def test_a_list_of_uploads_does_not_load_their_reports(country):
    with scope.acting(world.person(CLERK)), CaptureQueriesContext(connection) as asked:
        page = as_person(CLERK).get("/uploads/")
        with scope.acting(world.person(CLERK)):
            rows = Upload.objects.latest("pk").report["rows"]
    lists = [q["sql"] for q in asked if 'FROM "records_upload"' in q["sql"]]
    assert f">{rows['accepted']}</td>" in page.content.decode()
    assert not any('"records_upload"."report",' in sql for sql in lists[:-1])


def test_a_filter_asks_for_each_value_once(country):
    with CaptureQueriesContext(connection) as asked:
        page = as_person(CLERK).get("/submissions/")
    counted = [q for q in asked if "records_submission" in q["sql"] and "GROUP BY" in q["sql"]]
    assert len(counted) == 4  # state, instrument, agency, period: each value with how many have it
    assert page.content.decode().count('value="SMS-WPF"') == 1


def test_returning_needs_a_reason_which_the_agency_reads(country):
    with scope.acting(world.person(CLERK)):
        held = submission().held_rows.count()
    world.advance(submission(), "submit", CLERK, held_acknowledged=held)
    client, page = as_person(REVIEWER), f"/submissions/{submission().pk}/"
    assert client.post(f"{page}return/").status_code == 409
    client.post(f"{page}return/", {"reason": "Occupation is missing.", "reason_code": "INCOMPLETE"})
    assert "Occupation is missing." in text_of(as_person(CLERK).get("/"))


def test_nobody_signs_what_they_submitted_not_even_by_hand(country):
    with scope.acting(world.person(CLERK)):
        held = submission().held_rows.count()
    world.advance(submission(), "submit", CLERK, held_acknowledged=held)
    assert as_person(CLERK).post(f"/submissions/{submission().pk}/sign/").status_code == 403
    assert submission().state == "SUBMITTED"


def test_a_period_without_a_record_is_opened_and_submitted_empty(country):
    empty = "2025-01"
    client = as_person(CLERK)
    opened = client.post(f"/submissions/begin/SMS-BCR/SMS/{empty}/")
    page = client.get(opened["Location"])
    assert "There is nothing to report" in text_of(page)
    client.post(f"{opened['Location']}submit/", {"nothing_to_report": "on"})
    with scope.acting(world.person(CLERK)):
        made = Submission.objects.get(period=empty)
    assert (made.state, made.nothing_to_report) == ("SUBMITTED", True)


@pytest.mark.parametrize("period", ["2099-01", "2025-Q1", "nonsense"])
def test_no_period_is_opened_that_has_not_ended_or_is_none(country, period):
    as_person(CLERK).post(f"/submissions/begin/SMS-WPF/SMS/{period}/")
    with scope.acting(world.person(CLERK)):
        assert not Submission.objects.filter(period=period).exists()


def test_a_period_of_another_agency_is_not_opened(country):
    page = "/submissions/begin/SMS-WPF/MLSP/2025-01/"
    assert as_person(CLERK).post(page).status_code == 404
    assert as_person(REVIEWER).post(page.replace("MLSP", "SMS")).status_code == 404


def test_late_rows_are_taken_in_after_reopening(country):
    month = world.MONTHS[0]
    world.send(world.permits(month, rows=20, seed=99), name="late.csv", by=CLERK)
    page = f"/submissions/{submission(month).pk}/"
    assert "came after it was submitted" in text_of(as_person(REVIEWER).get(page))
    as_person(CLERK).post(f"{page}late")
    with scope.acting(world.person(CLERK)):
        late = HeldRow.open_rows.filter(submission__period=month, kind="LATE").count()
    assert late > 0
    as_person(STATISTICIAN).post(f"{page}reopen/", {"reason": "Late rows.", "reason_code": "OTHER"})
    as_person(CLERK).post(f"{page}late")
    with scope.acting(world.person(CLERK)):
        assert not HeldRow.open_rows.filter(submission__period=month, kind="LATE").exists()


def test_an_upload_is_sent_answered_and_undone(country):
    month = "2025-02"
    rows = world.permits(month, rows=30, language="en", delimiter=",", encoding="utf-8").decode()
    numbered = re.sub(r",F,", ",2,", re.sub(r",M,", ",1,", rows))
    client = as_person(CLERK)
    file = SimpleUploadedFile("numbers.csv", numbered.encode())
    sent = client.post("/uploads/new", {"delivery": "SMS/SMS-WPF", "file": file})
    work(CLERK)
    page = sent["Location"]
    assert 'name="sex_codes:1"' in client.get(page).content.decode()
    client.post(f"{page}answer", {"sex_codes:1": "M", "sex_codes:2": "F"})
    work(CLERK)
    assert "good" in text_of(client.get(page))
    client.post(f"{page}undo")
    assert "undone" in text_of(client.get(page))
    with scope.acting(world.person(CLERK)):
        assert not Record.objects.filter(submission__period=month).exists()


def work(email):
    with scope.acting(world.person(email)):
        job = Upload.objects.latest("pk").job_id
    worker.work(job)


def test_progress_is_a_fragment_while_a_file_waits_and_then_the_whole_page(country):
    file = SimpleUploadedFile("more.csv", world.permits("2025-03", rows=20))
    client = as_person(CLERK)
    sent = client.post("/uploads/new", {"delivery": "SMS/SMS-WPF", "file": file})
    waiting = client.get(f"{sent['Location']}progress")
    assert "Waiting for a worker" in text_of(waiting)
    work(CLERK)
    assert client.get(f"{sent['Location']}progress").headers["HX-Refresh"] == "true"


def test_a_record_is_edited_and_deleted_while_its_submission_is_open(country):
    with scope.acting(world.person(CLERK)):
        record = Record.objects.filter(submission__period=OPEN, extras__decision="ISS")[0]
    client, page = as_person(CLERK), f"/records/{record.pk}/"
    values = dict(
        re.findall(
            r'name="(\w+)"\s+type="text"[^>]*?\svalue="([^"]*)"', client.get(page).content.decode()
        )
    )
    codes = {"sex": "M", "citizenship": "UZB", "region": "TM-M", "decision": "ISS"}
    codes |= {"wage_cur": "TMT"} if values.get("wage_month") else {}
    typed = {**values, **codes, "occupation": "71", "activity": "F", "employer_type": "STATE"}
    typed["seen"] = re.search(r'name="seen" value="(\w+)"', client.get(page).content.decode())[1]
    said = client.post(page, typed)
    rules = re.findall(r'name="acknowledged" value="([^"]+)"', said.content.decode())
    if rules:
        client.post(page, {**typed, "acknowledged": rules})
    with scope.acting(world.person(CLERK)):
        assert Record.objects.get(pk=record.pk).citizenship == "UZB"
    client.post(f"{page}delete")
    with scope.acting(world.person(CLERK)):
        assert not Record.objects.filter(pk=record.pk).exists()


def test_a_person_is_given_roles_stopped_and_let_in_again(country):
    client, clerk = as_person("admin@sms.example"), world.person(CLERK)
    page = f"/people/person/SMS/{clerk.pk}/"
    client.post(page, {"roles": ["clerk", "viewer"]})
    assert 'value="viewer" checked' not in client.get(page).content.decode()
    inside = as_person(CLERK)
    assert "invites you to work for an agency" in text_of(inside.get("/"))
    offer = re.search(
        r"/people/invitations/\d+/answer/", inside.get("/people/invitations/").content.decode()
    )
    inside.post(offer[0], {"answer": "accept"})
    assert 'value="viewer" checked' in client.get(page).content.decode()
    client.post(f"{page}deactivate/")
    assert inside.get("/").status_code == 302  # to the sign-in
    client.post(page, {"active": "1"})
    assert world.person(CLERK).is_active


def test_an_open_invitation_is_sent_again_a_closed_one_is_not(country, mailoutbox):
    client = as_person("admin@sms.example")
    new = {"name": "New", "email": "new@sms.example", "roles": ["clerk"], "language": "ru"}
    client.post("/people/invite/SMS/", new)
    change = re.search(r"/people/invitations/\d+/change/", client.get("/people/").content.decode())[
        0
    ]
    client.post(change, {"verb": "again"})
    assert len(mailoutbox) == 2
    client.post(change, {"verb": "withdraw"})
    client.post(change, {"verb": "again"})
    assert len(mailoutbox) == 2


def test_an_agency_is_added_and_its_administrator_invited(country, mailoutbox):
    client = as_person("admin@national.example")
    added = client.post("/people/agencies/", {"code": "GBS", "en": "General Bureau"})
    assert added["Location"] == "/people/invite/GBS/"
    twice = client.post("/people/agencies/", {"code": "GBS", "en": "Again"})
    assert twice.status_code == 422
    client.post(
        added["Location"],
        {"name": "A", "email": "a@gbs.example", "roles": ["agency_admin"], "language": "ru"},
    )
    assert [mail.to for mail in mailoutbox] == [["second@national.example"]]
    second = as_person("second@national.example")
    page = second.get("/people/agencies/").content.decode()
    second.post(re.search(r"/people/invitations/\d+/change/", page)[0], {"verb": "approve"})
    assert mailoutbox[-1].to == ["a@gbs.example"]


def test_a_new_agency_delivers_what_names_it_and_the_office_can_be_named(country):

    Agency.objects.filter(code="MOE").delete()
    Agency.objects.filter(code="MLSP").update(code="OLD")
    client = as_person("admin@national.example")
    client.post("/people/agencies/", {"code": "MLSP", "en": "Ministry of Labour"})
    given = {i.code for i in Agency.objects.get(code="MLSP").instruments.all()}
    assert {"SMS-WPF", "MOL-REC"} <= given and "SMS-BCR" not in given


def test_a_release_is_built_looked_at_embargoed_and_withdrawn(country):
    with scope.acting(world.person(CLERK)):
        held = submission().held_rows.count()
    world.advance(submission(), "submit", CLERK, held_acknowledged=held)
    world.advance(submission(), "sign", REVIEWER)
    world.advance(submission(), "accept", STATISTICIAN)
    client = as_person(PUBLISHER)
    assert "1 submission was accepted" in text_of(client.get("/releases/"))
    client.post("/releases/build/WPF/")
    worker.work(queue.find("publish:WPF").pk)
    made = Release.objects.get(number=2)
    page = f"/releases/{made.pk}/"
    own = client.get(page)
    assert "another publisher has to look at it and release it: Editor (SCS)" in text_of(own)
    assert "Release WPF-2" not in own.content.decode()
    client.post(f"{page}release/")
    assert Release.objects.get(pk=made.pk).state == "BUILT"
    client = as_person("editor@scs.example")
    assert "beside WPF-1" in text_of(client.get(page))
    client.post(f"{page}release/", {"embargo": "nonsense"})
    assert Release.objects.get(pk=made.pk).state == "BUILT"
    acknowledged = "MLSP {}, MLSP {}, MLSP {}".format(*sorted(world.MONTHS))
    content = client.get(page).content.decode()
    assert f'name="missing_acknowledged" value="{acknowledged}"' in content
    said = {"embargo": "2099-01-01T09:00", "note": "One more month.", "next_on": "2099-02-01"}
    client.post(f"{page}release/", said)
    assert Release.objects.get(pk=made.pk).state == "BUILT"
    for wrong in ({"note": " "}, {"next_on": "2098-12-31"}, {"next_on": "soon"}):
        sent = {**said, "missing_acknowledged": acknowledged, **wrong}
        refused = client.post(f"{page}release/", sent)
        assert refused.status_code == 422 and sent["note"] in refused.content.decode()
        assert Release.objects.get(pk=made.pk).state == "BUILT", wrong
    client.post(f"{page}release/", {**said, "missing_acknowledged": acknowledged})
    made.refresh_from_db()
    assert (made.note, str(made.next_on)) == ("One more month.", "2099-02-01")
    assert "under embargo until 1 January 2099" in text_of(client.get(page))
    assert "WPF-1" in text_of(Client().get("/figures/?dataset=WPF"))
    client.post(f"{page}withdraw/", {"reason": "A wrong month."})
    assert "A wrong month." in text_of(client.get(page))
    assert client.post(f"{page}explode/").status_code == 404


def test_measured_deviations_are_for_those_who_may_tabulate(country):
    """They tell of true figures; a publisher sees that the gates passed, and what they allow."""
    page = f"/releases/{Release.objects.get(number=1).pk}/"
    measured = f"/disclosure/{Release.objects.get(number=1).pk}/"
    text = text_of(as_person(PUBLISHER).get(page))
    assert "Allowed" in text and "headlines, largest" in text and "passed" in text
    assert "Measured" not in text and as_person(PUBLISHER).get(measured).status_code == 403
    access.grant(world.person(PUBLISHER), Role.STATISTICIAN, Agency.objects.get(code="SCS"))
    assert measured in as_person(PUBLISHER).get(page).content.decode()
    text = text_of(as_person(PUBLISHER).get(measured))
    assert "Measured" in text and "Single records shown" in text


def test_who_did_it_stands_in_the_log(country):
    verbs = set(Event.objects.values_list("verb", flat=True))
    assert {"upload", "submit", "sign", "accept", "build", "release"} <= verbs
