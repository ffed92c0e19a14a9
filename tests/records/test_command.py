"""`manage.py intake` and `manage.py advance`: what they print, and clear words for wrong arguments."""

import json

import pytest
from django.core.management import CommandError, call_command

from agencies import scope
from records.models import Record, Submission, Upload
from tests.records.files import plain, table

pytestmark = pytest.mark.django_db(transaction=True)
KEYS = {
    "words",
    "next_sheet",
    "state",
    "reason",
    "file",
    "columns",
    "rows",
    "sex",
    "findings",
    "questions",
    "again",
    "submissions",
}


@pytest.fixture
def file(tmp_path):
    """Write a file and return its path."""

    def write(content, name="list.csv"):
        path = tmp_path / name
        path.write_bytes(content)
        return str(path)

    return write


@pytest.fixture
def command(instruments, agency, clerk, capsys):
    """Run `intake --json`; returns what it prints, as JSON."""

    def run(path, *more, agency="SMS", instrument="SMS-WPF", person="clerk@sms.example"):
        where = ("--agency", agency, "--instrument", instrument)
        call_command("intake", path, *where, "--as", person, "--json", *more)
        return json.loads(capsys.readouterr().out)

    return run


def test_it_prints_one_object_about_the_file_taken_in(command, file):
    said = command(file(plain(table(3, sex=["F", "M", "aýaly"]))))
    assert set(said) == KEYS
    assert (said["state"], said["reason"]) == ("COMMITTED", "")
    assert set(said["file"]) == {"encoding", "delimiter", "sheet", "header_row"}
    assert {"header", "variable", "how"} <= set(said["columns"][0])
    assert {k: said["rows"][k] for k in ("read", "accepted", "held", "skipped", "duplicate")} == {
        "read": 3,
        "accepted": 2,
        "held": 1,
        "skipped": 0,
        "duplicate": 0,
    }
    assert said["sex"] == {"F": 1, "M": 1, "_O": 0, "_N": 0, "_U": 0}
    (finding,) = said["findings"]
    assert {"rule", "severity", "variable", "count", "examples"} <= set(finding)
    assert finding["examples"] == [{"row": 4, "cell": "C4", "value": "aýaly"}]
    (submission,) = said["submissions"]
    assert (submission["period"], submission["state"]) == ("2026-03", "DRAFT")


def test_a_file_with_questions_needs_answers_and_a_file_of_answers_gives_them(command, file):
    path = file(plain(table(2, sex=["1", "2"])))
    asked = command(path)
    assert (asked["state"], asked["rows"]["accepted"]) == ("NEEDS_ANSWERS", 0)
    (question,) = asked["questions"]
    assert {"id", "text", "choices"} <= set(question)
    answers = file(json.dumps({"sex_codes": {"1": "M", "2": "F"}}).encode(), "answers.json")
    done = command(path, "--answers", answers)
    assert (done["state"], done["sex"]["F"]) == ("COMMITTED", 1)


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "The file is empty."),
        (plain(table(0)), "no rows of data"),
        (b"Dear colleague,\n", "No row of headers"),
        (b"\x7fELF\x00\x01\x02", "This is no table."),
    ],
)
def test_a_refused_file_says_why_in_the_same_shape(content, words, command, file):
    said = command(file(content))
    assert set(said) == KEYS
    assert said["state"] == "REFUSED"
    assert words in said["reason"]
    assert said["rows"]["read"] == said["rows"]["accepted"] == sum(said["sex"].values()) == 0
    assert said["submissions"] == said["findings"] == []


def test_the_same_file_twice_is_refused_in_the_same_shape(command, file):
    path = file(plain(table(1)))
    command(path)
    said = command(path)
    assert set(said) == KEYS
    assert said["state"] == "REFUSED"
    assert "list.csv" not in said["reason"] and "SMS-WPF" in said["reason"]


def test_an_answer_that_makes_no_sense_is_refused(command, file):
    answers = file(b'{"sex_codes": {"1": "man"}}', "answers.json")
    said = command(file(plain(table(1))), "--answers", answers)
    assert (said["state"], "sex_codes" in said["reason"]) == ("REFUSED", True)


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"agency": "MLSP"}, "may not enter records for MLSP"),
        ({"agency": "NOBODY"}, "may not enter records for NOBODY"),
        ({"instrument": "XXX"}, "There is no instrument XXX"),
    ],
)
def test_wrong_arguments_are_explained(wrong, words, command, file, other_agency):
    with pytest.raises(CommandError, match=words):
        command(file(plain(table(1))), **wrong)


def test_a_file_that_is_not_there_is_named(command, tmp_path):
    with pytest.raises(CommandError, match=r"There is no file .*none\.csv"):
        command(str(tmp_path / "none.csv"))
    with pytest.raises(CommandError, match="There is no file"):
        command(str(tmp_path))


@pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff"])
def test_answers_that_are_no_json_object_are_explained(content, command, file):
    with pytest.raises(CommandError, match=r"answers\.json"):
        command(file(plain(table(1))), "--answers", file(content, "answers.json"))


def test_an_unknown_person_is_named(command, file):
    with pytest.raises(SystemExit, match=r"nobody@sms\.example"):
        command(file(plain(table(1))), person="nobody@sms.example")


def test_an_agency_that_does_not_deliver_is_refused(command, file):
    said = command(file(plain(table(1))), instrument="STA-SLP")
    assert said["state"] == "REFUSED"
    assert "does not deliver" in said["reason"]


def test_without_json_one_line_is_printed(file, instruments, clerk, capsys):
    where = ["--agency", "SMS", "--instrument", "SMS-WPF", "--as", clerk.email]
    call_command("intake", file(plain(table(2))), *where)
    assert capsys.readouterr().out.startswith("COMMITTED")


def advance(submission, verb, person, *more):
    call_command("advance", str(submission), verb, "--as", person.email, *more)


def test_a_submission_is_led_to_acceptance(command, file, clerk, reviewer, statistician, capsys):
    submission = command(file(plain(table(2))))["submissions"][0]["id"]
    advance(submission, "submit", clerk)
    advance(submission, "return", reviewer, "--reason", "Rows are missing")
    advance(submission, "submit", clerk)
    advance(submission, "sign", reviewer)
    assert capsys.readouterr().out.splitlines()[-1] == "SMS SMS-WPF 2026-03 SIGNED"
    with scope.acting(statistician):
        assert Submission.objects.get().state == "SIGNED"


def test_submitting_with_held_rows_needs_their_number(command, file, clerk):
    rows = table(2, sex=["F", "aýaly"])
    submission = command(file(plain(rows)))["submissions"][0]["id"]
    with pytest.raises(CommandError, match="1 rows are held"):
        advance(submission, "submit", clerk)
    advance(submission, "submit", clerk, "--held", "1")


def test_a_step_that_may_not_be_taken_is_explained(command, file, clerk, reviewer, outsider):
    submission = command(file(plain(table(1))))["submissions"][0]["id"]
    with pytest.raises(CommandError, match="sees no submission"):
        advance(submission, "submit", outsider)
    with pytest.raises(CommandError, match="sees no submission"):
        advance(submission + 1, "submit", clerk)
    with pytest.raises(CommandError):
        advance(submission, "submit", reviewer)
    with pytest.raises(CommandError):
        advance(submission, "sign", reviewer)
    advance(submission, "submit", clerk)
    with pytest.raises(CommandError, match="Say why"):
        advance(submission, "return", reviewer)
    with pytest.raises(CommandError, match="invalid choice"):
        advance(submission, "bless", clerk)


def test_the_command_waits_for_a_worker_that_was_quicker(command, file, clerk, worker):
    worker()
    said = command(file(plain(table(3))))
    assert (said["state"], said["rows"]["accepted"]) == ("COMMITTED", 3)
    with scope.acting(clerk):
        assert (Upload.objects.count(), Record.objects.count()) == (1, 3)
