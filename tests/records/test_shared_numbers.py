"""Who delivers the same rows for two agencies is told: as a count, to the statistics office only."""

import hashlib
import hmac

import pytest
from django.db import connection

from agencies import access, scope
from agencies.roles import Role
from jobs import worker
from jobs.models import Job
from records.models import NumberDigest, Record, SharedNumbers, Submission
from records.review import shared_numbers, submissions
from tests import factories
from tests.cast import signed_in

pytestmark = pytest.mark.django_db(transaction=True)
PERIOD = "2026-03"


@pytest.fixture
def deliver(instruments, statistician):
    """Submit so many numbered records for an agency and let a worker compare them."""

    def act(agency, by, numbers, period=PERIOD):
        with scope.acting(by):
            month = factories.submission(agency, instruments["SMS-WPF"], period)
            for number in numbers:
                factories.record(month, number)
            submissions.advance(month, "submit", by=by)
            job = Job.objects.get(key=f"shared_numbers:{month.pk}:1")
        worker.work(job.pk)
        assert Job.objects.get(pk=job.pk).state == "DONE"
        return month

    return act


@pytest.fixture
def two(deliver, agency, clerk, other_agency, outsider):
    """Two agencies that deliver three numbers in common, however they spell them."""
    first = deliver(agency, clerk, ["WP-001", "wp 002", "AB/3", "WP-4", "WP-5"])
    # The second writes the letters that look alike in Cyrillic, and without signs.
    second = deliver(other_agency, outsider, ["WP001", "WP-002", "АВ-3", "WP-6"])
    return first, second


def counts(person):
    with scope.acting(person):
        return [
            (count.submission_id, count.other_agency.code, count.shared, count.numbers)
            for count in SharedNumbers.objects.order_by("submission_id")
        ]


def test_numbers_in_common_are_counted_both_ways_and_nothing_else_changes(two, statistician):
    first, second = two
    assert counts(statistician) == [(first.pk, "MLSP", 3, 5), (second.pk, "SMS", 3, 4)]
    with scope.working([first.agency_id, second.agency_id]):
        assert Record.objects.count() == 9


def test_the_statistics_office_reads_it_on_the_page_and_nobody_else_does(
    two, statistician, clerk, reviewer, outsider, publisher
):
    first, _second = two
    told = "3 of 5 record numbers were also delivered by Agency MLSP"
    page = first.get_absolute_url()
    assert told in signed_in(statistician).get(page).content.decode()
    for person in (clerk, reviewer, publisher):
        content = signed_in(person).get(page).content.decode()
        assert "also delivered" not in content and "MLSP" not in content
    assert signed_in(outsider).get(page).status_code == 404


def test_the_lock_shows_neither_count_nor_foreign_hash_to_an_agency(two, clerk, outsider):
    for person, own in ((clerk, two[0]), (outsider, two[1])):
        assert counts(person) == []
        with scope.acting(person):
            assert set(NumberDigest.objects.values_list("submission", flat=True)) == {own.pk}


def test_somebody_of_both_agencies_is_not_told_on_the_page(two, clerk, other_agency):
    access.grant(clerk, Role.CLERK, other_agency)
    content = signed_in(clerk).get(two[0].get_absolute_url()).content.decode()
    assert "also delivered" not in content


def test_a_hash_is_an_hmac_with_a_key_of_the_instrument(two, settings, statistician):
    secret = settings.PERSON_REF_SECRET.encode()
    key = hmac.new(secret, b"record_number:SMS-WPF", hashlib.sha256).digest()
    plain = hashlib.sha256(b"wp001").digest()[:16]
    expected = hmac.new(key, b"wp001", hashlib.sha256).digest()[:16]
    with scope.acting(statistician):
        stored = {bytes(digest) for digest in NumberDigest.objects.values_list("digest", flat=True)}
    assert expected in stored and plain not in stored
    assert shared_numbers.number_key("SMS-WPF") != shared_numbers.number_key("SMS-BCR")


def test_other_periods_and_instruments_are_not_compared(
    deliver, agency, clerk, other_agency, outsider, statistician
):
    deliver(agency, clerk, ["1", "2"])
    deliver(other_agency, outsider, ["1", "2"], period="2026-04")
    assert counts(statistician) == []


def test_submitting_again_counts_again_and_forgets_what_is_gone(two, clerk, reviewer, statistician):
    first, second = two
    with scope.acting(reviewer):
        submissions.advance(first, "return", by=reviewer, reason="because")
    with scope.acting(clerk):
        Record.objects.exclude(record_ref="AB/3").delete()
        submissions.advance(first, "submit", by=clerk)
        job = shared_numbers.request(first, by=clerk)
    worker.work(job.pk)
    worker.work(job.pk)
    assert counts(statistician) == [(first.pk, "MLSP", 1, 1), (second.pk, "SMS", 1, 4)]


def test_a_submission_that_was_opened_again_meanwhile_is_not_compared(
    agency, clerk, reviewer, instruments
):
    with scope.acting(clerk):
        month = factories.submission(agency, instruments["SMS-WPF"], PERIOD)
        factories.record(month)
        submissions.advance(month, "submit", by=clerk)
    with scope.acting(reviewer):
        submissions.advance(month, "return", by=reviewer, reason="because")
    worker.work(Job.objects.get().pk)
    with scope.acting(clerk):
        assert not NumberDigest.objects.exists()


def test_a_hundred_thousand_numbers_of_each_of_two_agencies_are_compared_in_one_statement(
    agency, clerk, other_agency, outsider, instruments, statistician, django_assert_num_queries
):
    size, common = 100_000, 412
    months = []
    for delivering, by, start in ((agency, clerk, 0), (other_agency, outsider, size - common)):
        with scope.acting(by), connection.cursor() as cursor:
            month = factories.submission(delivering, instruments["SMS-WPF"], PERIOD)
            cursor.execute(
                "INSERT INTO records_record (agency_id, submission_id, record_ref, event_date, sex,"
                " age_precision, citizenship, region, extras) SELECT %s, %s, 'WP-' || n, '2026-03-05',"
                " 'F', 'D', 'TUR', 'TM-S', '{}' FROM generate_series(%s, %s) n",
                [delivering.pk, month.pk, start, start + size - 1],
            )
            # One statement hashes them, beside the deletion of earlier hashes.
            with django_assert_num_queries(2):
                shared_numbers.hash_numbers(month)
        months.append(month)
    with scope.acting(statistician):
        shared_numbers.count(Submission.objects.get(pk=months[0].pk))
    assert counts(statistician) == [
        (months[0].pk, "MLSP", common, size),
        (months[1].pk, "SMS", common, size),
    ]


def test_two_agencies_that_submit_at_once_are_both_counted(
    agency, clerk, other_agency, outsider, instruments, statistician
):
    from tests.records.test_two_at_once import at_once

    jobs = []
    for delivering, by in ((agency, clerk), (other_agency, outsider)):
        with scope.acting(by):
            month = factories.submission(delivering, instruments["SMS-WPF"], PERIOD)
            factories.record(month, "7")
            submissions.advance(month, "submit", by=by)
            jobs.append(Job.objects.get(key=f"shared_numbers:{month.pk}:1").pk)
    at_once(*(lambda pk=pk: worker.work(pk) for pk in jobs))
    assert {(agency, shared) for _pk, agency, shared, _of in counts(statistician)} == {
        ("MLSP", 1),
        ("SMS", 1),
    }
