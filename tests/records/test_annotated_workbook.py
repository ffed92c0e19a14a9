"""Held rows go out as a workbook, come back corrected, and only what was changed is taken over."""

import io

import openpyxl
import pandas as pd
import pytest

from agencies import scope
from agencies.roles import Role
from records.collection import bulk_corrections, corrections, held_keys, sent_back, uploads
from records.models import HeldRow, Record, Submission, Upload
from tests.cast import make_person, signed_in
from tests.records import files
from tests.records.files import WPF, plain, table, xlsx
from tests.records.test_two_at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def taken(clerk):
    """The workbook of an upload's held rows as the clerk's browser gets it."""

    def take(upload, language="en", by=None):
        answer = signed_in(by or clerk, language).get(f"/uploads/{upload.pk}/held.xlsx")
        assert answer.status_code == 200, answer.content
        return openpyxl.load_workbook(io.BytesIO(answer.content))

    return take


@pytest.fixture
def world_apart(other_agency, permits):
    """Send a file as the clerk of another agency that delivers the same instrument."""
    other_agency.instruments.add(permits)
    person = make_person("clerk@mlsp.example", Role.CLERK, other_agency)
    return lambda content: files.send(
        content, by=person, agency=other_agency, instrument=permits, name="theirs.xlsx"
    )


def saved(book):
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def columns(book):
    """Name of a variable -> its column in the table, from 1."""
    return {cell.value: cell.column for cell in book.worksheets[0][1] if cell.value}


def rows_of(book):
    """Number of a row in the file -> its row in the workbook."""
    sheet = book.worksheets[0]
    return {int(sheet.cell(k, 1).value): k for k in range(3, sheet.max_row + 1)}


def put(book, number, **texts):
    """Write texts into the row with this number in the file."""
    sheet, at = book.worksheets[0], rows_of(book)[number]
    for name, text in texts.items():
        sheet.cell(at, columns(book)[name]).value = text


def held(clerk, **wanted):
    with scope.acting(clerk):
        return list(HeldRow.open_rows.filter(**wanted).order_by("row_no"))


def counted(clerk):
    with scope.acting(clerk):
        return Record.objects.count()


@pytest.fixture
def sent(send):
    """Four rows, of which the second and the third are held."""
    wrong = {"citizenship": ["TUR", "Nowhere", "UZB", "TUR"], "valid_to": ["05.03.2027", "05.03.2027", "01.01.2020", "05.03.2027"]}  # fmt: skip
    return send(plain(table(4, **wrong)))


def test_five_thousand_rows_with_three_per_cent_errors_are_all_in_after_one_workbook(
    send, taken, clerk
):
    count = 5_000
    places = ["TUR", "UZB", "RUS", "AFG"]
    right = table(
        count,
        sex=["F", "M", "M", "F", "F", "M", "_U"],
        citizenship=places,
        wage_month=["900", "1200"],
        wage_cur="USD",
    )
    frame = pd.DataFrame(right[1:], columns=right[0])
    wrong = frame.copy()
    chosen = frame.sample(frac=0.03, random_state=7).index
    thirds = [chosen[k::3] for k in range(3)]
    wrong.loc[thirds[0], "citizenship"] = "Nowhere"
    wrong.loc[thirds[1], "valid_to"] = "01.01.2020"
    wrong.loc[thirds[2], "event_date"] = "31.02.2026"
    rows = [list(wrong.columns), *wrong.to_numpy().tolist()]
    upload = send(plain(rows), answers={"values": "go_on"})
    assert upload.report["rows"]["held"] == len(chosen) == 150

    book = taken(upload)
    rows, sheet = rows_of(book), book.worksheets[0]
    assert sorted(rows) == sorted(k + 2 for k in chosen)
    for k in chosen:
        for name, column in columns(book).items():
            if name in frame.columns:
                sheet.cell(rows[k + 2], column).value = frame.loc[k, name]
    again = send(saved(book), name="corrected.xlsx")

    assert again.state == "COMMITTED", again.reason
    assert again.report["sent_back"]["corrected"] == 150
    assert again.report["rows"] | {"read": 150, "accepted": 150, "held": 0} == again.report["rows"]
    with scope.acting(clerk):
        assert not HeldRow.open_rows.exists()
        records = pd.DataFrame(Record.objects.values("record_ref", "sex", "citizenship", "row_no"))
    assert len(records) == count == records["record_ref"].nunique()
    assert records["sex"].value_counts().to_dict() == frame["sex"].value_counts().to_dict()
    both = records.merge(frame.reset_index(), on="record_ref")
    assert (both["citizenship_x"] == both["citizenship_y"]).all()
    assert (both["row_no"] == both["index"] + 2).all()


def test_unchanged_rows_stay_held_as_they_are(sent, send, taken, clerk):
    before = held(clerk)
    book = taken(sent)
    put(book, 3, citizenship="Türkiye")
    again = send(saved(book))
    assert again.report["sent_back"] == {
        "of": sent.pk,
        "corrected": 1,
        "still_wrong": 0,
        "unchanged": 1,
        "gone_count": 0,
        "gone": [],
        "closed": [],
        "without_key": [],
        "twice": [],
    }
    (left,) = held(clerk)
    assert (left.pk, left.raw, left.findings) == (before[1].pk, before[1].raw, before[1].findings)
    assert counted(clerk) == 3


def test_a_row_that_is_still_wrong_stays_held_with_its_new_texts_and_findings(
    sent, send, taken, clerk
):
    book = taken(sent)
    put(book, 3, citizenship="Elsewhere")
    again = send(saved(book))
    assert (again.report["sent_back"]["still_wrong"], again.report["rows"]["held"]) == (1, 1)
    (row,) = held(clerk, upload=again)
    assert (row.row_no, row.raw["citizenship"], row.raw["record_ref"]) == (3, "Elsewhere", "R-2")
    assert row.findings[0]["cell"] == "E3"
    assert len(held(clerk)) == 2
    put(second := taken(again), 3, citizenship="TUR")  # and once more, from there
    send(saved(second))
    assert [row.row_no for row in held(clerk)] == [4]
    assert counted(clerk) == 3


def test_undoing_the_workbook_brings_the_held_rows_back(sent, send, taken, clerk):
    before = [(row.pk, row.raw, row.findings) for row in held(clerk)]
    book = taken(sent)
    put(book, 3, citizenship="TUR")
    put(book, 4, citizenship="Elsewhere")
    again = send(saved(book))
    assert counted(clerk) == 3
    with scope.acting(clerk):
        uploads.undo(again, by=clerk)
    assert counted(clerk) == 2
    assert [(row.pk, row.raw, row.findings) for row in held(clerk)] == before


def test_a_row_that_was_corrected_or_removed_meanwhile_is_named_and_not_touched(
    sent, send, taken, clerk
):
    book = taken(sent)
    put(book, 3, citizenship="RUS")
    put(book, 4, valid_to="05.03.2028")
    with scope.acting(clerk):
        row = HeldRow.open_rows.select_related("agency", "instrument", "upload").get(row_no=3)
        record = corrections.correct(row, {"citizenship": "UZB"}, by=clerk).record
    again = send(saved(book))
    told = again.report["sent_back"]
    assert (told["corrected"], told["gone_count"], told["gone"]) == (1, 1, [3])
    with scope.acting(clerk):
        assert Record.objects.get(pk=record.pk).citizenship == "UZB"
    assert counted(clerk) == 4
    page = signed_in(clerk, "en").get(f"/uploads/{again.pk}/").content.decode()
    assert "meanwhile" in page


def test_rows_that_are_deleted_from_the_workbook_stay_held(sent, send, taken, clerk):
    book = taken(sent)
    put(book, 3, citizenship="TUR")
    book.worksheets[0].delete_rows(rows_of(book)[4])
    send(saved(book))
    assert [row.row_no for row in held(clerk)] == [4]


def test_a_workbook_in_which_nothing_is_changed_is_refused_and_changes_nothing(
    sent, send, taken, clerk
):
    again = send(saved(taken(sent)))
    assert (again.state, again.report["refusal"]["code"]) == ("REFUSED", "sent_back_unchanged")
    assert len(held(clerk)) == 2


def test_the_same_rows_sent_by_two_people_count_once(sent, send, taken, clerk):
    first, second = taken(sent), taken(sent)
    put(first, 3, citizenship="TUR")
    put(second, 3, citizenship="UZB")
    send(saved(first))
    late = send(saved(second))
    assert (late.state, late.report["refusal"]["code"]) == ("REFUSED", "sent_back_gone")
    assert counted(clerk) == 3


def test_an_edited_key_and_a_new_row_are_named_and_not_taken_in(sent, send, taken, clerk):
    book = taken(sent)
    sheet = book.worksheets[0]
    put(book, 3, citizenship="TUR")
    key = sheet.cell(rows_of(book)[4], 2)
    key.value = key.value[:-1] + ("0" if key.value[-1] != "0" else "1")
    sheet.cell(5, columns(book)["record_ref"]).value = "NEW-1"
    again = send(saved(book))
    assert again.report["sent_back"]["without_key"] == [4, 5]
    assert (again.report["sent_back"]["corrected"], counted(clerk)) == (1, 3)


def test_the_keys_of_another_agency_open_nothing(sent, taken, clerk, world_apart):
    book = taken(sent)
    put(book, 3, citizenship="TUR")
    again = world_apart(saved(book))
    assert (again.state, again.report["refusal"]["code"]) == ("REFUSED", "sent_back_unknown")
    assert len(held(clerk)) == 2


def test_texts_come_back_as_they_were_written(send, taken, clerk):
    odd = {"record_ref": "0007", "birth_date": "1990", "region": "=1+1", "wage_month": "1 200,50"}
    upload = send(plain([list({**WPF, **odd, "wage_cur": ""}), [*{**WPF, **odd, "wage_cur": "манат"}.values()], [*{**WPF, "record_ref": "2", "wage_month": "", "birth_date": "", "wage_cur": ""}.values()]]))  # fmt: skip
    (row,) = held(clerk)
    book = taken(upload)
    sheet, at = book.worksheets[0], rows_of(book)[2]
    texts = {name: sheet.cell(at, column).value for name, column in columns(book).items()}
    assert {n: texts[n] for n in row.raw} == row.raw
    assert all(c.data_type != "f" for line in sheet.iter_rows() for c in line)
    put(book, 2, region="TM-S")
    send(saved(book))
    with scope.acting(clerk):
        record = Record.objects.get(record_ref="0007")
    assert (record.birth_year, record.extras["wage_month"], record.extras["wage_cur"]) == (
        1990,
        1200.5,
        "TMT",
    )


@pytest.mark.parametrize("language", ["en", "ru", "tk"])
def test_the_workbook_colours_says_and_lists_what_is_wrong(sent, taken, language):
    book = taken(sent, language)
    table_, errors, _guide, codes = book.worksheets
    at, place = rows_of(book), columns(book)
    wrong = table_.cell(at[3], place["citizenship"])
    assert wrong.comment.text and wrong.fill.fgColor.rgb == "FFF9D3CE"
    assert not wrong.protection.locked
    key = table_.cell(at[3], 2)
    assert key.protection.locked and table_.protection.sheet
    assert table_.row_dimensions[1].hidden and table_.column_dimensions["B"].hidden
    lines = list(errors.iter_rows(min_row=2))
    assert len(lines) == 2
    assert lines[0][1].hyperlink.location.endswith(wrong.coordinate)
    assert "/rules/citizenship.unknown_text/" in lines[0][5].hyperlink.target
    listed = {
        str(rule.sqref) for rule in table_.data_validations.dataValidation if rule.type == "list"
    }
    letter = wrong.coordinate.rstrip("0123456789")
    assert f"{letter}3:{letter}4" in listed
    assert codes.sheet_state == "hidden"


def test_no_forbidden_value_is_in_a_workbook_and_its_column_is_told(send, taken, clerk):
    names = ["Canary Annayeva", "Canary Berdiyev"]
    base = {"Full name": names[0], "Passport": "U7654321", **WPF}
    rows = table(4, base=base, citizenship=["Nowhere", "TUR"], **{"Full name": names})
    rows[1][rows[0].index("employer_type")] = "canary@example.com"
    upload = send(xlsx(Data=rows))
    content = signed_in(clerk, "en").get(f"/uploads/{upload.pk}/held.xlsx").content
    book = openpyxl.load_workbook(io.BytesIO(content))
    everything = "\n".join(
        f"{cell.value} {cell.comment.text if cell.comment else ''}"
        for sheet in book
        for line in sheet.iter_rows()
        for cell in line
    )
    for secret in (*names, "U7654321", "canary@example.com", "Canary"):
        assert secret not in everything
    heads = [cell.value for cell in book.worksheets[0][2]]
    assert "Full name" in heads and "Passport" in heads
    assert "•••" in everything
    put(book, 2, citizenship="TUR")  # the masked cell stays wrong
    book.worksheets[0].cell(rows_of(book)[4], heads.index("Full name") + 1).value = "Canary Again"
    put(book, 4, citizenship="Canary Annayeva")
    again = send(saved(book))
    assert again.report["sent_back"]["still_wrong"] == 2
    raws = str([row.raw for row in held(clerk, upload=again)])
    assert "Canary" not in raws and "•••" in raws


def test_a_letter_of_sex_means_in_the_workbook_what_it_meant_in_the_file(send, taken, clerk):
    upload = send(
        plain(table(2, sex=["E", "Z"], citizenship="Nowhere")),
        answers={"sex_codes": {"E": "M", "Z": "F"}},
    )
    book = taken(upload)
    put(book, 2, citizenship="TUR")
    put(book, 3, citizenship="TUR")
    again = send(saved(book))
    assert (again.report["sex"]["M"], again.report["sex"]["F"]) == (1, 1)


def test_typed_values_of_a_row_held_for_its_number_keep_their_meaning_and_age(send, taken, clerk):
    rows = table(2, record_ref="7", sex=["M", "F"], wage_month=["900", "901"], wage_cur="USD")
    upload = send(plain(rows), answers={"sex_codes": {"M": "F"}})  # mujer
    before = {row.row_no: row.raw for row in held(clerk)}
    book = taken(upload)
    put(book, 2, record_ref="8")
    put(book, 3, region="Nowhere")
    again = send(saved(book))
    with scope.acting(clerk):
        record = Record.objects.get()
    assert (record.sex, record.age, record.age_precision) == (before[2]["sex"], 35, "D")
    (row,) = held(clerk, upload=again)
    assert (row.raw["sex"], row.raw["age"]) == (before[3]["sex"], "35")
    with scope.acting(clerk):
        row = HeldRow.open_rows.select_related("agency", "instrument", "upload").get()
        pk = corrections.correct(row, {"region": "TM-S"}, by=clerk).record.pk
        record = Record.objects.get(pk=pk)
    assert (record.sex, record.age, record.age_precision) == (before[3]["sex"], 35, "D")


def test_who_may_take_the_workbook(sent, clerk, reviewer, outsider, statistician):
    path = f"/uploads/{sent.pk}/held.xlsx"
    statuses = [
        signed_in(p, "en").get(path).status_code for p in (clerk, reviewer, outsider, statistician)
    ]
    assert statuses == [200, 403, 404, 404]


def test_a_workbook_of_a_file_without_held_rows_says_so(send, clerk):
    upload = send(plain(table(1)))
    answer = signed_in(clerk, "en").get(f"/uploads/{upload.pk}/held.xlsx", follow=True)
    assert "No row of this file is held" in answer.content.decode()


def test_a_second_file_is_an_upload_of_its_own(sent, send, taken, clerk):
    book = taken(sent)
    put(book, 3, citizenship="TUR")
    content = saved(book)
    send(content)
    with scope.acting(clerk), pytest.raises(Exception, match="taken in"):
        uploads.receive(
            [content], agency=sent.agency, instrument=sent.instrument, file_name="x.xlsx", by=clerk
        )
    with scope.acting(clerk):
        assert Upload.objects.filter(state="COMMITTED").count() == 2


def test_two_workbooks_sent_at_the_same_moment_count_every_row_once(send, taken, clerk):
    rows = table(60, citizenship=["Nowhere", "TUR", "UZB"])
    upload = send(plain(rows), answers={"values": "go_on"})
    contents = []
    for country in ("TUR", "RUS"):
        book = taken(upload)
        for row in held(clerk):
            put(book, row.row_no, citizenship=country)
        contents.append(saved(book))
    acts = [lambda content=content: send(content) for content in contents]
    first, second = at_once(*acts)
    states = sorted((first.state, second.state))
    assert states in (["COMMITTED", "REFUSED"], ["COMMITTED", "COMMITTED"])
    with scope.acting(clerk):
        numbers = list(Record.objects.values_list("record_ref", flat=True))
        assert (len(numbers), len(set(numbers))) == (60, 60)
        assert not HeldRow.open_rows.exists()
    corrected = [
        u.report["sent_back"]["corrected"] for u in (first, second) if "sent_back" in u.report
    ]
    assert sum(corrected) == 20


def test_a_row_corrected_in_its_form_at_the_same_moment_counts_once(send, taken, clerk):
    upload = send(plain(table(40, citizenship=["Nowhere", "TUR"])), answers={"values": "go_on"})
    book = taken(upload)
    for row in held(clerk):
        put(book, row.row_no, citizenship="TUR")
    with scope.acting(clerk):
        rows = list(HeldRow.open_rows.select_related("agency", "instrument", "upload")[:10])

    def by_form():
        with scope.acting(clerk):
            for row in rows:
                corrections.correct(row, {"citizenship": "UZB"}, by=clerk)

    at_once(by_form, lambda: send(saved(book)))
    with scope.acting(clerk):
        numbers = list(Record.objects.values_list("record_ref", flat=True))
        assert (len(numbers), len(set(numbers))) == (40, 40)
        assert not HeldRow.open_rows.exists()


def test_what_a_colleague_saved_while_the_workbook_was_merged_is_not_overwritten(sent, clerk):
    with scope.acting(clerk):
        row = HeldRow.open_rows.annotate(state=held_keys.STATE).first()
        changes = {row.pk: {"citizenship": "Elsewhere"}}
        bulk_corrections.correct_many(sent, changes, by=clerk, changes=changes)
        with pytest.raises(sent_back.Overtaken):
            sent_back._close(sent, [row])


def test_rows_whose_period_was_submitted_meanwhile_are_named_and_stay(sent, send, taken, clerk):
    book = taken(sent)
    put(book, 3, citizenship="TUR")
    with scope.acting(clerk):
        Submission.objects.update(state="SUBMITTED")
    again = send(saved(book))
    assert (again.state, again.report["refusal"]["code"]) == ("REFUSED", "sent_back_gone")
    assert len(held(clerk)) == 2


def test_a_row_whose_corrected_date_lies_in_another_period_goes_there(sent, send, taken, clerk):
    book = taken(sent)
    put(book, 3, citizenship="TUR", event_date="07022026")
    again = send(saved(book))
    with scope.acting(clerk):
        assert Record.objects.get(upload=again).submission.period == "2026-02"
        assert [s.period for s in again.submissions.all()] == ["2026-02"]


def test_a_formula_typed_into_the_workbook_is_refused_or_read_as_its_stored_result_only(
    sent, send, taken, clerk
):
    book = taken(sent)
    put(book, 3, citizenship='=CONCATENATE("T","UR")')  # openpyxl stores no result
    again = send(saved(book))
    assert (again.state, again.report["refusal"]["code"]) == ("REFUSED", "formulas")
    assert len(held(clerk)) == 2
