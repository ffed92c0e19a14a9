"""The ten rules that everything else follows (domain brief, section 0), each by its name."""

import csv
import io

import pyarrow.parquet as pq
import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agencies import scope
from agencies.access import AgencyScoped
from records.collection import entry
from records.models import Record
from records.review import submissions
from records.validation import engine
from reports.designs import datasets
from reports.exact import slices
from reports.models import Blob, Slice
from reports.published.figures import MISSING, NORMAL
from standards import codelists
from standards.sex import CODES, Figures, of_codes
from standards.spelling import normalise
from tests.cast import anew
from tests.records.files import SPECS, VALID, leaks, plain, table
from tests.records.files import send as send_file
from tests.records.test_properties import as_block
from tests.records.test_rules import TODAY
from tests.reports.conftest import draw, forgotten

few = settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
WPF = SPECS["SMS-WPF"]
SEXES = codelists.load("sex").by_code
V1 = "/figures/api/v1"
DATA = "/figures/data/WPF.csv?by=TIME_PERIOD"


@few
@given(st.lists(st.tuples(st.sampled_from(CODES), st.integers(1, 50)), min_size=1, max_size=30))
def test_1_the_total_is_women_men_other_and_unknown_in_every_table_and_period(submit, cells):
    """Before disclosure control: nobody is dropped between a record and the exact cells."""
    dataset = datasets.datasets()["WPF"]
    rows = [
        {**draw("SMS-WPF", [f"2026-0{1 + k % 3}"], 1, seed=k)[0], "sex": sex, "count": n}
        for k, (sex, n) in enumerate(cells)
    ]
    with forgotten():
        for submission in submit("SMS-WPF", rows):
            exact = slices.exact_cells(submission, dataset).to_pandas()
            with scope.working([submission.agency_id]):
                stored = Record.objects.filter(submission=submission).order_by()
                by_sex = dict(stored.values_list("sex").annotate(n=Sum("count")))
                everybody = stored.aggregate(n=Sum("count"))["n"]
            figures = of_codes(by_sex)
            told = exact.groupby("SEX", observed=True)["records"].sum()
            assert {sex: told.get(sex, 0) for sex in ("F", "M", "_OU")} == {
                "F": figures.f,
                "M": figures.m,
                "_OU": figures.o,
            }
            assert figures.total == exact["records"].sum() == everybody


def words(code):
    """Every text that stands for a code: itself, its labels, its aliases."""
    return {normalise(text) for text in (code.code, *code.labels.values(), *code.aliases)}


def rows_of(file):
    return list(csv.DictReader(io.StringIO(file)))


SAID = {word: code.code for code in SEXES.values() for word in words(code)}


@settings(max_examples=60)
@given(
    st.sampled_from([*SAID, "1", "2", "Ogulgerek", "Иванова", "Иванович", "nurse", "wife", "Ms"])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.sampled_from(["532", "911", "71"]),
)
def test_2_a_sex_comes_only_from_a_word_that_says_it(text, occupation):
    row = {**VALID["SMS-WPF"], "sex": text, "occupation": occupation}
    (sex,) = engine.check(as_block([row]), WPF, today=TODAY).typed["sex"].to_pylist()
    if sex in ("F", "M"):
        assert SAID[normalise(text)] == sex


def test_3_sex_and_gender_identity_are_two_variables_and_neither_is_worked_out():
    """What holds for an instrument that asks both: tests/records/test_gender_identity.py."""
    asked = {v.codelist for spec in SPECS.values() for v in spec.variables}
    assert "sex" in asked and "gender_identity" not in asked
    compared = {
        name
        for spec in SPECS.values()
        for rule in spec.rules
        for name in map(str, (rule.variable, *(text for c in rule.when for text in c.values())))
    }
    assert "gender_identity" not in compared


@pytest.mark.django_db(transaction=True)
def test_4_no_name_number_address_telephone_photo_or_biometric_value_is_kept(
    instruments, agency, clerk
):
    personal = {
        "Name": "Zxq1 Zxqowa",
        "Passport number": "Zxq2 A0123456",
        "Address": "Zxq3 Street 5",
        "Telephone": "Zxq4 +993 65 123456",
        "Photo": "Zxq5.jpg",
        "Fingerprint": "Zxq6==",
    }
    content = plain(table(3, **personal))
    upload = send_file(content, by=clerk, agency=agency, instrument=instruments["SMS-WPF"])
    assert upload.state == "COMMITTED", upload.report
    assert leaks(["Zxq"]) == []


def test_5_what_was_submitted_stays_and_a_correction_is_a_new_version(
    accept, lead, statistician, clerk
):
    (submission,) = accept("SMS-WPF", draw("SMS-WPF", ["2026-01"], 40))
    with scope.acting(clerk):
        record = Record.objects.filter(submission=submission)[0]
        with pytest.raises(Exception, match="2026-01"):
            entry.delete(record, by=clerk)
    (before,) = Slice.objects.filter(submission=submission, dataset="WPF")
    with scope.acting(statistician):
        submissions.advance(submission, "reopen", by=statistician, reason="a mistake")
    with scope.acting(clerk):
        entry.delete(Record.objects.get(pk=record.pk), by=clerk)
    submission.refresh_from_db()
    lead(submission)
    after = Slice.objects.filter(submission=submission, dataset="WPF").order_by("-version")[0]
    assert after.version > before.version
    assert Slice.objects.get(pk=before.pk).sha256 == before.sha256


def test_6_an_agency_sees_its_own_records_and_others_see_what_is_released(
    accept, clerk, outsider, viewer
):
    accept("SMS-WPF", draw("SMS-WPF", ["2026-01"], 8))
    scoped = [m for m in apps.get_models() if isinstance(m._default_manager.all(), AgencyScoped)]
    assert Record in scoped and len(scoped) > 4
    for person in (outsider, viewer):
        with scope.acting(anew(person)):
            for model in scoped:
                assert not model._default_manager.visible_to(person).exists(), model
            assert not Record.objects.exists()  # whatever the code asks
    with scope.acting(clerk):
        assert Record.objects.visible_to(clerk).count() == 8


def test_7_released_and_true_values_lie_in_different_tables(permits):
    base = permits.structure["base"]
    for blob in Blob.objects.all():
        values = pq.read_table(io.BytesIO(bytes(blob.content)))["value"].to_pylist()
        assert values and not [n for n in values if n % base]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c WHERE c.relkind = 'r'"
            " AND has_table_privilege('migdata_public', c.oid, 'SELECT')"
            " AND c.relnamespace IN ('public'::regnamespace, 'pub'::regnamespace)"
        )
        assert {name for (name,) in cursor.fetchall()} == {"release", "blob"}


def test_8_every_number_carries_period_concept_source_status_and_sex_coverage(client, permits):
    answer = client.get(f"{V1}/datasets/WPF/data?by=time_period").json()
    assert answer["rows"]
    for row in answer["rows"]:
        assert row["TIME_PERIOD"] and row["OBS_STATUS"] == "A" and row["SEX_COVERAGE"] > 0
        assert row["F"] + row["M"] + row["_OU"] == row["_T"]
    assert "Release WPF-1" in " ".join(answer["notes"]) and "Source: SMS" in " ".join(
        answer["notes"]
    )
    structure = client.get(f"{V1}/datasets/WPF").json()["structure"]
    assert structure["concept"] and structure["unit"] and "SMS" in structure["sources"]
    assert {"is_final", "is_over", "version"} <= set(structure["years"][0])
    file = client.get("/figures/data/WPF.csv?by=DECISION").content.decode()
    assert {"SEX_COVERAGE", "DECISION"} <= set(rows_of(file)[0])
    beside = client.get("/figures/data/WPF.txt?by=DECISION").content.decode()
    assert "January 2026 to March 2026" in beside and "Source: SMS" in beside


@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 400), st.sampled_from([0, 3, 5]))
def test_9_no_percentage_is_shown_whose_parts_are_not(f, m, o, base):
    if base:
        f, m, o = (n - n % base for n in (f, m, o))
    figures = Figures(f, m, o, base)
    least = 100 if base else 1
    for share, whole in (
        (figures.female_share, f + m),
        (figures.male_share, f + m),
        (figures.coverage, f + m + o),
    ):
        assert (share is None) == (whole < least)


def test_10_zero_missing_too_few_and_not_applicable_are_four_things(client, accept, publish):
    rows = [*draw("SMS-WPF", ["2026-01"], 400), *draw("SMS-WPF", ["2026-03"], 40)]
    accept("SMS-WPF", [{**row, "extras": {**row["extras"], "decision": "ISS"}} for row in rows])
    publish("WPF")
    granted, other = (
        {row["TIME_PERIOD"]: row for row in rows_of(client.get(address).content.decode())}
        for address in (f"{DATA}&decision=GRANTED", f"{DATA}&decision=OTHER")
    )
    zero, missing = other["2026-01"], granted["2026-02"]
    some, few = granted["2026-01"], granted["2026-03"]
    assert (zero["_T"], zero["OBS_STATUS"]) == ("0", NORMAL)
    assert (missing["_T"], missing["FEMALE_SHARE"], missing["OBS_STATUS"]) == ("", "", MISSING)
    assert some["FEMALE_SHARE"] and int(few["_T"]) > 0
    assert (few["FEMALE_SHARE"], few["OBS_STATUS"]) == ("", NORMAL)
    assert "WAGE" not in few  # what a table does not speak of has no column there
