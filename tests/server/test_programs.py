"""A program delivers through the real door: the lines of the tour, the client of the tour, and a kill between parts."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import threading

import pytest
from django.conf import settings
from django.db import connections

from agencies import scope
from jobs import worker as jobs
from jobs.models import Job
from records.models import Record, Upload
from tests.cast import anew
from tests.records.files import plain, table
from tests.records.programs import program
from tests.server.conftest import status_of

pytestmark = pytest.mark.django_db(transaction=True)
DOCS = settings.BASE_DIR / "docs"
LARGE = 140_000  # bytes of a part: the door asks who sends it before it receives it


@pytest.fixture
def token(clerk, agency, instruments):
    return program(clerk, agency, instruments["SMS-WPF"]).token


@pytest.fixture
def client():
    """The example of the documentation, as a module."""
    told = importlib.util.spec_from_file_location("intake_client", DOCS / "intake_client.py")
    module = importlib.util.module_from_spec(told)
    told.loader.exec_module(module)
    return module


@pytest.fixture
def working(transactional_db):
    """Do the jobs that come, as a worker does."""
    ended = threading.Event()

    def work():
        while not ended.wait(0.1):
            for pk in Job.objects.filter(state=Job.State.QUEUED).values_list("pk", flat=True):
                jobs.work(pk)
        connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    ended.set()
    thread.join()


def run(line, folder, **names):
    done = subprocess.run(
        ["bash", "-ec", line],
        cwd=folder,
        env={**os.environ, **names},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def finished(portal, pk):
    return portal.outcome(f"/api/v1/uploads/{pk}/")


def test_the_lines_of_the_tour_deliver_a_month(web, token, client, working, tmp_path, clerk):
    address = f"http://127.0.0.1:{web().port}"
    words, sexes = ["Osbekistan"] * 3 + ["TUR"] * 7, ["1", "2", "1", "2", "1"]
    rows = table(10, citizenship=words, sex=sexes)
    rows[-1][rows[0].index("sex")] = "?!"
    (tmp_path / "permits.csv").write_bytes(plain(rows))
    blocks = re.findall(r"```sh\n(.*?)```", (DOCS / "intake-api.md").read_text(), re.DOTALL)
    lines = [line for block in blocks for line in re.split(r"\n\s*(?=curl)", block)]
    send, status, answer, decide, held, correct, submissions, submit = lines
    portal, names = client.Portal(address, token), {"PORTAL": address, "TOKEN": token}
    sent = run(send, tmp_path, **names)
    assert run(send, tmp_path, **names) == sent  # its key is the same
    names["UPLOAD"] = str(sent["id"])
    assert finished(portal, sent["id"])["state"] == "NEEDS_ANSWERS"
    assert run(status, tmp_path, **names)["questions"]
    run(answer, tmp_path, **names)
    finished(portal, sent["id"])
    run(decide, tmp_path, **names)
    assert finished(portal, sent["id"])["rows"]["accepted"] == 9
    (names["KEY"],) = [row["key"] for row in run(held, tmp_path, **names)["rows"]]
    assert run(correct, tmp_path, **names)["accepted"] == 1
    (month,) = run(submissions, tmp_path, **names)["submissions"]
    assert (
        run(submit, tmp_path, **{**names, "SUBMISSION": str(month["id"])})["state"] == "SUBMITTED"
    )


def test_the_client_of_the_tour_sends_on_after_a_kill(web, token, client, working, tmp_path, clerk):
    server = web()
    file = tmp_path / "large.csv"
    file.write_bytes(plain(table(6000)))
    assert file.stat().st_size > 3 * LARGE
    portal = client.Portal(f"http://127.0.0.1:{server.port}", token)
    parts = portal.begin(file, "SMS-WPF")
    portal.ask(
        "PATCH",
        parts,
        file.read_bytes()[:LARGE],
        Tus_Resumable="1.0.0",
        Upload_Offset="0",
        Content_Type="application/offset+octet-stream",
    )
    server.kill()
    server.start()
    assert portal.ask("GET", parts)[1]["received"] == LARGE
    status = portal.outcome(portal.send_on(parts, file, LARGE))
    assert (status["state"], status["rows"]["accepted"]) == ("COMMITTED", 6000)
    with scope.acting(anew(clerk)):
        assert Record.objects.count() == 6000 and Upload.objects.count() == 1


def test_the_client_is_a_program(web, token, working, tmp_path, clerk):
    server = web()
    (tmp_path / "a.csv").write_bytes(plain(table(4, sex=["1", "2"])))
    (tmp_path / "answers.json").write_text('{"sex_codes": {"1": "F", "2": "M"}}')
    command = [sys.executable, str(DOCS / "intake_client.py"), "a.csv", "--instrument", "SMS-WPF"]
    names = {"MIGDATA_ADDRESS": f"http://127.0.0.1:{server.port}", "MIGDATA_TOKEN": token}
    line = " ".join([*command, "--answers answers.json --part 100"])
    assert run(line, tmp_path, **names)["sex"]["F"] == 2


def test_a_huge_part_of_a_stranger_is_refused_before_it_is_received(web, token):
    server = web()
    about = ["Content-Length: 3000000000", "Expect: 100-continue", "Tus-Resumable: 1.0.0"]
    path = "/api/v1/uploads/parts/00000000-0000-4000-8000-000000000000/"
    assert status_of(server.ask(f"PATCH {path}", *about)) == 401
    wrong = f"Authorization: Bearer {token[:-1]}{'A' if token[-1] != 'A' else 'B'}"
    assert status_of(server.ask(f"PATCH {path}", wrong, *about)) == 401
    right = f"Authorization: Bearer {token}"
    assert status_of(server.ask(f"PATCH {path}", right, *about)) == 413
    assert status_of(server.ask("PATCH /uploads/", right)) == 405
    assert status_of(server.ask("TRACE /api/v1/uploads/", right)) == 405
