"""The scorecard: each measure by its formula, beside the agency's own history, and the rows behind it."""

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agencies import scope
from records.codelists.changes import content_of
from records.instruments.versions import spec_of
from records.models import Record, SecondEntry, Submission, SubmissionCounts
from records.review import counting, measures, profile, scorecard, submissions
from records.review.rows_behind import Behind, behind
from records.review.rows_of_checks import condition_of
from records.search import asked
from records.validation.whole_file import JUDGES
from standards import codelists, editions
from standards.editions import Edition
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
    address = asked.address(submission, behind="missing:sex")
    assert address.replace("&", "&amp;") in page
    rows = signed_in(clerk).get(address)
    assert rows.context["counts"].rows == 41
    assert "Sex is not stated" in rows.content.decode()
    submissions.advance(submission, "submit", by=clerk)
    judged = signed_in(statistician).get(cover).content.decode()
    assert "Sex stated" in judged
    assert "behind=" not in judged  # she sees no row


def test_every_number_of_the_cover_leads_to_its_rows(month, clerk, statistician):
    submissions.advance(month(MONTHS[0], [{}] * 30), "submit", by=clerk)
    rows = [{"citizenship": "RUS"}] * 30 + [{"sex": "_U"}] * 5 + [{"sex": "_O"}] * 2
    submission = month(MONTHS[12], rows)
    client, cover = signed_in(clerk), f"/submissions/{submission.pk}/"
    page = client.get(cover)
    numbers = page.context["sum"]
    for name, number in zip(("f", "m", "o", "total"), (15, 15, 7, 37), strict=True):
        assert {"f": numbers.f, "m": numbers.m, "o": numbers.o, "total": numbers.total}[
            name
        ] == number
        address = page.context["rows_by_sex"][name]
        assert address.replace("&", "&amp;") in page.content.decode()
        assert client.get(address).context["counts"].rows == number
    by_sex = client.get(f"{cover}by-sex").context["breakdowns"]
    asked_for = [(line["rows"]["o"], line["other"]) for b in by_sex for line in b["lines"]]
    assert {number for _address, number in asked_for} >= {0, 7}
    for address, number in asked_for[:6]:
        assert client.get(address).context["counts"].rows == number
    submissions.advance(submission, "submit", by=clerk)
    assert "/records/?" not in signed_in(statistician).get(cover).content.decode()


@pytest.mark.parametrize("word", ["missing:", "rule:x'; DROP", "nothing", "missing:record;"])
def test_rows_that_nobody_offers_are_nowhere(month, clerk, word):
    submission = month(MONTHS[-2], [{}])
    answer = signed_in(clerk).get(f"{submission.records_url}&behind={word}")
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


def test_a_retired_code_is_compared_as_its_successor_and_the_page_says_so(month, clerk):
    year_before = month(MONTHS[0], [{"region": "TM-L"}] * 30 + [{"region": "TM-M"}] * 30)
    this = month(MONTHS[12], [{"region": "TM-M"}] * 65)
    for submission in (year_before, this):
        submissions.advance(submission, "submit", by=clerk)
    retired = {
        **content_of(codelists.load("regions").by_code["TM-L"]),
        "retired": f"{MONTHS[6]}-01",
    }
    editions.lay_over({"regions": Edition(2, {"TM-L": {**retired, "successor": "TM-M"}})})
    try:
        page = signed_in(clerk).get(f"/submissions/{this.pk}/by-sex")
    finally:
        editions.lay_over({})
    (regions,) = (b for b in page.context["breakdowns"] if b["counted_as"])
    (line,) = regions["lines"]
    assert (line["before"], line["total"], line["difference"]) == (60, 65, "+5")
    assert "“Lebap” is no longer used: in both periods it is counted as “Mary”." in page.text


ROWS_OF_A_FILE = st.lists(
    st.fixed_dictionaries(
        {
            "activity": st.sampled_from(["F", "T"]),
            "occupation": st.sampled_from(["23", "71"]),
            "employer_ref": st.sampled_from(["a" * 64, "a" * 64, "a" * 64, "b" * 64]),
            "wage_month": st.sampled_from(["100", "110", "120", "5000"]),
            "sex": st.sampled_from(["F", "F", "M", "_U"]),
            "day": st.sampled_from([1, 1, 2, 3]),
        }
    ),
    min_size=40,
    max_size=60,
)
KINDS = {"dominance", "outlier", "one_sex", "share_unknown", "largest_day", "constant"}


def judged(month, rows):
    """Yield every check of the rows: its kind, the judgement, and how many rows its number leads to."""
    Record.objects.all().delete()
    Submission.objects.all().delete()
    first = Period.parse(MONTHS[-2]).first_day
    own = [
        {
            "sex": row["sex"],
            "event_date": first.replace(day=row["day"]),
            "extras": {**row, "wage_cur": "TMT"},
        }
        for row in rows
    ]
    submission = month(MONTHS[-2], own)
    spec = spec_of(submission.instrument_version)
    file = pd.DataFrame(
        [{**r["extras"], "region": "TM-S", "event_date": r["event_date"]} for r in own]
    )
    file["wage_month"] = file["wage_month"].astype(float)
    for check in (c for c in spec.checks if c.kind in KINDS and c.variable in file):
        check = replace(check, least=5)
        names = [check.variable, *check.within, *(["sex"] if check.kind == "one_sex" else [])]
        counted = file.groupby(names).size().reset_index(name="rows")
        of_kind = replace(check, codes=check.codes or (spec.variable(check.variable).unknown,))
        rows_there = Behind("", condition_of(check, spec)).of(submission).count()
        yield check, JUDGES[check.kind](of_kind, counted), rows_there


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS_OF_A_FILE)
def test_a_check_of_a_whole_file_leads_to_exactly_as_many_rows_as_it_counts(month, rows):
    for check, judgement, rows_there in judged(month, rows):
        assert rows_there == judgement.rows or not judgement.broken, check.id


def test_a_file_that_breaks_every_check_leads_to_rows_of_each(month):
    """Else the property above could hold because nothing is ever broken."""
    usual = {"activity": "T", "occupation": "23", "employer_ref": "a" * 64, "sex": "F", "day": 1}
    wages = ["100", "110", "120"] * 20
    rows = [{**usual, "wage_month": wage} for wage in [*wages, "5000"]]
    rows += [{**usual, "wage_month": "110", "occupation": "_U"}] * 20
    seen = {check.kind: (judgement, there) for check, judgement, there in judged(month, rows)}
    assert seen and all(judgement.broken for judgement, _there in seen.values()), seen
    assert all(there == judgement.rows > 0 for judgement, there in seen.values()), seen


def test_crossings_that_go_one_way_lead_to_the_groups_in_which_they_do(instruments, agency, clerk):
    with scope.acting(clerk):
        crossings = factories.submission(agency, instruments["SMS-BCR"], MONTHS[-2])
        ways = {"TUR": (250, 20), "KAZ": (150, 140), "UZB": (9, 0)}
        Record.objects.bulk_create(
            Record(
                agency=agency, submission=crossings, record_ref=f"{country}-{way}-{k}", sex="F",
                event_date=f"{MONTHS[-2]}-05", citizenship=country, extras={"direction": way},
            )
            for country, numbers in ways.items()
            for way, number in zip(("IN", "OUT"), numbers, strict=True)
            for k in range(number)
        )  # fmt: skip
        rows = behind("rule:direction.ratio", spec_of(crossings.instrument_version)).of(crossings)
        assert set(rows.values_list("citizenship", flat=True)) == {"TUR"} and rows.count() == 270


def test_records_that_are_typed_twice_are_lines_of_their_own_that_lead_to_their_rows(
    month, clerk, reviewer
):
    plain = month(MONTHS[-3], [{}] * 3)
    assert not {"S1", "S2"} & card(plain).keys()
    submission = month(MONTHS[-2], [{}] * 10)
    for k, record in enumerate(submission.records.order_by("pk")[:8]):
        done = {"second_by": reviewer, "done_at": timezone.now()} if k < 6 else {}
        SecondEntry.objects.create(
            record=record, agency=record.agency, instrument_id=submission.instrument_id,
            first_by=clerk, variables=["sex"], differed=["sex"] if k < 3 else [], **done,
        )  # fmt: skip
    lines, spec = card(submission), spec_of(submission.instrument_version)
    assert (lines["S1"].value, lines["S2"].value) == (75, 50)
    assert behind(lines["S1"].rows, spec).of(submission).count() == 2
    assert behind(lines["S2"].rows, spec).of(submission).count() == 3


def test_a_measure_out_of_its_limits_is_answered_by_name_and_asks_again_where_it_grows(
    month, clerk, statistician
):
    submission = month(MONTHS[-2], [{"sex": "_U"}] * 5 + [{}] * 95)
    address = f"/submissions/{submission.pk}/"
    form = {"rule": "scorecard.Q4", "text": "Five old forms do not ask it."}
    assert (
        "Your answer stays" in signed_in(clerk).post(f"{address}warnings", form, follow=True).text
    )
    good = {**form, "rule": "scorecard.Q2"}
    assert (
        "has no such warning" in signed_in(clerk).post(f"{address}warnings", good, follow=True).text
    )
    submissions.advance(submission, "submit", by=clerk)
    page = signed_in(statistician).get(address).text
    assert f"<b>{clerk}</b>" in page and "Five old forms" in page and "further off" not in page
    with scope.acting(clerk):
        Submission.objects.update(state="RETURNED")
        women = list(Record.objects.filter(sex="F")[:20].values_list("pk", flat=True))
        Record.objects.filter(pk__in=women).update(sex="_U")
    assert "It is further off now." in signed_in(clerk).get(address).text
