"""Canaries – a name, a passport, a phone, an e-mail – sent by every road in every place stand nowhere."""

import json
import logging

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

from agencies import scope
from jobs import worker
from records.collection import uploads
from records.models import HeldRow, Record, Upload
from tests.records import files, traces
from tests.records.files import WPF, plain, table, xlsx
from tests.records.test_personal import asked_of
from tests.records.workbooks import ods, packed, xls

pytestmark = pytest.mark.django_db(transaction=True)
CANARIES = {
    "name": "Zxqabaýewa Zxqajemal",
    "document": "ZQ 7365194",
    "bare document": "ZQ7365194",
    "phone": "+993 65 73-65-19",
    "email": "zxqa.canary@mail.example",
}
EVERY = list(CANARIES.values())
TRACES = ["zxqa", "7365194", "73-65-19"]
NUMBER = "ZXQN/1"  # a number of a case: kept with its record, but no log shows it


@pytest.fixture
def search(db):
    return traces.Search()


@pytest.fixture
def said(caplog, capfd):
    """What the portal printed and logged since the last call."""
    caplog.set_level(logging.INFO)

    def everything():
        out, err = capfd.readouterr()
        return out + err + caplog.text

    return everything


def upload_in_browser(client, content, name, instrument="SMS-WPF"):
    """Send a file by the form; returns its id, None where it was refused."""
    file = SimpleUploadedFile(name, content)
    answer = client.post("/uploads/new", {"delivery": f"SMS/{instrument}", "file": file})
    if answer.status_code != 302:
        return None
    return int(answer.url.rstrip("/").rpartition("/")[2])


def read(pk, clerk):
    with scope.acting(clerk):
        job = Upload.objects.get(pk=pk).job_id
    worker.work(job)
    with scope.acting(clerk):
        return Upload.objects.get(pk=pk)


def with_headers():
    """A table whose headers hold canaries: alone, beside known words, in those of dropped columns."""
    head, *rows = table(2)
    head = [f"{h} ({EVERY[0]})" if h == "region" else h for h in head]
    extra = [
        *EVERY,
        *(f"Passport {canary}" for canary in EVERY),
        *(f"Адрес {canary}" for canary in EVERY),
        *(f"{canary} *" for canary in EVERY),
        "Ф.И.О.",
    ]
    cells = [EVERY[k % len(EVERY)] for k in range(len(extra))]
    return [
        EVERY,
        [f"Список {canary}" for canary in EVERY],
        [*head, *extra],
        *([*row, *cells] for row in rows),
        ["Jemi: 2", *EVERY],
        ["Müdiri", "", *EVERY],
    ]


def in_every_column():
    names = asked_of("SMS-WPF")
    base = {**dict.fromkeys(names, ""), **WPF}
    head, _row = table(1, base=base)
    lines = [
        {**base, "record_ref": f"R-{k}/{n}", name: canary}
        for n, canary in enumerate(EVERY)
        for k, name in enumerate(names)
    ]
    return [head, *([line[name] for name in head] for line in lines)]


def send_files(client, clerk):
    """Every kind of file, by the browser, with canaries in names, headers, titles, values, sheets."""
    tabs = {canary[:31]: table(k + 2) for k, canary in enumerate(EVERY)}
    contents = [
        plain(with_headers()),
        plain(in_every_column(), delimiter=";"),
        plain(table(2 * len(EVERY), record_ref=[*EVERY, *EVERY], sex=["F", "M"])),
        plain([[*EVERY], ["x"]]),
        plain(table(2, **{"Sex": EVERY[0], f"sex ({EVERY[1]})": "F"})),
        plain(table(2, sex=["1", "2"], **dict.fromkeys(EVERY, "x"))),
        xlsx(**{EVERY[0]: with_headers()}),
        xlsx(**{EVERY[1]: in_every_column(), "B": table(2)}),
        xlsx(**tabs),
        xlsx(**{EVERY[2]: [[*EVERY]]}),
        xls({EVERY[0][:31]: with_headers()}),
        packed({f"{EVERY[1]}.ods": ods({EVERY[1]: in_every_column(), EVERY[2]: table(2)})}),
        packed({EVERY[0]: plain(table(1)), EVERY[1]: b"x"}),
        b"PK\x03\x04" + EVERY[0].encode() * 99,
    ]
    sent = []
    for k, content in enumerate(contents):
        name = f"{EVERY[k % len(EVERY)]} {k}.{'xlsx' if content[:2] == b'PK' else 'csv'}"
        if pk := upload_in_browser(client, content, name):
            sent.append(read(pk, clerk))
    return sent


def give_answers(client, clerk, sent):
    """Answers that hold canaries, through the page and through the verb; then a good one for each question."""
    for upload in sent:
        if upload.state != "NEEDS_ANSWERS":
            continue
        for canary in EVERY:
            address = upload.get_absolute_url() + "answer/"
            client.post(address, {q["id"]: canary for q in upload.report["questions"]})
            for answers in (
                {"aliases": {"citizenship": {canary: "TUR"}}},
                {"sex_codes": {canary: "F"}},
                {canary: canary},
                {"encoding": canary},
                {"columns": {canary: canary}},
                {"currency": canary},
            ):
                with scope.acting(clerk), pytest.raises(uploads.Refused):
                    uploads.read(upload, by=clerk, answers=answers)
        good = {"sheet": EVERY[0][:31], "sex_codes": {"1": "F", "2": "M"}}
        good |= {"table": "none", "again": "new", "values": "go_on"}
        ids = [q["id"].partition(":") for q in upload.report["questions"]]
        none = {variable: "none" for _name, _colon, variable in ids if variable}
        good = {name: none if variable else good[name] for name, _colon, variable in ids}
        with scope.acting(clerk):
            uploads.read(upload, by=clerk, answers=good)
        read(upload.pk, clerk)


def type_in(client, clerk):
    """The form of a record and its draft, a proposed word, the sheet of held rows and the form of one: canaries in every field."""
    with scope.acting(clerk):
        held = HeldRow.open_rows.first()
    names = [*asked_of("SMS-WPF"), "person_ref", "employer_ref"]
    rotated = [(name, EVERY[k % len(EVERY)]) for k, name in enumerate(names)]
    for name, canary in [*rotated, *(("record_ref", canary) for canary in EVERY)]:
        client.post("/records/new/SMS-WPF/SMS/", {**WPF, "record_ref": "T/1", name: canary})
        client.post("/records/new/SMS-WPF/SMS/draft", {**WPF, name: canary})
        word = {"codelist": "countries", "agency": "SMS", "word": canary}
        client.post("/proposals/", word, headers={"HX-Request": "true"})
        cells = {"citizenship": "TUR", name: canary, "shown": "citizenship"}
        client.post(f"/held/{held.pk}/", cells, headers={"HX-Request": "true"})
        client.post(f"/held/{held.pk}/", cells)


def by_command(tmp_path):
    answers = tmp_path / "answers.json"
    names = ("--agency", "SMS", "--instrument", "SMS-WPF", "--as", "clerk@sms.example", "--json")
    for k, canary in enumerate(EVERY):
        path = tmp_path / f"{canary} {k}.xlsx"
        rows = table(2, record_ref=[f"K/{k}", f"L/{k}"])
        path.write_bytes(xlsx(**{canary[:31]: rows, "B": table(3 + k)}))
        answer = {"sheet": canary[:31]} if k % 2 else {"sex_codes": {canary: "F"}}
        answers.write_text(json.dumps(answer))
        call_command("intake", str(path), *names, "--answers", str(answers))
        path.unlink(), answers.unlink()


def where(upload):
    """The texts of an upload that hold a trace, with their paths: for whoever reads a failure."""

    def within(content, path):
        if isinstance(content, dict):
            content = {f"{path}.{k}": v for k, v in content.items()}.items()
        elif isinstance(content, list):
            content = [(f"{path}[{k}]", v) for k, v in enumerate(content)]
        else:
            found = any(trace in str(content).casefold() for trace in TRACES)
            return [(path, content)] if found else []
        return [hit for deeper, value in content for hit in within(value, deeper)]

    parts = ("report", "answers", "reason", "sheet")
    return [hit for part in parts for hit in within(getattr(upload, part), part)]


def test_canaries_stand_nowhere_before_and_after_undo(
    clerk, reviewer, client, agency, instruments, search, said, tmp_path
):
    client.force_login(clerk)
    sent = send_files(client, clerk)
    assert len(sent) >= 10
    give_answers(client, clerk, sent)
    by_command(tmp_path)
    type_in(client, clerk)
    with scope.acting(clerk):
        every = list(Upload.objects.all())
        assert {u.state for u in every} >= {"COMMITTED", "REFUSED"}
        assert {u.sheet for u in every} >= {"", "#1"}
        assert Record.objects.exists() and HeldRow.open_rows.exists()
    assert search.hits(TRACES, said()) == [], [where(u) for u in every]
    assert traces.columns() > (20, 150)  # all of them were looked through
    # The reviewer sees neutral names; the sender sees what she sent.
    client.force_login(reviewer)
    for upload in every:
        page = client.get(upload.get_absolute_url()).content.decode().casefold()
        assert [text for text in TRACES if text in page] == []
    undone = [upload for upload in every if upload.state == "COMMITTED"]
    for upload in undone:
        with scope.acting(clerk):
            uploads.undo(Upload.objects.get(pk=upload.pk), by=clerk)
    assert search.hits(TRACES, said()) == []
    with scope.acting(clerk):
        assert not Upload.objects.filter(state="UNDONE").exclude(given_names=None).exists()


def test_no_log_shows_the_number_of_a_repeated_record(send, clerk, client, agency, instruments, search, said):  # fmt: skip
    send(plain(table(1, record_ref=NUMBER)))
    upload = send(plain(table(2, record_ref=NUMBER, sex=["F", "M"])))
    assert upload.report["rows"]["held"] + upload.report["rows"]["duplicate"] == 2
    client.force_login(clerk)
    answer = client.post("/records/new/SMS-WPF/SMS/", {**WPF, "record_ref": NUMBER, "age": ""})
    assert answer.status_code == 422
    assert (
        "duplicate key" in search.logged() or not search.logged()
    )  # it is the error that would tell
    assert NUMBER not in search.logged()
    assert "INSERT" not in search.logged()
    assert NUMBER not in said()


def test_the_search_would_find_a_canary_in_each_place(send, search, mailoutbox, clerk):
    from django.core.mail import send_mail
    from django.db import DatabaseError, connection, transaction

    send_mail("zxqa", "", None, ["a@b.example"])
    send(plain(table(1, citizenship="zxqa")))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 'zxqa'::int")  # the text of an error itself may quote a value
    (files.settings.PRIVATE_ROOT / "x").write_bytes(b"..zxqa..")
    places = {place for place, _text in search.hits(["zxqa"], "zxqa")}
    assert {"mail", "said", "public.records_heldrow", "x"} <= places
    if search.logged():
        assert "log of postgresql" in places
