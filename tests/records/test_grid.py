"""Many held rows are corrected in one request; each says what became of it, and only rows as they were seen change."""

import json

import pytest

from agencies import scope
from records.collection import bulk_corrections, corrections, held_keys, uploads
from records.collection.standing import standing
from records.instruments import versions
from records.models import Handling, HeldRow, Instrument, Record, Submission, Upload
from records.validation.personal import MASK
from tests.cast import signed_in
from tests.records import files
from tests.records.files import plain, table

pytestmark = pytest.mark.django_db(transaction=True)
GOING_ON = {"values": "go_on"}


@pytest.fixture
def sent(send):
    """Six rows, of which four are held: three for their country, one for its date."""
    wrong = {"citizenship": ["TUR", "Atlantiss", "Narniaa", "Atlantiss", "TUR", "TUR"], "event_date": ["05.03.2026"] * 4 + ["31.02.2026", "05.03.2026"]}  # fmt: skip
    return send(plain(table(6, **wrong)), answers=GOING_ON)


def held(clerk):
    with scope.acting(clerk):
        rows = HeldRow.open_rows.annotate(state=held_keys.STATE)
        return {row.row_no: row for row in rows.select_related("agency", "instrument", "upload")}


def save(client, upload, rows, **cells):
    """Send the same cells for these rows, or for each its own by its number."""
    sent = [
        {"id": row.pk, "seen": row.state, "cells": cells.get(f"r{n}", cells.get("all", {}))}
        for n, row in rows.items()
    ]
    form = {"rows": json.dumps(sent), "column": ["record_ref", "citizenship", "event_date"]}
    return client.post(f"/uploads/{upload.pk}/held", form)


def test_each_row_says_what_became_of_it(sent, clerk):
    rows, client = held(clerk), signed_in(clerk, "en")
    with scope.acting(clerk):
        corrections.correct(rows[4], {"citizenship": "KAZ"}, by=clerk)
    answer = save(
        client,
        sent,
        rows,
        r3={"citizenship": "TUR"},
        r4={"citizenship": "UZB"},
        r5={"citizenship": "Nowhere"},
        r6={"event_date": "06032026"},
    )
    told = answer.json()
    assert set(told["taken"]) == {str(rows[3].pk), str(rows[6].pk)}
    assert told["left"] == [rows[4].pk]
    (html,) = told["rows"]
    assert f'id="row-{rows[5].pk}"' in html and "Nowhere" in html and "aria-invalid" in html
    assert told["said"] == (
        "2 rows were taken in. 1 row has something else to correct."
        " 1 row was changed or removed by somebody else meanwhile, and not touched."
    )
    with scope.acting(clerk):
        left = HeldRow.open_rows.get()
        assert (left.pk, left.raw["citizenship"]) == (rows[5].pk, "Nowhere")
        assert Record.objects.get(row_no=4).citizenship == "KAZ"
        assert Record.objects.get(row_no=6).event_date.isoformat() == "2026-03-06"
        assert Record.objects.filter(upload=sent).count() == 5
        hands = Handling.objects.filter(deed=Handling.Deed.CORRECT).values_list("rows", flat=True)
        assert sorted(hands) == [1, 2]


def test_a_number_that_has_a_record_holds_the_row_in_its_place_and_an_equal_one_counts_once(
    send, clerk
):
    numbers = ["1", "1", "1", "2"]
    rows = table(4, record_ref=numbers, citizenship=["TUR", "Atlantiss", "Atlantiss", "Atlantiss"], sex=["F", "F", "M", "F"])  # fmt: skip
    upload = send(plain(rows), answers=GOING_ON)
    before, client = held(clerk), signed_in(clerk, "en")
    first = {n: before[n] for n in (3, 5)}  # one is the record that is there, one is new
    told = save(client, upload, first, all={"citizenship": "TUR"}).json()
    assert set(told["taken"]) == {str(before[3].pk), str(before[5].pk)}
    save(client, upload, {4: before[4]}, all={"citizenship": "TUR"})
    with scope.acting(clerk):
        left = HeldRow.open_rows.values_list("pk", "findings__0__rule")
        assert dict(left) == {before[4].pk: "record_ref.other_content"}
        assert Record.objects.count() == 2
    rows = held(clerk)  # its typed values keep their exact age
    told = save(client, upload, rows, all={"record_ref": "R-9"}).json()
    assert set(told["taken"]) == {str(rows[4].pk)}
    with scope.acting(clerk):
        assert set(Record.objects.values_list("age", "age_precision")) == {(35, "D")}


def test_what_may_name_a_person_is_not_kept_of_what_is_typed(sent, clerk):
    rows = held(clerk)
    answer = save(signed_in(clerk, "en"), sent, rows, all={"citizenship": "Canary Annayeva"})
    shown = "".join(answer.json()["rows"])
    assert "Canary" not in answer.text and MASK in shown
    assert "Canary" not in str([row.raw for row in held(clerk).values()])


def test_a_row_of_a_closed_period_stays_and_says_so(sent, clerk):
    rows = held(clerk)
    with scope.acting(clerk):
        Submission.objects.update(state=Submission.State.SUBMITTED)
    told = save(signed_in(clerk, "en"), sent, rows, all={"citizenship": "TUR"}).json()
    # Nobody knows the month of the row without a date.
    assert told["taken"] == {} and set(told["left"]) == {rows[n].pk for n in (3, 4, 5)}
    assert "its period is closed" in "".join(told["rows"])
    assert {n: row.raw for n, row in held(clerk).items()} == {n: r.raw for n, r in rows.items()}


@pytest.mark.parametrize(
    "text",
    [
        "", "{}", "[1]", "[" * 50_000, '[{"id": "1", "seen": "", "cells": {}}]',
        '[{"id": 1, "seen": "a", "cells": {"sex": 1}}]', '[{"id": 1e400, "seen": "a", "cells": {}}]',
        '[{"id": 1, "seen": "a", "cells": {"sex": "\\u0000"}}]',
        '[{"id": 1, "seen": "a", "cells": {"sex": "\\ud800"}}]',
        json.dumps([{"id": k + 1, "seen": "a", "cells": {}} for k in range(201)]),
    ],
)  # fmt: skip
def test_what_cannot_be_read_changes_nothing_and_is_said(sent, clerk, text):
    before = {n: row.raw for n, row in held(clerk).items()}
    answer = signed_in(clerk, "en").post(f"/uploads/{sent.pk}/held", {"rows": text})
    assert answer.status_code == 422
    assert "Nothing was changed" in answer.json()["said"]
    assert {n: row.raw for n, row in held(clerk).items()} == before


def test_who_may_correct_in_the_grid_and_rows_of_another_agency_are_gone(
    sent, clerk, reviewer, outsider
):
    rows = held(clerk)
    for person, status in ((reviewer, 403), (outsider, 404)):
        answer = save(signed_in(person, "en"), sent, rows, all={"citizenship": "TUR"})
        assert answer.status_code == status
    shown = signed_in(reviewer, "en").get(f"/uploads/{sent.pk}/held").text
    assert "data-grid" not in shown and "data-seen" not in shown
    with scope.acting(outsider):
        told = bulk_corrections.correct_seen(
            [], {rows[3].pk: rows[3].state}, {rows[3].pk: {"citizenship": "TUR"}}, by=outsider
        )
    assert (told.gone, told.accepted) == ({rows[3].pk}, set())
    assert set(held(clerk)) == {3, 4, 5, 6}


def test_the_held_rows_of_a_month_are_corrected_across_its_files(send, clerk):
    first = send(plain(table(1, record_ref="A", citizenship="Atlantiss")), answers=GOING_ON)
    send(plain(table(1, record_ref="B", citizenship="Narniaa")), answers=GOING_ON)
    with scope.acting(clerk):
        rows = list(HeldRow.open_rows.annotate(state=held_keys.STATE))
        month = Submission.objects.get()
    page = f"/submissions/{month.pk}/held"
    client = signed_in(clerk, "en")
    assert client.get(page).text.count("data-seen") == 2
    body = [{"id": r.pk, "seen": r.state, "cells": {"citizenship": "TUR"}} for r in rows]
    told = client.post(page, {"rows": json.dumps(body)}).json()
    assert len(told["taken"]) == 2
    with scope.acting(clerk):
        assert dict(Record.objects.values_list("record_ref", "upload")).keys() == {"A", "B"}
        assert Record.objects.get(record_ref="A").upload_id == first.pk


def test_the_page_of_a_file_counts_as_things_are_now_and_has_warnings_of_corrected_rows(
    sent, clerk
):
    rows, client = held(clerk), signed_in(clerk, "en")
    before = client.get(sent.get_absolute_url()).text
    assert "4 rows to correct, 2 rows are good" in before
    save(client, sent, rows, r3={"citizenship": "TUR", "contract_hours_w": "90"}, r6={"event_date": "06.03.2026"})  # fmt: skip
    with scope.acting(clerk):
        sent.refresh_from_db()
        warned = [c for c in sent.report["findings"] if c["rule"] == "contract_hours_w.long"]
        (row,) = HeldRow.open_rows.filter(row_no=4).select_related("agency", "instrument", "upload")
        changes = {"citizenship": "TUR", "contract_hours_w": "90"}
        seen = frozenset({"contract_hours_w.long"})
        assert corrections.correct(row, changes, by=clerk, acknowledged=seen).record
    assert [(cause["count"], cause["examples"][0]["row"]) for cause in warned] == [(1, 3)]
    after = client.get(sent.get_absolute_url()).text
    assert "1 row to correct, 5 rows are good" in after
    with scope.acting(clerk):
        report = standing(Upload.objects.get(pk=sent.pk))
    assert (report.rows.accepted, report.rows.held, sum(report.sex.values())) == (5, 1, 5)
    counts = {(cause.severity, cause.rule): cause.count for cause in report.findings}
    assert counts["warning", "contract_hours_w.long"] == 2
    assert [n for (severity, _rule), n in counts.items() if severity == "error"] == [1]


def test_what_is_put_right_in_the_grid_is_by_hand_for_the_next_file(sent, send, clerk):
    rows = held(clerk)
    save(signed_in(clerk, "en"), sent, {3: rows[3]}, all={"citizenship": "UZB"})
    again = send(plain(table(6, citizenship=["TUR", "KAZ", *["TUR"] * 4])))
    (month,) = again.report["again"]["periods"]
    assert (month["changed"], month["by_hand"]) == (1, 1)
    with scope.acting(clerk):
        seen = {"again": "changed", "again_seen": again.report["again"]["digest"]}
        uploads.read(again, by=clerk, answers=seen)
    files.finish(again, by=clerk)
    with scope.acting(clerk):
        assert Record.objects.get(record_ref="R-2").by_hand is False
        again.refresh_from_db()
        uploads.undo(again, by=clerk)
        record = Record.objects.get(record_ref="R-2")
        assert (record.citizenship, record.by_hand) == ("UZB", True)


def test_a_date_in_a_month_that_is_delivered_as_counts_refuses_its_row_alone(sent, clerk, agency):
    rows, form = held(clerk), Instrument.objects.get(code="SMS-WPF-AGG")
    with scope.acting(clerk):
        version = versions.current(form)
        Submission.objects.create(
            agency=agency, instrument=form, instrument_version=version, period="2026-04"
        )
    told = save(
        signed_in(clerk, "en"),
        sent,
        rows,
        r3={"citizenship": "TUR", "event_date": "05.04.2026"},
        r4={"event_date": "06.04.2026"},  # its country is wrong, too
        r5={"citizenship": "TUR"},
        r6={"event_date": "06.03.2026"},
    ).json()
    assert set(told["taken"]) == {str(rows[n].pk) for n in (5, 6)}
    assert told["left"] == sorted(rows[n].pk for n in (3, 4))
    assert "2 rows stay held; the reason stands beside each." in told["said"]
    assert "".join(told["rows"]).count("single records or counts, not both") == 2
    assert {n: row.raw for n, row in held(clerk).items()} == {n: rows[n].raw for n in (3, 4)}


def test_a_row_without_a_date_that_comes_again_is_held_once_and_returns_with_its_file(send, clerk):
    send(plain(table(2, event_date=["05.03.2026", "31.02.2026"])))
    kept = held(clerk)[3].pk
    again = send(plain(table(3, event_date=["05.03.2026", "31.02.2026", "30.02.2026"])))
    assert again.state == "COMMITTED"
    with scope.acting(clerk):
        assert set(HeldRow.open_rows.values_list("upload", "row_no")) == {(again.pk, 3), (again.pk, 4)}  # fmt: skip
        uploads.undo(again, by=clerk)
        assert HeldRow.open_rows.get().pk == kept
