"""Programs deliver by the API: what people do on pages, with the same engine and the same words."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

from agencies import access, scope
from agencies.models import Event, Person
from agencies.roles import Role
from agencies.tokens import Verb
from records.models import AnsweredRequest, HeldRow, Record, Submission, Upload
from tests.cast import events, signed_in
from tests.records import files
from tests.records.files import plain, table
from tests.records.programs import AT, finished, program

pytestmark = pytest.mark.django_db(transaction=True)
CANARY = "Zxqvoria"


@pytest.fixture
def robot(clerk, agency, permits):
    return program(clerk, agency, permits)


@pytest.fixture
def foreign(outsider, other_agency, instruments):
    """An upload of another agency, with a held row."""
    permits = instruments["SMS-WPF"]
    permits.agencies.add(other_agency)
    rows = plain(table(3, sex=["F", "M", "??"]))
    return files.send(rows, by=outsider, agency=other_agency, instrument=permits)


def counts(person):
    with scope.acting(person):
        return Record.objects.count(), HeldRow.open_rows.count(), Upload.objects.count()


def test_a_program_does_a_month_from_the_file_to_submitting(robot, clerk, reviewer):
    words = ["Osbekistan"] * 3 + ["TUR"] * 7
    sent = robot.send(plain(table(10, citizenship=words, sex=["F"] * 9 + ["??"])))
    assert (sent.status_code, sent.headers["Location"]) == (201, sent.json()["address"])
    finished(sent, clerk)
    address = sent.json()["address"]
    status = robot.get(address).json()
    assert status["state"] == "NEEDS_ANSWERS" and status["questions"][0]["id"] == "values"
    word = next(w for w in robot.get(f"{address}words/").json() if w["variable"] == "citizenship")
    assert (word["text"], word["count"], word["candidates"][0]["code"]) == ("Osbekistan", 3, "UZB")
    decided = robot.post(f"{address}words/", {"citizenship": {"Osbekistan": "UZB"}})
    assert (decided.status_code, decided.json()["corrected"]) == (202, None)
    finished(sent, clerk)
    status = robot.get(address).json()
    assert (status["state"], status["rows"]["accepted"], status["rows"]["held"]) == (
        "COMMITTED",
        9,
        1,
    )
    (row,) = robot.get(f"{address}held/").json()["rows"]
    assert [f["cell"] for f in row["findings"]] and row["values"]["sex"] == "??"
    corrected = robot.post(f"{address}held/", {row["key"]: {"sex": "M"}})
    assert corrected.json()["accepted"] == 1
    again = robot.post(f"{address}held/", {row["key"]: {"sex": "F"}}).json()
    assert (again["accepted"], again["changed_meanwhile"]) == (0, [row["key"]])
    (month,) = robot.get("submissions/").json()["submissions"]
    done = robot.post(f"submissions/{month['id']}/submit/", {})
    assert (done.status_code, done.json()["state"]) == (200, "SUBMITTED")
    signs = robot.post(f"submissions/{month['id']}/sign/", {})
    assert signs.status_code == 404  # a signature is a person's
    assert counts(clerk)[:2] == (10, 0)


def test_what_a_token_does_stands_in_the_log_with_its_name(robot, clerk, agency_admin):
    robot.send(plain(table(2)))
    (event,) = events("upload")
    assert (event.person_id, event.detail["token"]) == (clerk.pk, "nightly")
    page = signed_in(agency_admin).get("/people/log/").content.decode()
    assert f"The token “nightly” of {clerk} uploaded the file" in page


def test_nobody_signs_what_their_own_token_sent(clerk, agency, permits):
    access.grant(clerk, Role.REVIEWER, agency)
    robot = program(clerk, agency, permits)
    finished(robot.send(plain(table(2))), clerk)
    (month,) = robot.get("submissions/").json()["submissions"]
    robot.post(f"submissions/{month['id']}/submit/", {})
    answer = signed_in(clerk).post(f"/submissions/{month['id']}/sign/")
    with scope.acting(Person.objects.get(pk=clerk.pk)):
        assert Submission.objects.get(pk=month["id"]).state == "SUBMITTED", answer


def test_answers_are_judged_as_the_command_line_judges_them(robot, clerk, tmp_path, capsys):
    rows = plain(table(4, sex=["1", "2"]))
    sent = robot.send(rows)
    finished(sent, clerk)
    address = f"{sent.json()['address']}answers/"
    bad = robot.post(address, {"sex_codes": {"1": "X"}})
    assert bad.status_code == 422 and bad.json()["questions"] == ["sex_codes"]
    for content, where in (("[1]", None), ("{", "1:2")):
        answer = robot.ask("POST", address, data=content, content_type="application/json")
        assert (answer.status_code, answer.json().get("parameter")) == (400, where)
    right = {"sex_codes": {"1": "F", "2": "M"}}
    assert robot.post(address, right).status_code == 202
    upload = finished(sent, clerk)
    assert upload.report["sex"]["F"] == upload.report["sex"]["M"] == 2
    said = tmp_path / "answers.json"
    said.write_text(json.dumps(right))
    other = tmp_path / "b.csv"
    other.write_bytes(plain(table(4, sex=["1", "2"], record_ref=[f"Q-{k}" for k in range(4)])))
    options = {"agency": "SMS", "instrument": "SMS-WPF", "person": clerk.email}
    call_command("intake", str(other), answers=said, json=True, **options)
    by_hand, by_robot = (
        json.loads(capsys.readouterr().out),
        robot.get(sent.json()["address"]).json(),
    )
    assert by_hand.keys() == by_robot.keys() - {"id", "instrument"}
    assert by_hand["sex"] == by_robot["sex"]


def test_a_form_a_file_alone_and_its_answers_are_taken(robot, clerk):
    file = SimpleUploadedFile("a.csv", plain(table(4, sex=["1", "2"])))
    form = {"file": file, "instrument": "SMS-WPF", "answers": '{"sex_codes": {"1": "F", "2": "M"}}'}
    headers = {"Authorization": f"Bearer {robot.token}"}
    sent = robot.client.post(f"{AT}uploads/", form, headers=headers)
    assert finished(sent, clerk).state == "COMMITTED"
    assert (
        robot.send(plain(table(1, record_ref="B-1")), path="uploads/").status_code == 201
    )  # its only one
    nothing = robot.send(b"")
    assert (nothing.status_code, nothing.json()["parameter"]) == (400, "file")
    listed = robot.get("uploads/?limit=1").json()
    assert len(listed["uploads"]) == 1 and len(robot.get(listed["next"]).json()["uploads"]) == 1


def test_a_file_sent_again_is_chosen_about_with_its_differences(robot, clerk):
    finished(robot.send(plain(table(5))), clerk)
    again = robot.send(plain(table(5, sex=["F", "M", "M", "M", "M"])))
    finished(again, clerk)
    address = again.json()["address"]
    told = robot.get(f"{address}differences/").json()
    changed = len(told["records"])
    assert changed and told["counts"]["periods"][0]["changed"] == changed
    assert told["records"][0]["before"]["sex"] != told["records"][0]["now"]["sex"]
    choice = {"again": "changed", "again_seen": told["counts"]["digest"]}
    assert robot.post(f"{address}answers/", choice).status_code == 202
    assert finished(again, clerk).state == "COMMITTED"
    assert len(events("read_differences")) == 1


class TestTheSameRequestTwice:
    def test_is_answered_as_before_and_done_once(self, robot, clerk):
        key = {"Idempotency-Key": '"k-1"'}
        first, second = (robot.send(plain(table(2)), headers=key) for _ in range(2))
        assert (first.status_code, second.status_code) == (201, 201)
        assert (
            first.json() == second.json()
            and second.headers["Location"] == first.headers["Location"]
        )
        assert counts(clerk)[2] == 1
        with scope.acting(clerk):
            assert "k-1" not in AnsweredRequest.objects.get().key

    def test_with_another_body_is_refused(self, robot, clerk):
        key = {"Idempotency-Key": "k-1"}
        robot.send(plain(table(2)), headers=key)
        other = robot.send(plain(table(3)), headers=key)
        assert (other.status_code, other.json()["parameter"]) == (422, "Idempotency-Key")
        assert counts(clerk)[2] == 1

    def test_a_correction_is_done_once(self, robot, clerk):
        sent = robot.send(plain(table(4, sex=["F", "M", "F", "??"])))
        finished(sent, clerk)
        address = f"{sent.json()['address']}held/"
        (row,) = robot.get(address).json()["rows"]
        key = {"Idempotency-Key": "fix"}
        answers = [
            robot.post(address, {row["key"]: {"sex": "F"}}, headers=key).json() for _ in "12"
        ]
        assert answers[0] == answers[1] and answers[0]["accepted"] == 1

    def test_what_was_refused_may_be_tried_again(self, robot, clerk):
        key = {"Idempotency-Key": "month"}
        finished(robot.send(plain(table(3, sex=["F", "M", "??"]))), clerk)
        (month,) = robot.get("submissions/").json()["submissions"]
        address = f"submissions/{month['id']}/submit/"
        assert (
            robot.post(address, {}, headers=key).status_code == 409
        )  # a held row, not acknowledged
        said = {"held_acknowledged": month["held"]}
        assert robot.post(address, said, headers=key).json()["state"] == "SUBMITTED"

    def test_keys_of_two_tokens_are_two(self, robot, clerk, agency, permits):
        key = {"Idempotency-Key": "k-1"}
        other = program(clerk, agency, permits, name="other")
        robot.send(plain(table(2)), headers=key)
        assert other.send(plain(table(3)), headers=key).status_code == 201


class TestWhatATokenDoesNotReach:
    def test_what_another_agency_has_is_not_there(self, robot, foreign, outsider):
        before = counts(outsider)
        with scope.acting(outsider):
            (row,) = HeldRow.open_rows.filter(upload=foreign)
            month = row.submission_id
        for part in ("", "words/", "held/", "differences/"):
            known, missing = (robot.get(f"uploads/{pk}/{part}") for pk in (foreign.pk, 10**9))
            assert known.status_code == missing.status_code == 404
            assert known.content == missing.content
        for path, body in (
            (f"uploads/{foreign.pk}/answers/", {"values": "go_on"}),
            (f"uploads/{foreign.pk}/held/", {f"{row.pk}.x.y": {"sex": "F"}}),
            (f"submissions/{month}/submit/", {"held_acknowledged": 1}),
        ):
            assert robot.post(path, body).status_code == 404
        assert counts(outsider) == before
        assert [robot.get(f"{what}/").json()[what] for what in ("uploads", "submissions")] == [
            [],
            [],
        ]

    def test_an_instrument_outside_its_scope(self, robot, clerk, agency, instruments):
        residence = instruments["SMS-RES"]
        upload = files.send(plain(table(1)), by=clerk, agency=agency, instrument=residence)
        assert robot.get(f"uploads/{upload.pk}/").status_code == 404
        answer = robot.send(plain(table(1)), path="uploads/?instrument=SMS-RES")
        none = robot.send(plain(table(1)), path="uploads/?instrument=NONE")
        assert (none.status_code, none.json()["parameter"]) == (400, "instrument")
        assert (answer.status_code, answer.content) == (
            400,
            none.content,
        )  # nobody learns of others

    @pytest.mark.parametrize("verb", [v for v in Verb if v != Verb.READ])
    def test_what_its_verbs_do_not_name(self, clerk, agency, permits, verb):
        finished(program(clerk, agency, permits).send(plain(table(3, sex=["F", "M", "??"]))), clerk)
        lacks = program(clerk, agency, permits, verbs=[v for v in Verb if v != verb], name="lacks")
        with scope.acting(clerk):
            upload, month = Upload.objects.get().pk, Submission.objects.get().pk
        asked = {
            Verb.SEND: lambda: lacks.send(plain(table(1, record_ref="N"))),
            Verb.ANSWER: lambda: lacks.post(f"uploads/{upload}/answers/", {"values": "go_on"}),
            Verb.CORRECT: lambda: lacks.post(f"uploads/{upload}/held/", {"k": {"sex": "F"}}),
            Verb.SUBMIT: lambda: lacks.post(
                f"submissions/{month}/submit/", {"held_acknowledged": 1}
            ),
        }
        form = {"file": SimpleUploadedFile("a.csv", b"a"), "answers": '{"values": "go_on"}'}
        headers = {"Authorization": f"Bearer {lacks.token}"}
        if verb == Verb.ANSWER:
            in_form = lacks.client.post(f"{AT}uploads/", form, headers=headers)
            assert (in_form.status_code, "answer" in in_form.json()["detail"]) == (403, True)
        before = counts(clerk)
        answer = asked[verb]()
        assert answer.status_code == 403 and verb in answer.json()["detail"]
        assert counts(clerk) == before and events("denied")

    def test_cookies_open_nothing_here_and_a_token_opens_no_page(self, robot, clerk):
        browser = signed_in(clerk)
        assert browser.get(f"{AT}uploads/").status_code == 401
        assert browser.post(f"{AT}uploads/", {}).status_code == 401
        for page in ("/uploads/", "/submissions/", "/people/tokens/"):
            answer = robot.get(page)
            assert (answer.status_code, answer["Location"].split("?")[0]) == (
                302,
                "/accounts/login/",
            )
        answer = robot.get("uploads/")
        assert (
            answer.status_code == 200
            and not answer.cookies
            and answer["Cache-Control"] == "no-store"
        )

    def test_a_token_in_an_address_is_refused(self, robot):
        text = robot.token
        robot.token = ""
        assert robot.get(f"uploads/?access_token={text}").status_code == 401
        robot.token = text
        answer = robot.get(f"uploads/?access_token={text}")
        assert (answer.status_code, answer.json()["parameter"]) == (400, "access_token")
        assert text not in answer.content.decode()


class TestRefusals:
    def test_are_json_in_the_language_asked_for(self, robot):
        detail = {}
        for language in ("en", "ru", "tk"):
            robot.language = language
            answer = robot.get("uploads/999999/")
            assert answer["Content-Type"] == "application/json"
            detail[language] = answer.json()["detail"]
        assert len(set(detail.values())) == 3

    def test_name_the_place_and_the_way_out(self, robot):
        for answer, status, parameter in (
            (robot.get("uploads/?limit=0"), 400, "limit"),
            (robot.get("uploads/?order_by=agency"), 400, "order_by"),
            (
                robot.send(plain(table(1)), headers={"Idempotency-Key": "k" * 300}),
                400,
                "Idempotency-Key",
            ),
            (robot.ask("DELETE", "uploads/"), 405, None),
            (robot.send(b"a", content_type="application/x-www-form-urlencoded"), 415, None),
            (robot.ask("POST", "nothing/"), 404, None),
            (robot.get("nothing/"), 404, None),
        ):
            assert (answer.status_code, answer.json().get("parameter")) == (status, parameter)
            assert answer.json()["detail"]

    def test_never_hold_a_name(self, robot, clerk):
        """A canary stands in a personal column and in what a program says; no answer repeats it."""
        rows = table(3, sex=["F", "M", "??"], full_name=f"{CANARY} Petrova")
        sent = robot.send(
            plain(rows), headers={"Content-Disposition": f'attachment; filename="{CANARY}.csv"'}
        )
        finished(sent, clerk)
        address = sent.json()["address"]
        answers = [
            robot.get(f"{address}{part}") for part in ("", "words/", "held/", "differences/")
        ]
        (row,) = answers[2].json()["rows"]
        passport = "N1234567"
        waiting = robot.send(plain(table(3, sex=["1", "2"], record_ref=["Q-1", "Q-2", "Q-3"])))
        assert finished(waiting, clerk).state == "NEEDS_ANSWERS"
        says = f"{waiting.json()['address']}answers/"
        judged = [
            robot.post(says, {"constants": {"sex": f"{CANARY} Petrova {passport}"}}),
            robot.post(says, {f"{CANARY} Petrova": f"{CANARY} Petrova"}),
            robot.post(says, {"sex_codes": [f"{CANARY} Petrova"]}),
        ]
        assert {answer.status_code for answer in judged} == {409}
        for text in (
            '{"encoding": "\\ud800"}',
            '{"aliases": {"citizenship": {"x\\u0000": "UZB"}}}',
        ):
            for path in (says, f"{address}held/", f"{address}words/"):
                bad = robot.ask("POST", path, data=text, content_type="application/json")
                assert bad.status_code == 400, path
        answers += [
            *judged,
            robot.post(f"{address}held/", {row["key"]: {"full_name": f"{CANARY} Petrova"}}),
            robot.post(f"{address}words/", {"citizenship": {f"{CANARY} Petrova": "UZB"}}),
        ]
        told = "".join(a.content.decode() for a in [sent, *answers])
        assert f"{CANARY} Petrova" not in told and passport not in told
        kept = json.dumps([e.detail for e in Event.objects.using("side").all()])
        assert CANARY not in kept


def test_submissions_come_page_after_page(robot, send):
    for month in range(1, 4):
        send(plain(table(1, event_date=f"05.0{month}.2026")))
    first = robot.get("submissions/?limit=2").json()
    rest = robot.get(first["next"]).json()
    periods = [line["period"] for line in first["submissions"] + rest["submissions"]]
    assert periods == ["2026-03", "2026-02", "2026-01"] and rest["next"] is None
