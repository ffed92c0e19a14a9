"""Totals that a person types from her paper are compared with the file; a difference stops it with both numbers."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from agencies import scope
from records.collection import uploads
from records.models import Record, Upload
from tests.records.files import finish, plain, table

pytestmark = pytest.mark.django_db(transaction=True)
SEXES = [
    "F",
    "M",
    "F",
    "",
    "нечто",
]  # two women, one man, one not stated; one cannot be read and is held


def stored(person):
    with scope.acting(person):
        return Record.objects.count()


def test_totals_that_agree_let_the_file_through(send, clerk):
    totals = {"rows": 5, "F": 2, "M": 1, "_U": 1}
    upload = send(plain(table(5, sex=SEXES)), answers={"control_totals": totals})
    assert (upload.state, stored(clerk)) == ("COMMITTED", 4)


def test_totals_that_differ_stop_the_file_with_both_numbers(send, clerk):
    upload = send(plain(table(5, sex=SEXES)), answers={"control_totals": {"rows": 6, "F": 3}})
    (question,) = upload.report["questions"]
    assert (question["id"], question["evidence"]) == (
        "control_totals_differ",
        ["rows: 6 ≠ 5", "F: 3 ≠ 2"],
    )
    assert stored(clerk) == 0
    with scope.acting(clerk):
        uploads.read(upload, by=clerk, answers={"control_totals_differ": "none"})
    upload = finish(upload, by=clerk)
    assert (upload.state, upload.report["refusal"]["code"]) == ("REFUSED", "incomplete")
    with scope.acting(clerk):
        uploads.read(upload, by=clerk, answers={"control_totals_differ": "yes"})
    assert (finish(upload, by=clerk).state, stored(clerk)) == ("COMMITTED", 4)


def test_totals_are_typed_beside_the_file(where, clerk, client):
    client.force_login(clerk)
    form = {"delivery": "SMS/SMS-WPF", "rows": "3", "F": "", "M": "0", "_U": ""}
    file = SimpleUploadedFile("march.csv", plain(table(2)))
    client.post(reverse("records:upload_new"), {**form, "file": file})
    with scope.acting(clerk):
        upload = Upload.objects.get()
    assert upload.answers == {"control_totals": {"rows": 3, "M": 0}}
    upload = finish(upload, by=clerk)
    assert upload.report["questions"][0]["evidence"] == ["rows: 3 ≠ 2"]


@pytest.mark.parametrize("totals", [{"rows": -1}, {"rows": "5"}, {"sheep": 5}, {"F": True}, [5]])
def test_totals_that_are_none_are_refused(totals, send, clerk):
    with pytest.raises(uploads.BadAnswer):
        send(plain(table(1)), answers={"control_totals": totals})
