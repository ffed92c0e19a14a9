"""A file that is mostly in error is refused with its causes; an honest file is held and can be corrected."""

import random
import string

import pytest

from agencies import scope
from records.collection import staging
from records.models import HeldRow, Record, Submission
from tests.cast import signed_in
from tests.records.files import plain, table

pytestmark = pytest.mark.django_db(transaction=True)


def kept(person):
    with scope.acting(person):
        held = HeldRow.all_rows.count()
        return {
            "records": Record.objects.count(),
            "held": held,
            "months": Submission.objects.count(),
        }


NOTHING = {"records": 0, "held": 0, "months": 0}


def junk(rows):
    """Rows under the right headers whose cells mean nothing."""
    draw = random.Random(7)
    words = ["".join(draw.choices(string.ascii_lowercase, k=9)) for _word in range(997)]
    return plain(table(rows, **{name: words for name in table(1)[0] if name != "record_ref"}))


class TestHonestFiles:
    def test_a_small_file_with_one_unknown_word_in_every_row_is_held(self, send, clerk):
        assert send(plain(table(39, region="Uzbek SSR"))).state == "COMMITTED"
        assert kept(clerk)["held"] == 39

    def test_three_thousand_rows_with_a_region_spelled_differently_are_held(self, send, clerk):
        assert send(plain(table(3000, region="Balkanskiy r-n"))).state == "COMMITTED"
        assert kept(clerk)["held"] == 3000

    def test_a_large_file_in_which_half_is_good_is_taken_in(self, send, clerk, settings):
        settings.HELD_SHARE_FROM = 1000
        send(plain(table(2000, region=["Ahal", "Uzbek SSR"])))
        assert kept(clerk) == {"records": 1000, "held": 1000, "months": 1}

    def test_errors_at_the_top_of_a_sorted_file_do_not_count_for_the_rest(
        self, send, clerk, settings
    ):
        settings.HELD_SHARE_FROM = 1000
        regions = ["Uzbek SSR"] * 4000 + ["Ahal"] * 26_000  # several blocks
        assert send(plain(table(30_000, region=regions))).state == "COMMITTED"
        assert kept(clerk)["held"] == 4000

    def test_rows_that_only_came_too_late_are_never_refused(self, send, clerk, settings):
        settings.HELD_SHARE_FROM = settings.HELD_ROWS = 10
        send(plain(table(2)))
        with scope.acting(clerk):
            Submission.objects.update(state="SUBMITTED")
        late = send(plain(table(50, record_ref=[f"L-{k}" for k in range(50)])))
        assert (late.state, late.report["rows"]["late"]) == ("COMMITTED", 50)

    def test_wages_without_a_currency_are_asked_about_however_many_they_are(
        self, send, clerk, settings
    ):
        settings.HELD_ROWS = settings.HELD_SHARE_FROM = 10
        upload = send(plain(table(60, wage_month="900")))
        assert (upload.state, kept(clerk)) == ("NEEDS_ANSWERS", NOTHING)
        assert [q["id"] for q in upload.report["questions"]] == ["currency"]

    def test_dates_against_the_stated_order_are_asked_about_however_many_they_are(
        self, send, clerk, settings
    ):
        settings.HELD_ROWS = settings.HELD_SHARE_FROM = 10
        rows = table(60, event_date="03/25/2026")
        upload = send(plain(rows), answers={"day_first": "true"})
        assert (upload.state, kept(clerk)) == ("NEEDS_ANSWERS", NOTHING)


class TestJunk:
    def test_it_is_refused_with_its_causes_and_their_first_cells(self, send, clerk):
        upload = send(junk(12_000))
        assert upload.state == "REFUSED"
        assert upload.report["refusal"]["code"] == "mostly_held"
        assert kept(clerk) == NOTHING
        page = signed_in(clerk).get(upload.get_absolute_url()).content.decode()
        assert "More than half of the rows have an error" in page
        assert "12\N{NO-BREAK SPACE}000 / 12\N{NO-BREAK SPACE}000" in page
        main = upload.report["findings"][0]
        assert (main["count"], main["examples"][0]["row"]) == (12_000, 2)
        assert main["examples"][0]["cell"] in page

    def test_reading_stops_as_soon_as_it_is_certain(self, send, clerk, settings, monkeypatch):
        settings.HELD_ROWS = 5000
        staged = []
        stage = staging.stage
        monkeypatch.setattr(staging, "stage", lambda *a: staged.append(stage(*a)) or staged[-1])
        content = junk(60_000)
        upload = send(content)
        assert upload.report["refusal"]["code"] == "too_many_held"
        assert (
            "Nothing was stored" in signed_in(clerk).get(upload.get_absolute_url()).content.decode()
        )
        assert len(staged) <= 2  # of six or more blocks
        assert len(content) > 6 << 20
        assert kept(clerk) == NOTHING

    def test_bytes_are_limited_too(self, send, clerk, settings):
        settings.HELD_BYTES = 1 << 20
        assert send(junk(4000)).report["refusal"]["code"] == "too_many_held"
        assert kept(clerk) == NOTHING

    def test_numbers_that_stand_in_many_different_rows_count_too(self, send, clerk, settings):
        settings.HELD_SHARE_FROM = 1000
        days = [f"{k:02}.03.2026" for k in range(1, 29)]
        upload = send(plain(table(1200, record_ref="same", event_date=days)))
        assert upload.report["refusal"]["code"] == "mostly_held"
        assert upload.report["findings"][0]["count"] == 1200
        assert kept(clerk) == NOTHING

    def test_an_agency_cannot_gather_them_file_by_file(self, send, clerk, settings):
        settings.HELD_ROWS_OF_AGENCY = 100
        assert send(junk(60)).state == "COMMITTED"
        upload = send(junk(61))
        assert upload.report["refusal"]["code"] == "agency_held"
        assert "60 rows to correct already" in upload.reason
        assert kept(clerk)["held"] == 60
        good = table(3, record_ref=["a", "b", "c"])
        assert send(plain(good)).state == "COMMITTED"  # a good file always has room

    def test_after_it_is_corrected_it_is_taken_in(self, send, clerk, settings):
        settings.HELD_SHARE_FROM = 100
        assert send(plain(table(200, region="Uzbek SSR"))).state == "REFUSED"
        assert send(plain(table(200))).state == "COMMITTED"
        assert kept(clerk)["records"] == 200
