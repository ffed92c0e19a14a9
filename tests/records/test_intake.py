"""From a file to records: what is taken in, held, skipped, asked, refused, undone."""

import datetime
import gzip

import pytest

from agencies import scope
from agencies.refusal import Refused
from jobs.models import Job
from records.collection import in_json, names, uploads
from records.models import HeldRow, Record, Upload
from tests.records import files
from tests.records.files import BCR, WPF, plain, table, text, xlsx
from tests.records.workbooks import ods, packed, xls

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "Zxq"


def within(person, function):
    with scope.acting(person):
        return function()


def test_a_file_becomes_records_of_its_periods(send, clerk):
    rows = table(4, event_date=["05.03.2026", "06.04.2026"], sex=["F", "M", "x", ""])
    upload = send(plain(rows))
    with scope.acting(clerk):
        found = Record.objects.order_by("row_no").values_list(
            "row_no", "record_ref", "sex", "submission__period"
        )
        assert list(found) == [
            (2, "R-1", "F", "2026-03"),
            (3, "R-2", "M", "2026-04"),
            (4, "R-3", "_O", "2026-03"),
            (5, "R-4", "_U", "2026-04"),
        ]
        assert [str(s) for s in upload.submissions.order_by("period")] == [
            "SMS SMS-WPF 2026-03",
            "SMS SMS-WPF 2026-04",
        ]


def test_a_record_holds_what_the_file_said(send, clerk):
    extras = {"wage_month": "1 200,50", "wage_cur": "манат", "contract_hours_w": "40"}
    send(plain(table(1, education="высшее", civil_status="замужем", **extras), delimiter=";"))
    record = within(clerk, Record.objects.get)
    core = (record.event_date, record.birth_year, record.age, record.age_precision)
    assert core == (datetime.date(2026, 3, 5), 1990, 35, "D")
    assert (record.citizenship, record.region, record.education) == ("TUR", "TM-S", "6T8")
    assert record.extras == {
        "decision": "ISS",
        "occupation": "71",
        "activity": "F",
        "employer_type": "PRIV_NAT",
        "valid_from": "2026-03-05",
        "valid_to": "2027-03-05",
        "wage_month": 1200.5,
        "wage_cur": "TMT",
        "contract_hours_w": 40.0,
    }


@pytest.mark.parametrize("instrument, base", [("SMS-WPF", WPF), ("SMS-BCR", BCR)])
def test_yes_and_no_and_numbers_keep_their_kind(instrument, base, send, clerk):
    more = {"with_minor": "да", "dur_intended_d": "30"} if instrument == "SMS-BCR" else {}
    send(plain(table(1, base=base, **more)), instrument)
    record = within(clerk, Record.objects.get)
    kinds = {name: type(record.extras[name]) for name in more}
    assert kinds == dict(zip(more, (bool, int)))


def test_the_report_says_what_was_seen_and_done(report):
    rows = table(6, sex=["F", "M", "ж", "", "aýaly", "x"], passport=SECRET, hobby="chess")
    rows.append(["Jemi", "6"])
    found = report(plain(rows, delimiter=";"))
    assert (found["state"], found["reason"]) == ("COMMITTED", "")
    assert found["file"] == {
        "encoding": "utf-8",
        "delimiter": ";",
        "sheet": None,
        "header_row": 1,
    }
    assert found["rows"] == {
        "read": 7,
        "accepted": 5,
        "held": 1,
        "late": 0,
        "skipped": 1,
        "duplicate": 0,
    }
    assert found["sex"] == {"F": 2, "M": 1, "_O": 1, "_N": 0, "_U": 1}
    how = {c["header"]: (c["variable"], c["how"]) for c in found["columns"]}
    assert how["sex"] == ("sex", "exact")
    assert how["passport"] == (None, "forbidden")
    assert how["hobby"] == (None, "unknown")
    assert [(s["period"], s["state"]) for s in found["submissions"]] == [("2026-03", "DRAFT")]
    causes = {f["rule"]: f for f in found["findings"]}
    assert set(causes) == {
        "columns.forbidden",
        "sex.marker",
        "sex.not_stated",
        "sex.unknown_text",
    }
    assert causes["sex.unknown_text"]["count"] == 1
    assert causes["sex.unknown_text"]["severity"] == "error"
    assert causes["sex.unknown_text"]["examples"] == [{"row": 6, "cell": "C6", "value": "aýaly"}]
    assert causes["columns.forbidden"]["examples"] == [
        {"row": 1, "cell": "M1", "value": "passport"}
    ]


def test_a_row_with_an_error_is_held_with_its_cells_and_counted_nowhere(send, clerk):
    upload = send(plain(table(2, citizenship=["узбек", "TUR"], valid_to=["x", "05.03.2027"])))
    held = within(clerk, HeldRow.open_rows.select_related("submission").get)
    assert (held.row_no, held.kind, held.submission.period) == (2, "ERROR", "2026-03")
    assert held.raw["citizenship"] == "узбек"
    assert [(f["rule"], f["cell"], f["value"]) for f in held.findings] == [
        ("citizenship.ethnicity", "E2", "узбек"),
        ("valid_to.not_a_date", "L2", "x"),
    ]
    assert set(held.findings[0]["message"]) == {"en", "ru", "tk"}
    assert upload.report["sex"]["F"] == 1


def test_a_row_without_a_readable_date_is_held_without_a_period(send, clerk):
    send(plain(table(1, event_date="31.02.2026")))
    assert within(clerk, HeldRow.open_rows.get).submission is None


def test_texts_of_held_rows_are_kept_to_the_letter(send, clerk):
    odd = 'a "quoted", {json} \\ text;\n=cmd|calc \t <b>„ž“</b>'
    send(plain(table(2, citizenship=odd)))
    assert (
        within(clerk, lambda: [h.raw["citizenship"] for h in HeldRow.open_rows.all()]) == [odd] * 2
    )
    assert within(clerk, lambda: HeldRow.open_rows.first().findings[0]["value"]) == odd


def test_the_cell_is_the_one_a_spreadsheet_shows(send, clerk):
    head, *rows = table(4, sex=["F", "aýaly", "F", "?!"])
    lines = [["A “title”"], [], head, rows[0], [], rows[1], [*rows[2][:-1]], rows[3]]
    send(xlsx(**{'Ýan "1"': lines}), name="list.xlsx")
    cells = within(
        clerk, lambda: {h.row_no: h.findings[0]["cell"] for h in HeldRow.open_rows.all()}
    )
    assert cells == {6: "#1!C6", 7: "#1!L7", 8: "#1!C8"}


def test_dates_of_a_workbook_are_read_as_dates(send, clerk):
    day = datetime.date(2026, 3, 5)
    send(xlsx(A=table(1, event_date=[day], valid_from=[day], birth_date=[29760])), name="a.xlsx")
    record = within(clerk, Record.objects.get)
    assert (record.event_date, record.birth_year) == (day, 1981)


def test_the_same_file_twice_adds_nothing(send, report, clerk):
    content = plain(table(3))
    send(content)
    with pytest.raises(Refused, match="taken in on"):
        send(content)
    assert within(clerk, Record.objects.count) == 3


def test_the_same_row_in_another_file_is_counted_once(send, clerk):
    send(plain(table(3)))
    upload = send(plain(table(5)))
    assert upload.report["rows"] == {
        "read": 5,
        "accepted": 2,
        "held": 0,
        "late": 0,
        "skipped": 0,
        "duplicate": 3,
    }
    assert within(clerk, Record.objects.count) == 5


def test_the_same_row_twice_in_one_file_is_counted_once(send, clerk):
    rows = table(2)
    upload = send(plain([*rows, rows[1]]))
    assert (upload.report["rows"]["accepted"], upload.report["rows"]["duplicate"]) == (2, 1)


def test_one_number_with_different_content_in_a_file_holds_all_its_rows(send, clerk):
    upload = send(plain(table(3, record_ref=["7", "7", "8"], sex=["F", "M", "F"])))
    rules = within(clerk, lambda: [h.findings[0]["rule"] for h in HeldRow.open_rows.all()])
    assert rules == ["record_ref.repeated"] * 2
    assert upload.report["rows"]["held"] == 2
    found = {f["rule"]: f["count"] for f in upload.report["findings"]}
    assert found == {"record_ref.repeated": 2}


def test_a_known_number_with_other_content_waits_for_a_choice(send, clerk):
    send(plain(table(2)))
    again = send(plain(table(2, sex=["F", "M"])))
    assert (again.state, again.report["again"]["periods"][0]["changed"]) == ("NEEDS_ANSWERS", 1)
    assert within(clerk, Record.objects.count) == 2


def test_one_number_in_two_periods_is_two_records(send, clerk):
    send(plain(table(2, record_ref="7", event_date=["05.03.2026", "05.04.2026"])))
    assert within(clerk, Record.objects.count) == 2


def test_questions_are_asked_answered_and_the_file_is_taken_in(send, clerk):
    upload = send(plain(table(3, sex=["1", "2", "9"], valid_to=["03/02/2027"])))
    assert upload.state == Upload.State.NEEDS_ANSWERS
    questions = in_json.status(upload, clerk)["questions"]
    assert [q["id"] for q in questions] == ["sex_codes", "day_first"]
    assert all(q["text"].keys() == {"en", "ru", "tk"} and q["choices"] for q in questions)
    assert within(clerk, Record.objects.count) == 0
    with scope.acting(clerk):
        answers = {"sex_codes": {"1": "M", "2": "F", "9": "_U"}, "day_first": "True"}
        uploads.read(upload, by=clerk, answers=answers)
    upload = files.finish(upload, by=clerk)
    assert (upload.state, upload.report["questions"]) == ("COMMITTED", [])
    assert upload.report["sex"] == {"F": 1, "M": 1, "_O": 0, "_N": 0, "_U": 1}
    assert within(clerk, lambda: Record.objects.first().extras["valid_to"]) == "2027-02-03"


def test_answers_given_beforehand_are_used(report):
    found = report(plain(table(2, sex=["1", "2"])), answers={"sex_codes": {"1": "M", "2": "F"}})
    assert (found["state"], found["sex"]["F"], found["sex"]["M"]) == ("COMMITTED", 1, 1)


def test_letters_that_the_column_explains_need_no_answer(report):
    found = report(plain(table(4, sex=["Z", "E", "erkek", "zenan"])))
    assert (found["state"], found["sex"]["F"], found["sex"]["M"]) == ("COMMITTED", 2, 2)


def test_a_number_that_nobody_declared_is_asked_about_and_held_where_it_means_nothing(report):
    answers = {"sex_codes": {"1": "M", "2": "F"}}
    found = report(plain(table(3, sex=["1", "2", "3"])), answers=answers)
    assert [(q["id"], q["evidence"]) for q in found["questions"]] == [
        ("sex_codes", ["1: 1", "2: 1", "3: 1"])
    ]
    answers["sex_codes"]["3"] = "none"
    found = report(plain(table(3, sex=["1", "2", "3"])), answers=answers)
    assert (found["rows"]["accepted"], found["rows"]["held"]) == (2, 1)
    assert found["findings"][0]["rule"] == "sex.undeclared"


@pytest.mark.parametrize(
    "answers",
    [
        {"sex_codes": {"1": "man"}},
        {"sex_codes": "1=M"},
        {"columns": {"nobody": "A"}},
        {"columns": {"sex": "1"}},
        {"columns": ["A"]},
        {"encoding": "klingon"},
        {"day_first": "perhaps"},
        {"aliases": {"occupation": {"x": "wizard"}}},
        {"favourite colour": "blue"},
    ],
)
def test_an_answer_that_makes_no_sense_is_refused_and_nothing_kept(answers, send, clerk):
    with pytest.raises(Refused, match=next(iter(answers))):
        send(plain(table(1)), answers=answers)
    assert within(clerk, Upload.objects.count) == 0
    assert files.incoming() == []


def test_progress_tells_how_far_the_file_is_read(send):
    upload = send(plain(table(3)))
    assert upload.job.progress == {
        "stage": "done",
        "bytes": upload.size,
        "size": upload.size,
        "rows": 3,
    }


def test_the_file_is_gone_once_it_is_taken_in_or_refused(send, clerk):
    send(plain(table(1)))
    send(b"nothing here")
    assert files.incoming() == []


def test_the_file_waits_only_while_questions_are_open(send, clerk):
    upload = send(plain(table(1, sex="1")))
    assert len(files.incoming()) == 1
    with scope.acting(clerk):
        uploads.undo(upload, by=clerk)
    assert files.incoming() == []


def test_a_file_that_is_too_large_is_refused_and_nothing_kept(send, settings, clerk):
    settings.UPLOAD_LIMIT = 1000
    with pytest.raises(Refused, match="larger than"):
        send(plain(table(100)))
    assert files.incoming() == []


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "CON.csv", "a\r\nb.csv", "ž" * 400, "…", "", "/"]
)
def test_a_file_name_is_only_a_label(name, send, clerk):
    upload = send(plain(table(1)), name=name)
    assert upload.state == "COMMITTED"
    with scope.acting(clerk):
        shown = names.shown_name(upload, clerk)
    assert shown and "/" not in shown and "\n" not in shown


def test_bytes_of_the_file_are_told_block_by_block(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(plain(table(30_000)))
    reading = files.workbook(path)
    seen = [reading.bytes_done for _block in reading.batches()]
    reading.close()
    assert len(seen) > 2
    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[-1] <= path.stat().st_size


@pytest.mark.parametrize(
    "tail",
    [
        [["Итого: 4"]],
        [["Jemi", "", "4"]],
        [["Total", "", "", "women", "3", "men", "1", "all", "4"]],
        [["Итого по Ахалу", "1"], ["Итого по Мары", "3"]],
        [["Итого", "", "", "", "", "", "", "", "", "", "", "", "98"]],  # a sum of wages
        [["Jemi"], ["Müdiri", "", "A. Amanow 2"]],
    ],
)
def test_a_totals_row_that_agrees_raises_no_question(tail, report):
    found = report(plain([*table(4, wage_month=""), *tail]))
    assert (found["state"], found["rows"]["accepted"]) == ("COMMITTED", 4)
    assert (found["rows"]["held"], found["rows"]["skipped"]) == (0, len(tail))


def test_a_totals_row_that_states_another_number_stops_the_file(send, clerk):
    upload = send(plain([*table(4), ["Jemi", "", "5"]]))
    assert upload.state == Upload.State.NEEDS_ANSWERS
    (question,) = upload.report["questions"]
    assert (question["id"], question["evidence"]) == ("control_total", ["A6: 5 ≠ 4"])
    assert within(clerk, Record.objects.count) == 0
    with scope.acting(clerk):
        uploads.read(upload, by=clerk, answers={"control_total": "yes"})
    assert files.finish(upload, by=clerk).report["rows"]["accepted"] == 4


def test_a_cut_off_file_is_told_by_its_totals_though_a_sheet_hides_it(send):
    upload = send(xlsx(A=[*table(4)[:3], ["Jemi: 4"]]), name="a.xlsx")
    assert upload.report["questions"][0]["evidence"] == ["#1!A4: 4 ≠ 2"]


def test_what_is_odd_about_the_file_as_a_whole_is_reported(report):
    days = [f"{day:02}.03.2026" for day in range(1, 29)]
    found = report(plain(table(60, sex="F", event_date=days)))
    assert [(f["rule"], f["severity"]) for f in found["findings"]] == [("sex.constant", "warning")]


def test_a_job_delivered_twice_takes_the_file_in_once(send, clerk):
    upload = send(plain(table(2)))
    Job.objects.filter(pk=upload.job_id).update(state="QUEUED")
    assert files.finish(upload, by=clerk).state == "COMMITTED"
    assert within(clerk, Record.objects.count) == 2


WAGES = {"wage_month": ["900", "", "1 000,50"]}


def test_wages_without_a_currency_ask_for_it_once_and_the_answer_holds_for_all_rows(send, clerk):
    upload = send(plain(table(3, **WAGES)))
    assert upload.state == Upload.State.NEEDS_ANSWERS
    (question,) = upload.report["questions"]
    assert (question["id"], question["evidence"]) == ("currency", ["M: 2"])
    assert {"TMT", "USD", "none"} <= {choice["value"] for choice in question["choices"]}
    within(clerk, lambda: uploads.read(upload, by=clerk, answers={"currency": "USD"}))
    assert files.finish(upload, by=clerk).report["rows"]["accepted"] == 3
    extras = within(
        clerk, lambda: list(Record.objects.order_by("row_no").values_list("extras", flat=True))
    )
    assert [e.get("wage_cur") for e in extras] == ["USD", None, "USD"]


def test_wages_of_different_currencies_are_held_where_they_state_none(send):
    upload = send(plain(table(3, **WAGES)), answers={"currency": "none"})
    assert (upload.report["rows"]["accepted"], upload.report["rows"]["held"]) == (1, 2)
    mixed = send(plain(table(3, record_ref=["a", "b", "c"], wage_cur=["USD", "", ""], **WAGES)))
    assert (mixed.report["rows"]["accepted"], mixed.report["rows"]["held"]) == (2, 1)
    odd = send(plain(table(2, record_ref=["d", "e"], wage_month="9", wage_cur=["gold", ""])))
    assert (odd.state, odd.report["rows"]["held"]) == (Upload.State.COMMITTED, 2)


def test_a_currency_nobody_knows_is_no_answer(send, clerk):
    upload = send(plain(table(3, **WAGES)))
    with pytest.raises(Refused):
        within(clerk, lambda: uploads.read(upload, by=clerk, answers={"currency": "GOLD"}))


@pytest.mark.parametrize(
    "content",
    [
        packed({"Iýul.xls": xls({"Iýul": table(2, citizenship="Türkiýe")})}),
        gzip.compress(ods({"A": table(2, citizenship="Россия")})),
        gzip.compress(text(table(2, citizenship=["Россия", "Турция"])).encode("cp866")),
    ],
    ids=["xls in zip", "ods as gz", "cp866 as gz"],
)
def test_old_formats_and_letters_are_taken_in_by_a_limited_child(content, send, clerk):
    upload = send(content)
    assert (upload.state, upload.reason) == ("COMMITTED", "")
    codes = within(clerk, lambda: set(Record.objects.values_list("citizenship", flat=True)))
    assert codes <= {"TUR", "RUS"}
    assert within(clerk, Record.objects.count) == 2
