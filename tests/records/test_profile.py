"""What a submission holds, in numbers: live while it is open, frozen when it is submitted."""

import pytest

from agencies import scope
from agencies.refusal import Refused
from records.collection import corrections
from records.models import HeldRow, Record, Submission
from records.review import profile, submissions
from tests import factories
from tests.records.files import plain, table


def submission(instruments, agency, period, sexes, held=0):
    made = factories.submission(agency, instruments["SMS-WPF"], period)
    Record.objects.bulk_create(
        Record(
            agency=agency,
            submission=made,
            record_ref=f"{period}-{k}",
            event_date=f"{period}-{1 + k % 25:02}",
            sex=sex,
            citizenship="XXX" if k == 0 else "TUR",
            region="TM-S",
        )
        for k, sex in enumerate(sexes)
    )
    for k in range(held):
        factories.held_row(
            agency, made.instrument, submission=made, row_no=k, findings=[factories.FINDING]
        )
    return made


@pytest.fixture
def january(instruments, agency, clerk):
    with scope.acting(clerk):
        return submission(instruments, agency, "2026-01", "F" * 40 + "M" * 58 + "__", held=2)


def test_unknown_sex_and_held_rows_are_counted(january, clerk):
    with scope.acting(clerk):
        numbers = profile.count(january)
    assert numbers["sex"] == {"F": 40, "M": 58, "_": 2}
    assert numbers["held"] == 2
    assert numbers["citizenship_unknown"] == 1
    assert numbers["largest_day"] == 4
    (cause,) = numbers["findings"]
    assert (cause["rule"], cause["count"]) == ("wpf.ends_before", 2)


def test_submitting_freezes_the_numbers_and_statistics_staff_see_them_without_records(
    january, clerk, statistician
):
    with scope.acting(clerk):
        submissions.advance(january, "submit", by=clerk, held_acknowledged=2)
    with scope.acting(statistician):
        seen = Submission.objects.get(pk=january.pk)
        assert seen.profile["sex"] == {"F": 40, "M": 58, "_": 2}
        assert Record.objects.count() == 0
        assert HeldRow.open_rows.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_row_without_a_date_counts_in_every_period_its_file_fed_until_it_is_corrected(
    send, clerk, client, agency, instruments
):
    send(plain(table(3, event_date=["05.03.2026", "??", "05.04.2026"])))
    with scope.acting(clerk):
        march, april = Submission.objects.order_by("period")
        assert [profile.count(s)["held"] for s in (march, april)] == [1, 1]
        assert [f["rule"] for f in profile.count(march)["findings"]] == ["event_date.not_a_date"]
        with pytest.raises(Refused, match="1 rows are held"):
            submissions.advance(march, "submit", by=clerk)
    client.force_login(clerk)
    assert (
        b"1 row is held and will not be counted" in client.get(f"/submissions/{march.pk}/").content
    )
    sheet = client.get(f"/submissions/{march.pk}/held").content
    assert b"1 row is held" in sheet
    with scope.acting(clerk):
        submissions.advance(march, "submit", by=clerk, held_acknowledged=1)
        assert Submission.objects.get(pk=march.pk).profile["held"] == 1
        held = HeldRow.open_rows.get()
        corrections.correct(held, {"event_date": "07.04.2026"}, by=clerk)
        assert profile.count(april)["held"] == 0


@pytest.mark.django_db(transaction=True)
def test_a_row_without_a_date_counts_once_where_two_files_fed_the_period(send, clerk):
    send(plain(table(2, event_date=["05.03.2026", "??"])))
    send(plain(table(2, record_ref=["A", "B"], sex=["F", "??"])))
    with scope.acting(clerk):
        assert profile.count(Submission.objects.get())["held"] == 2


def test_counting_does_not_grow_with_the_rows(january, clerk, django_assert_max_num_queries):
    with scope.acting(clerk), django_assert_max_num_queries(5):
        profile.count(january)
