"""A sheet with two tables side by side: the page says so, and lets the person name the columns of one."""

import pytest

from agencies import scope
from jobs import worker
from records.models import Record, Upload
from tests.cast import signed_in
from tests.records.files import plain, table

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_refusal_leads_on_to_the_columns_and_one_table_is_taken_in(send, clerk):
    first, second = table(2), table(2, record_ref=["Z-1", "Z-2"])
    upload = send(plain([[*a, "", *b] for a, b in zip(first, second, strict=True)]))
    assert upload.state == Upload.State.REFUSED
    client, address = signed_in(clerk, "en"), f"/uploads/{upload.pk}/"
    page = client.get(f"{address}?change=A").text
    assert "side by side" in page and 'name="use:A"' in page
    assert "Name the columns, and the file is read again" in page
    uses = {f"use:{letter}": name for letter, name in zip("ABCDEFGHIJKL", first[0], strict=True)}
    client.post(f"{address}answer", uses)
    with scope.acting(clerk):
        upload.refresh_from_db()
    worker.work(upload.job_id)
    with scope.acting(clerk):
        upload.refresh_from_db()
        assert upload.state == Upload.State.COMMITTED, upload.report
        assert set(Record.objects.values_list("record_ref", flat=True)) == {"R-1", "R-2"}
