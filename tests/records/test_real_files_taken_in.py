"""Real files that nobody here wrote, from the file to records: what is asked, what is answered, and what pandas counts."""

import csv

import pandas as pd
import pytest
from django.db.models import Count

from agencies import scope
from records.collection import uploads
from records.instruments import versions
from records.models import HeldRow, Record
from tests.records import files
from tests.records.lists import delivered  # noqa: F401 - used by name
from tests.records.tables import DATA, sums

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not DATA.exists(), reason="the folder of real files is not here"),
]
ARRIVALS = "us_i94_arrivals_sample_1000.csv"
PURPOSES = {"purpose": {"personal": "PRIVATE", "other": "OTHER"}}


def test_arrivals_enter_once_their_columns_are_named_and_no_admission_number_is_kept(
    send, clerk, instruments
):
    with (DATA / ARRIVALS).open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    upload = send((DATA / ARRIVALS).read_bytes(), "SMS-BCR")
    asked = {question["id"] for question in upload.report["questions"]}
    assert {"columns:record_ref", "columns:event_date", "columns:citizenship"} <= asked
    spec = versions.spec_of(versions.current(instruments["SMS-BCR"]))
    stated = {
        n: spec.variable(n).accepted[0].code for n in ("crossing_point", "traveller", "doc_class")
    }
    letters = {"record_ref": "B", "event_date": "O", "sex": "X", "birth_date": "V"}
    missing = dict.fromkeys(("citizenship", "region", "purpose"), "none")
    answers = {"columns": {**letters, **missing}, "constants": {"direction": "IN", **stated}}
    with scope.acting(clerk):
        uploads.read(upload, by=clerk, answers=answers)
    upload = files.finish(upload, by=clerk)
    assert (upload.state, upload.reason) == ("COMMITTED", "")
    with scope.acting(clerk):
        counted = dict(
            Record.objects.filter(upload=upload).values_list("sex").annotate(rows=Count("pk"))
        )
        held = set(HeldRow.open_rows.values_list("row_no", flat=True))
    assert [f["rule"] for f in upload.report["findings"] if f["severity"] == "error"] == []
    taken = pd.Series([row["gender"] for number, row in enumerate(rows, 2) if number not in held])
    assert {c: counted[c] for c in ("F", "M")} == {c: (taken == c).sum() for c in ("F", "M")}
    assert sum(counted.values()) == len(taken)


def test_swedish_permits_enter_by_citizenship_and_the_two_congos_are_asked_about(
    form, take_in, clerk, names_of_countries
):
    file = "se_work_permits_2018.xlsx"
    table = pd.read_excel(DATA / file, sheet_name=7, header=None, dtype=object, engine="calamine")[
        10:
    ]
    names_of_countries([name for name in table[1].dropna().unique() if name != "TOTALT"])
    upload = take_in(
        file,
        form("SMS-WPF", "sex", "citizenship"),
        sheet="#8",
        columns={"citizenship": "B", "sex": "none"},
        constants={"event_date": "2018-12"},
        repeated_cells="yes",
    )
    assert (upload.state, upload.reason) == ("COMMITTED", "")
    assert sums(upload, clerk, "sex") == {"_U": 20840}
    (cause,) = [f for f in upload.report["findings"] if f["severity"] == "error"]
    assert (cause["rule"], cause["examples"][0]["value"]) == ("citizenship.ambiguous", "KONGO")


@pytest.mark.parametrize("encoding", ["cp1251", "cyrillic_utf8"])
def test_one_russian_table_enters_alike_in_both_encodings(form, take_in, clerk, encoding):
    file = f"russia_migration_by_country_{encoding}.csv"
    upload = take_in(
        file,
        form("SMS-BCR", "citizenship", "purpose"),
        columns={"citizenship": "B"},
        constants={"event_date": "2013-12"},
        aliases=PURPOSES,
        values="go_on",
    )
    assert (upload.state, upload.reason) == ("COMMITTED", "")
    table = pd.read_csv(DATA / file, encoding=encoding.rpartition("_")[2].replace("utf8", "utf-8"))
    with scope.acting(clerk):
        held = list(HeldRow.open_rows.filter(upload=upload).values_list("raw", flat=True))
    assert sum(sums(upload, clerk, "sex").values()) + sum(int(raw["count"]) for raw in held) == (
        table.base.sum()
    )
