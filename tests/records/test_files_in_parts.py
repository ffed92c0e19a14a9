"""A file that comes in parts: a line that breaks costs one part, and nothing is taken twice or mixed."""

import base64
import hashlib
import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from agencies import scope
from agencies.models import Token
from records.collection import in_parts, unwanted
from records.models import AnsweredRequest, FileInParts, Instrument, Part, Record, Upload
from tests.cast import signed_in
from tests.records import files
from tests.records.files import plain, table
from tests.records.programs import finished, program

pytestmark = pytest.mark.django_db(transaction=True)
CONTENT = plain(table(60))
HALF = len(CONTENT) // 2


@pytest.fixture
def robot(clerk, agency, permits):
    return program(clerk, agency, permits)


@pytest.fixture
def address(robot):
    answer = robot.begin(len(CONTENT))
    assert answer.status_code == 201
    return answer.headers["Location"]


def sums(person):
    """Files that are begun, parts, uploads, and files on disk."""
    with scope.acting(person):
        rows = FileInParts.objects.count(), Part.objects.count(), Upload.objects.count()
    return (*rows, len(files.incoming()))


def offset(robot, address):
    answer = robot.ask("HEAD", address, headers={"Tus-Resumable": "1.0.0"})
    assert (
        answer.headers["Upload-Length"] == str(len(CONTENT))
        and answer["Cache-Control"] == "no-store"
    )
    return int(answer.headers["Upload-Offset"])


def test_parts_become_the_upload_that_the_whole_file_would_be(robot, address, clerk):
    first = robot.part(address, 0, CONTENT[:HALF])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, str(HALF))
    assert first.headers["Upload-Expires"] and offset(robot, address) == HALF
    last = robot.part(address, HALF, CONTENT[HALF:])
    assert last.status_code == 204
    upload = last.headers["Content-Location"]
    assert robot.get(address).json()["upload"] == upload
    state = robot.get(upload)
    assert finished(state, clerk).sha256 == hashlib.sha256(CONTENT).hexdigest()
    with scope.acting(clerk):
        assert Record.objects.count() == 60
    assert sums(clerk) == (1, 0, 1, 0)
    assert offset(robot, address) == len(
        CONTENT
    )  # whoever lost the last answer learns that all is here
    assert robot.ask("DELETE", address).status_code == 409


def test_what_the_server_speaks_is_told_to_whoever_asks(robot):
    robot.token = ""
    told = robot.ask("OPTIONS", "uploads/").headers
    assert told["Tus-Version"] == "1.0.0" and "checksum" in told["Tus-Extension"]
    assert robot.begin(3).status_code == 401


def test_a_part_that_does_not_begin_where_the_file_ends_changes_nothing(robot, address, clerk):
    robot.part(address, 0, CONTENT[:HALF])
    for begin in (0, HALF - 10, HALF + 10):
        answer = robot.part(address, begin, CONTENT[begin : begin + 100])
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (409, str(HALF))
    assert sums(clerk) == (1, 1, 0, 1)


def test_of_parts_at_the_same_time_one_is_taken(robot, address, clerk):
    answers, ready = [], threading.Barrier(3)

    def send():
        ready.wait()
        answers.append(robot.part(address, 0, CONTENT[:HALF]).status_code)
        connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [204, 409, 409]
    assert offset(robot, address) == HALF and sums(clerk) == (1, 1, 0, 1)


def test_a_damaged_part_is_refused_and_an_intact_one_taken(robot, address, clerk):
    digest = base64.b64encode(hashlib.sha256(CONTENT[:HALF]).digest()).decode()
    damaged = robot.part(
        address, 0, b"x" + CONTENT[1:HALF], **{"Upload-Checksum": f"sha256 {digest}"}
    )
    assert damaged.status_code == 460 and sums(clerk) == (1, 0, 0, 0)
    told = {"Upload-Checksum": f"sha256 {digest}"}
    assert robot.part(address, 0, CONTENT[:HALF], **told).status_code == 204
    for wrong in ("md5 x", "sha256 ***"):
        answer = robot.part(address, HALF, b"x", **{"Upload-Checksum": wrong})
        assert (answer.status_code, answer.json()["parameter"]) == (400, "Upload-Checksum")


def test_more_bytes_than_were_said_are_refused(robot, address, clerk, settings):
    assert robot.part(address, 0, CONTENT + b"1").status_code == 413
    assert sums(clerk) == (1, 0, 0, 0)
    settings.UPLOAD_LIMIT = 1000
    assert robot.begin(1001).status_code == 413
    for size in ("0", "-1", "1e3", ""):
        assert robot.begin(size).status_code in (400, 409)
    assert sums(clerk)[0] == 1


def test_a_file_in_parts_takes_its_place_from_the_beginning(robot, clerk, settings):
    settings.UPLOAD_BYTES_WAITING = {"person": 2500, "agency": 1 << 40}
    assert [robot.begin(1000).status_code for _ in range(3)] == [201, 201, 429]


def test_a_part_of_a_killed_server_is_swept_and_the_file_goes_on(
    robot, address, clerk, monkeypatch
):
    """Killed after the part lay on disk and before it was noted: the file is as long as before."""
    robot.part(address, 0, CONTENT[:100])
    monkeypatch.setattr(in_parts.ReceivedFile, "close", lambda self: self._sealing.close())
    monkeypatch.setattr(in_parts.Part.objects, "create", _killed)
    with pytest.raises(SystemExit):
        robot.part(address, 100, CONTENT[100:HALF])
    monkeypatch.undo()
    assert sums(clerk) == (1, 1, 0, 2) and offset(robot, address) == 100
    _age_of_files(unwanted.ORPHAN)
    unwanted.sweep()
    assert sums(clerk) == (1, 1, 0, 1)
    robot.part(address, 100, CONTENT[100:])
    with scope.acting(clerk):
        assert Upload.objects.get().sha256 == hashlib.sha256(CONTENT).hexdigest()


def _killed(**_row):
    raise SystemExit


def _age_of_files(age):
    import os

    for path in files.incoming():
        past = path.stat().st_mtime - age.total_seconds() - 60
        os.utime(path, (past, past))


def test_what_is_not_sent_on_goes_and_answers_by_key_go_too(robot, clerk):
    address = robot.begin(len(CONTENT), **{"Idempotency-Key": "k"}).headers["Location"]
    robot.part(address, 0, CONTENT[:HALF])
    with scope.acting(clerk):
        FileInParts.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        AnsweredRequest.objects.update(at=timezone.now() - in_parts.REMEMBERED - timedelta(hours=1))
    assert robot.part(address, HALF, CONTENT[HALF:]).status_code == 410
    unwanted.expire()
    assert sums(clerk) == (0, 0, 0, 0)
    with scope.acting(clerk):
        assert not AnsweredRequest.objects.exists()
    assert robot.get(address).status_code == 404


def test_a_file_that_is_given_up_leaves_nothing(robot, address, clerk):
    robot.part(address, 0, CONTENT[:HALF])
    assert robot.ask("DELETE", address, headers={"Tus-Resumable": "1.0.0"}).status_code == 204
    assert sums(clerk) == (0, 0, 0, 0)


def test_what_is_begun_is_listed_and_anybody_who_enters_records_gives_it_up(
    robot, address, clerk, reviewer, agency
):
    (line,) = robot.get("uploads/parts/").json()
    assert (line["address"], line["received"]) == (address, 0)
    assert (
        program(clerk, agency, Instrument.objects.get(code="SMS-WPF")).get("uploads/parts/").json()
        == []
    )
    page = signed_in(clerk).get("/uploads/").content.decode()
    give_up = f"/uploads/parts/{address.split('/')[-2]}/give-up"
    assert give_up in page
    assert signed_in(reviewer).post(give_up).status_code == 404
    assert sums(clerk)[0] == 1
    signed_in(clerk).post(give_up)
    assert sums(clerk) == (0, 0, 0, 0) and robot.get("uploads/parts/").json() == []


def test_a_token_that_is_revoked_leaves_nothing_that_it_has_begun(
    robot, address, clerk, agency_admin
):
    robot.part(address, 0, CONTENT[:HALF])
    token = Token.objects.get()
    assert signed_in(agency_admin).post(f"/people/tokens/{token.pk}/revoke/").status_code == 302
    assert sums(clerk) == (0, 0, 0, 0)


def test_parts_are_of_the_token_that_began_them(
    robot, address, clerk, agency, permits, outsider, other_agency
):
    permits.agencies.add(other_agency)
    for stranger in (program(outsider, other_agency, permits), program(clerk, agency, permits)):
        assert stranger.get(address).status_code == 404
        assert stranger.part(address, 0, CONTENT).status_code == 404
        assert stranger.ask("DELETE", address).status_code == 404
    assert sums(clerk) == (1, 0, 0, 0)


def test_nothing_of_a_part_or_its_name_is_kept_in_the_clear(robot, address, clerk):
    robot.part(address, 0, CONTENT[:HALF])
    (part,) = files.incoming()
    assert CONTENT[:40] not in part.read_bytes()
    with scope.acting(clerk):
        assert b"a.csv" not in bytes(FileInParts.objects.get().given_names)


@pytest.mark.parametrize(
    "headers, status, parameter",
    [
        ({"Tus-Resumable": "0.2"}, 412, "Tus-Resumable"),
        ({"Upload-Length": "x"}, 400, "Upload-Length"),
        ({"Upload-Metadata": "filename ***"}, 400, "Upload-Metadata"),
        ({"Upload-Metadata": "instrument Tk9ORQ=="}, 400, "instrument"),
    ],
)
def test_a_head_that_cannot_be_used_says_which(robot, headers, status, parameter):
    answer = robot.begin(10, **headers)
    assert (answer.status_code, answer.json()["parameter"]) == (status, parameter)
