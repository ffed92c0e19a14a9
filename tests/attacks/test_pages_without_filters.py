"""Pages with the filters of the code gone: the second lock alone shows nothing foreign, and is what does it."""

import re

import pytest
from django.db import connection

from agencies import scope
from tests import factories, without_filters
from tests.cast import signed_in

FOREIGN = ("zxq-file", "ZXQ-7", "zxq-reason")
LISTS = (
    "/",
    "/submissions/",
    "/uploads/",
    "/submissions/?agency=SMS",
    "/submissions/?period=2026-02",
)
ROWS = (
    "/submissions/{submission}/",
    "/records/?of=SMS/SMS-WPF&upload={upload}",
    "/submissions/{submission}/held",
    "/uploads/{upload}/",
    "/uploads/{upload}/progress",
    "/uploads/{upload}/held",
    "/records/{record}/",
    "/held/{held}/",
)
VERBS = (
    "/submissions/{submission}/submit/",
    "/submissions/{submission}/late",
    "/records/{record}/delete",
    "/held/{held}/discard",
    "/uploads/{upload}/answer",
    "/uploads/{upload}/undo",
)


@pytest.fixture
def foreign(instruments, agency, clerk, outsider, monkeypatch):
    """Rows of an agency that the outsider is none of, by kind; and no filter in the code."""
    permits = instruments["SMS-WPF"]
    with scope.acting(clerk):
        month = factories.submission(agency, permits, "2026-02")
        file = factories.upload(agency, permits, clerk, month, sheet="zxq-file")
        rows = {
            "submission": month,
            "upload": file,
            "record": factories.record(month, "ZXQ-7", upload=file),
            "held": factories.held_row(
                agency, permits, file, submission=month, raw={"record_ref": "ZXQ-7"}
            ),
        }
        factories.review_step(month, clerk, reason="zxq-reason")
    without_filters.remove(monkeypatch)
    return {kind: row.pk for kind, row in rows.items()}


def shown(response):
    return [text for text in FOREIGN if text in response.content.decode()]


def plain(response, ids):
    """The page without what differs each time: the tokens of its forms, and the ids that were asked."""
    text = re.sub(r'"\w{64}"', "", response.content.decode())
    for pk in ids:
        text = re.sub(rf"/{pk}/", "/?/", text)
        text = re.sub(rf"upload={pk}\b", "upload=?", text)
    return text


@pytest.mark.parametrize("path", LISTS)
def test_lists_show_nothing_foreign(path, foreign, outsider):
    response = signed_in(outsider).get(path)
    assert response.status_code == 200
    assert shown(response) == []
    assert f"/submissions/{foreign['submission']}/" not in response.content.decode()


@pytest.mark.parametrize("path", ROWS)
def test_foreign_rows_are_not_found(path, foreign, outsider):
    response = signed_in(outsider).get(path.format(**foreign))
    missing = signed_in(outsider).get(path.format(**dict.fromkeys(foreign, 999_999)))
    assert (response.status_code, missing.status_code) == (404, 404)
    assert plain(response, foreign.values()) == plain(missing, [999_999])


@pytest.mark.parametrize("path", VERBS)
def test_nothing_is_done_to_foreign_rows(path, foreign, outsider, clerk):
    assert signed_in(outsider).post(path.format(**foreign)).status_code == 404
    with scope.acting(clerk), connection.cursor() as cursor:
        for table in ("submission", "upload", "record", "heldrow"):
            cursor.execute(f"SELECT count(*) FROM records_{table}")
            assert cursor.fetchone() == (1,)


def test_fields_that_nobody_offered_are_ignored(foreign, outsider, agency, other_agency, clerk):
    """Agency, state, role and reviewer in a body or an address change nothing."""
    from records.models import Record, Submission
    from tests.records.files import WPF

    stuffed = {
        **WPF,
        "agency": agency.pk,
        "agency_id": agency.pk,
        "submission": foreign["submission"],
        "state": "ACCEPTED",
        "accepted_by": outsider.pk,
        "upload": foreign["upload"],
        "id": foreign["record"],
    }
    response = signed_in(outsider).post("/records/new/SMS-WPF/MLSP/?agency=SMS", stuffed)
    assert response.status_code == 302, response.content.decode()
    with scope.acting(outsider):
        typed = Record.objects.get()
        assert (typed.agency_id, typed.upload_id) == (other_agency.pk, None)
        assert typed.submission_id != foreign["submission"]
        assert (typed.submission.state, typed.submission.accepted_by) == ("DRAFT", None)
    with scope.acting(clerk):
        assert Submission.objects.get().state == "DRAFT"
        assert Record.objects.count() == 1


def test_without_the_second_lock_these_pages_would_show_foreign_rows(foreign, outsider):
    """Who takes both locks away sees everything: so it is the lock that the tests above have tried."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("submission", "upload", "record", "heldrow"):
            cursor.execute(f"ALTER TABLE records_{table} DISABLE ROW LEVEL SECURITY")
        cursor.execute("SET ROLE migdata_app")
    uploads = signed_in(outsider).get("/uploads/").content.decode()
    assert "/uploads/{upload}/".format(**foreign) in uploads
    assert (
        signed_in(outsider).get("/submissions/{submission}/".format(**foreign)).status_code == 200
    )
