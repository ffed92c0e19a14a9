"""The scorecard: each measure by its formula, beside the agency's own history, and the rows behind it."""

from datetime import date

import pytest
from django.utils import timezone

from agencies import scope
from records.instruments.versions import spec_of
from records.models import Record, Submission, SubmissionCounts
from records.review import counting, measures, profile, scorecard, submissions
from records.review.rows_behind import behind
from standards.periods import Period, last_periods
from tests import factories
from tests.cast import signed_in

MONTHS = last_periods("M", timezone.localdate(), 14)


def permits(submission, rows, **fields):
    """Put rows into a submission: what each says beside what all say."""
    own = {"decision": "ISS", "occupation": "23", "activity": "F", "employer_type": "LOC"}
    Record.objects.bulk_create(
        Record(
            agency_id=submission.agency_id,
            submission=submission,
            record_ref=f"{submission.pk}-{k}",
            **{
                "event_date": Period.parse(submission.period).first_day,
                "sex": "F" if k % 2 else "M",
                "age": 20 + k % 37,
                "citizenship": "TUR",
                "region": "TM-S",
                "extras": own,
                **fields,
                **row,
            },
        )
        for k, row in enumerate(rows)
    )


def card(submission):
    counted = counting.count(submission, profile.count(submission))
    return {line.measure.code: line for line in scorecard.scorecard(submission, counted.facts)}


@pytest.fixture
def month(instruments, agency, clerk):
    """month(period, rows) -> a submission of work permits with these rows, in the scope of the clerk."""

    def make(period, rows, **fields):
        submission = factories.submission(agency, instruments["SMS-WPF"], period)
        permits(submission, rows, **fields)
        return submission

    with scope.acting(clerk):
        yield make


def test_the_rows_behind_a_number_are_exactly_those_it_counts(month):
    submission = month(MONTHS[-2], [{"sex": "_U"}] * 41 + [{"region": "TM-_U"}] * 7 + [{}] * 152)
    lines = card(submission)
    assert lines["Q4"].value == pytest.approx(100 * 159 / 200)
    assert (lines["Q4"].judged, lines["Q4"].rows) == ("far", "missing:sex")
    spec = spec_of(submission.instrument_version)
    assert behind("missing:sex", spec).of(submission).count() == 41
    assert behind("rule:sex.not_stated", spec).of(submission).count() == 41
    assert behind("missing:region", spec).of(submission).count() == 7


def test_repeated_events_and_heaped_ages_lead_to_their_rows(month):
    rows = [{"person_ref": f"p{k % 90}", "age": 30} for k in range(100)]
    submission = month(MONTHS[-2], rows)
    lines, spec = card(submission), spec_of(submission.instrument_version)
    assert lines["Q7"].value == pytest.approx(10)
    assert behind(lines["Q7"].rows, spec).of(submission).count() == 20  # ten events, twice each
    assert lines["Q12"].value == pytest.approx(500)
    assert behind(lines["Q12"].rows, spec).of(submission).count() == 100


def test_the_rows_of_a_warning_are_those_that_break_its_rule(month):
    rows = [{"education": "8", "age": age} for age in (19, 22, 23, 40)]
    submission = month(MONTHS[-2], rows)
    spec = spec_of(submission.instrument_version)
    found = behind("rule:education.young_doctor", spec).of(submission)
    assert sorted(found.values_list("age", flat=True)) == [19, 22]
    assert behind("rule:sex.marker", spec) is None  # how a word was written is not kept
    assert behind("rule:nothing.of_the_kind", spec) is None
    assert behind("missing:nothing", spec) is None


def test_every_rule_that_can_be_asked_of_what_is_kept_is_a_valid_question(instruments, agency):
    asked = 0
    with scope.working([agency.pk]):
        for instrument in instruments.values():
            submission = factories.submission(agency, instrument, "2025-01")
            spec = spec_of(submission.instrument_version)
            for rule in [*spec.rules, *spec.checks]:
                if rows := behind(f"rule:{rule.id}", spec):
                    assert rows.of(submission).count() == 0
                    asked += 1
            counting.count(submission, {})
    assert asked > 200


def test_of_counts_the_numbers_are_added_up_not_the_cells(instruments, agency):
    with scope.working([agency.pk]):
        counts = factories.submission(agency, instruments["MOL-EMP"], "2025-01")
        for k, (sex, number) in enumerate((("F", 120), ("M", 60), ("_U", 20))):
            factories.record(
                counts,
                str(k),
                sex=sex,
                count=number,
                extras={"activity": "F", "migrant_status": "N"},
            )
        counted = counting.count(counts, profile.count(counts))
    assert (counted.facts["records"], counted.facts["rows"]) == (200, 3)
    assert counted.facts["no_sex"] == 20
    assert counted.by_sex["activity"] == {"F": {"F": 120, "M": 60, "_U": 20}}


def test_the_history_has_twelve_periods_and_the_same_period_last_year(month, clerk):
    for k, period in enumerate(MONTHS[:-1]):
        submission = month(period, [{}] * (40 + k))
        submissions.advance(submission, "submit", by=clerk)
    last = Submission.objects.get(period=MONTHS[-2])
    line = card(last)["Q4"]
    assert [period for period, _value in line.history] == MONTHS[1:-1]
    assert all(value == 100 for _period, value in line.history)
    assert line.year_before == 100
    assert line.trend is not None
    assert card(last)["Q10"].value is not None
    assert card(last)["Q1"].value == 100


def test_the_first_month_of_an_agency_is_judged_by_itself_alone(month):
    lines = card(month(MONTHS[-2], [{}] * 60))
    assert lines["Q10"].value is lines["Q11"].value is None
    assert lines["Q10"].judged == ""
    assert lines["Q4"].judged == "good"
    assert lines["Q4"].year_before is None


def test_a_submission_of_no_rows_is_measured_by_its_delivery_alone(month, clerk):
    empty = month(MONTHS[-2], [])
    submissions.advance(empty, "submit", by=clerk, nothing_to_report=True)
    lines = card(Submission.objects.get())
    assert {code for code, line in lines.items() if line.value is not None} == {"Q1", "Q5", "Q6"}


def test_what_was_counted_is_kept_when_it_is_submitted_and_open_to_statistics_staff(
    month, clerk, statistician, outsider
):
    submission = month(MONTHS[-2], [{"sex": "_U"}] * 30 + [{}] * 30)
    submissions.advance(submission, "submit", by=clerk)
    with scope.acting(statistician):
        kept = counting.kept(submission)
        assert kept.facts["no_sex"] == 30
        assert kept.by_sex["citizenship"]["TUR"] == {"_U": 30, "F": 15, "M": 15}
        assert SubmissionCounts.objects.get().odd >= 1
    with scope.acting(outsider):
        assert counting.kept(submission) is None


def test_outliers_are_measured_in_robust_deviations():
    def at(now, before):
        facts = {f"2025-{k + 1:02}": {"records": n} for k, n in enumerate([*before, now])}
        return measures.At(max(facts), facts, {}, date(2026, 1, 1))

    assert measures.outlier(at(100, [90, 100, 110, 100])) == pytest.approx(0)
    assert measures.outlier(at(200, [90, 100, 110, 100])) == pytest.approx(100 / (1.4826 * 5))
    assert measures.outlier(at(200, [100, 100, 100, 100])) == pytest.approx(20)
    assert measures.outlier(at(200, [100, 100])) is None
    assert measures.outlier(at(15, [2, 3, 4, 5])) is None


def test_a_limit_tells_what_is_good_from_what_is_far_off():
    least, most = measures.Limit(98, 90, at_least=True), measures.Limit(5, 20)
    assert [least.judge(v) for v in (100, 98, 97, 89, None)] == ["good", "good", "look", "far", ""]
    assert [most.judge(v) for v in (0, 5, 6, 21)] == ["good", "good", "look", "far"]


def test_the_cover_leads_to_exactly_the_41_rows_without_a_sex(month, clerk, statistician):
    submission = month(MONTHS[-2], [{"sex": "_U"}] * 41 + [{}] * 60)
    cover = f"/submissions/{submission.pk}/"
    page = signed_in(clerk).get(cover).content.decode()
    address = f"{cover}records?behind=missing%3Asex"
    assert address in page
    rows = signed_in(clerk).get(address)
    assert rows.context["page"].paginator.count == 41
    assert "41 rows: Sex is not stated" in rows.content.decode()
    submissions.advance(submission, "submit", by=clerk)
    judged = signed_in(statistician).get(cover).content.decode()
    assert "Sex stated" in judged
    assert "behind=" not in judged  # she sees no row


@pytest.mark.parametrize("word", ["missing:", "rule:x'; DROP", "nothing", "missing:record;"])
def test_rows_that_nobody_offers_are_nowhere(month, clerk, word):
    submission = month(MONTHS[-2], [{}])
    answer = signed_in(clerk).get(f"/submissions/{submission.pk}/records?behind={word}")
    assert answer.status_code == 404


def test_breakdowns_stand_beside_the_same_period_last_year(month, clerk, statistician):
    year_before = month(MONTHS[0], [{"citizenship": "TUR"}] * 30 + [{"citizenship": "RUS"}] * 30)
    this = month(MONTHS[12], [{"citizenship": "TUR"}] * 80 + [{"citizenship": "RUS"}] * 31)
    for submission in (year_before, this):
        submissions.advance(submission, "submit", by=clerk)
    page = signed_in(statistician).get(f"/submissions/{this.pk}/by-sex")
    assert page.context["is_a_year_before"]
    citizenship = next(b for b in page.context["breakdowns"] if b["label"] == "Citizenship")
    assert [(line["label"], line["difference"]) for line in citizenship["lines"]] == [
        ("Turkey", "+50"),
        ("Russia", "+1"),
    ]
    assert "Kitagawa 1955" in page.content.decode()
