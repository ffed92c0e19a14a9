"""Searching records: in any combination of limits, by sex, page after page, as files; and nobody else's rows."""

import csv
import datetime
import io

import openpyxl
import pytest

from agencies import access, log, scope
from agencies.coverage import Duties
from agencies.roles import Role
from jobs import worker
from jobs.models import Job
from records.models import Export, Record
from records.search import exports, hidden, listing
from tests import factories
from tests.cast import events, signed_in

pytestmark = pytest.mark.django_db
OF = "of=SMS/SMS-WPF"
OWN = {"decision": "ISS", "occupation": "23", "activity": "F", "employer_type": "LOC"}
SEXES = ["F"] * 30 + ["M"] * 50 + ["_O"] * 2 + ["_U"] * 38


@pytest.fixture
def month(instruments, agency, clerk):
    """March: 120 permits of women, men and others, the first from a file, two of one person."""
    with scope.acting(clerk):
        march = factories.submission(agency, instruments["SMS-WPF"], "2026-03")
        file = factories.upload(agency, instruments["SMS-WPF"], clerk, march, state="COMMITTED")
        Record.objects.bulk_create(
            Record(
                agency=agency,
                submission=march,
                record_ref=f"WP-{k:03}",
                event_date=datetime.date(2026, 3, 1 + k % 28),
                sex=sex,
                citizenship=("TUR", "RUS", None)[k % 3],
                region="TM-S",
                age=20 + k % 30,
                upload=file if k == 0 else None,
                person_ref="p" if k < 2 else f"p{k}",
                extras=OWN,
            )
            for k, sex in enumerate(SEXES)
        )
    return march


def found(person, query):
    """What a person finds: (rows, women, men, other, not stated)."""
    answer = signed_in(person).get(f"/records/?{query}")
    assert answer.status_code == 200
    counts = answer.context["counts"]
    figures = counts.by_sex
    assert len(answer.context["page"].rows) == min(counts.rows, listing.PER_PAGE)
    return counts.rows, figures.f, figures.m, counts.other, figures.not_stated


@pytest.mark.parametrize(
    ("limit", "rows"),
    [
        ("", 120),
        ("period=2026-03", 120),
        ("is=sex:F", 30),
        ("is=sex:_O,_U", 40),
        ("is=citizenship:TUR", 40),
        ("is=citizenship:_U", 40),
        ("is=citizenship:TUR,RUS&is=sex:_U", 25),
        ("is=age_band:Y15T24", 20),
        ("behind=missing:sex", 38),
        ("behind=missing:citizenship&behind=missing:sex", 13),
        ("behind=rule:sex.not_stated", 38),
        ("first=2026-03-28", 4),
        ("last=2026-03-01", 5),
        ("first=2026-03-02&last=2026-03-02&is=sex:M", 1),
        ("upload=typed", 119),
        ("upload=typed&is=sex:F", 29),
    ],
)
def test_limits_in_any_combination_find_exactly_their_rows(month, clerk, limit, rows):
    assert found(clerk, f"{OF}&{limit}")[0] == rows


def test_the_count_by_sex_always_has_every_part(month, clerk, reviewer):
    assert found(reviewer, OF) == (120, 30, 50, 2, 38)
    assert found(clerk, f"{OF}&is=sex:M") == (50, 0, 50, 0, 0)
    assert found(clerk, f"{OF}&first=2027-01-01") == (0, 0, 0, 0, 0)
    empty = signed_in(clerk).get(f"/records/?{OF}&first=2027-01-01").content.decode()
    assert "No record is like this" in empty


def test_a_file_and_a_person_lead_to_their_records(month, clerk):
    with scope.acting(clerk):
        upload = month.uploads.get()
        first = Record.objects.get(record_ref="WP-000")
    assert found(clerk, f"{OF}&upload={upload.pk}")[0] == 1
    assert found(clerk, f"{OF}&person={first.pk}")[0] == 2
    page = signed_in(clerk).get(f"/records/?{OF}&upload={upload.pk}").content.decode()
    assert f"?{OF}&amp;person={first.pk}" in page


def test_a_number_is_typed_and_stands_hidden_in_the_address(month, clerk):
    client = signed_in(clerk)
    answer = client.post(
        "/records/", {"of": "SMS/SMS-WPF", "number": "wp-11", "is": ["sex:_U", ""]}
    )
    assert answer.status_code == 302
    assert "wp-11" not in answer.url.lower() and "is=sex:_U" in answer.url
    page = client.get(answer.url)
    assert [r.record_ref for r in page.context["page"].rows][-1] == "WP-112"
    assert page.context["counts"].rows == 10
    assert 'value="wp-11"' in page.content.decode()
    assert hidden.read(hidden.hide("WP-1", "SMS/SMS-WPF"), "MLSP/SMS-WPF") == ""
    (event,) = events("search")
    assert "wp-11" not in str(event.detail).lower()


@pytest.mark.parametrize("order", ["newest", "oldest", "number"])
def test_pages_show_every_row_once_forwards_and_backwards(month, clerk, order):
    client, address, seen = signed_in(clerk), f"/records/?{OF}&order={order}", []
    page = client.get(address).context["page"]
    assert page.newer is None
    pages = [page]
    while page.older:
        page = client.get(f"{address}&after={page.older}").context["page"]
        pages.append(page)
    seen = [record.record_ref for page in pages for record in page.rows]
    assert len(seen) == len(set(seen)) == 120
    keys = [(r.event_date, r.pk) for page in pages for r in page.rows]
    if order == "number":
        assert seen == sorted(seen)
    else:
        assert keys == sorted(keys, reverse=order == "newest")
    before = client.get(f"{address}&before={pages[2].newer}").context["page"]
    assert before.rows == pages[1].rows
    assert client.get(f"{address}&before={pages[1].newer}").context["page"].rows == pages[0].rows


HOSTILE = [
    "is=sex:F'; DROP TABLE records_record;--",
    "is=sex:%25s",
    "is=citizenship:{0}",
]
NOWHERE = [
    *("is=nothing:F", "is=sex:", "is=sex:F&is=sex:M", "is=record_ref) OR (1=1:F"),
    *(
        "behind=rule:x'",
        "behind=missing:nothing",
        "order=id;--",
        "column=person_ref",
        "column=extras",
    ),
    *(
        "period=2026-04",
        "upload=0",
        "upload=1e3",
        "upload=²",
        "person=999999999999999999",
    ),
    *(
        "after=x",
        "before=9999999999999999999",
        "nothing=1",
        "of=SMS/NOTHING",
        "period=2026-03&period=2026-02",
    ),
]


@pytest.mark.parametrize("limit", HOSTILE)
def test_hostile_codes_find_nothing_and_harm_nothing(month, clerk, limit):
    assert found(clerk, f"{OF}&{limit}")[0] == 0
    assert found(clerk, OF)[0] == 120


@pytest.mark.parametrize("limit", NOWHERE)
def test_what_nobody_offers_is_nowhere(month, clerk, limit):
    assert signed_in(clerk).get(f"/records/?{OF}&{limit}").status_code == 404


def test_what_was_typed_wrong_is_said(month, clerk):
    client = signed_in(clerk)
    for wrong, field in (
        ("first=31.03.2026", "first"),
        ("first=2026-03-05&last=2026-03-04", "last"),
        ("number=AAAA", "number"),
    ):
        answer = client.get(f"/records/?{OF}&{wrong}")
        assert answer.status_code == 422 and list(answer.context["problems"]) == [field]
        assert f'id="e-{field}"' in answer.text and "page" not in answer.context


def test_a_mistyped_day_keeps_what_else_was_typed(month, clerk):
    typed = {"of": "SMS/SMS-WPF", "is": "sex:F", "number": "WP-00", "first": "2026-03-05", "last": "2026-03-04", "order": "number"}  # fmt: skip
    answer = signed_in(clerk, "en").post("/records/", typed)
    assert (answer.status_code, answer.text.count("The last day lies before the first.")) == (
        422,
        1,
    )
    for text in ("WP-00", "2026-03-05", "2026-03-04"):
        assert f'value="{text}"' in answer.text
    assert answer.text.count("selected") >= 2
    both = signed_in(clerk).post("/records/", {**typed, "first": "5.3.", "last": "soon"})
    assert set(both.context["problems"]) == {"first", "last"}


def test_another_instrument_is_chosen_without_the_limits_of_the_first(month, clerk):
    limits = {"limits_of": "SMS/SMS-BCR", "is": "purpose:WORK", "order": "newest"}
    answer = signed_in(clerk).post("/records/", {"of": "SMS/SMS-WPF", **limits})
    assert answer.url == f"/records/?{OF}"


def test_nobody_reaches_rows_of_another_agency(month, clerk, outsider, statistician, agency_admin):
    with scope.acting(clerk):
        upload, record = month.uploads.get(), Record.objects.first()
    with scope.acting(outsider):
        (agency,) = access.agencies(outsider)
        theirs = factories.submission(agency, month.instrument, "2026-03")
        factories.record(theirs, "X-1")
    own = "of=MLSP/SMS-WPF"
    client = signed_in(outsider)
    assert found(outsider, own)[0] == 1
    for foreign in (OF, f"{own}&upload={upload.pk}", f"{own}&person={record.pk}"):
        assert client.get(f"/records/?{foreign}").status_code == 404
        form = dict(part.split("=") for part in foreign.split("&"))
        assert client.post("/records/take", {**form, "form": "csv"}).status_code == 404
    beside = client.get(f"/records/?{own}&after={record.pk}")
    assert [r.record_ref for r in beside.context["page"].rows] == ["X-1"]
    assert b"WP-0" not in beside.content
    for nobody in (statistician, agency_admin):
        assert signed_in(nobody).get(f"/records/?{OF}").status_code == 403
        assert signed_in(nobody).get("/records/files/").status_code == 403


def test_who_works_on_one_instrument_finds_nothing_of_another(month, clerk, agency, instruments):
    access.limit(clerk, agency, Duties(False, frozenset({instruments["SMS-BCR"].pk})))
    assert signed_in(clerk).get(f"/records/?{OF}").status_code == 404


def test_the_log_says_who_looked_for_what_and_about_how_many(month, clerk, agency_admin):
    found(clerk, f"{OF}&is=sex:_U&period=2026-03")
    (event,) = events("search")
    assert (event.person_id, event.agency, event.detail["rows"]) == (clerk.pk, "SMS", 40)
    assert event.detail["searched"]["en"] == "March 2026; Sex: Not stated"
    assert event.detail["searched"]["ru"] != event.detail["searched"]["en"]
    (line,) = log.lines([event], agency_admin)
    assert "searched records of" in line.sentence and "About 40 rows." in line.sentence
    assert [exports.about(n) for n in (0, 1, 9, 10, 14, 38, 1_234)] == [0, 1, 1, 10, 10, 40, 1230]


def test_a_csv_has_words_instead_of_codes_and_begins_no_formula(month, clerk):
    with scope.acting(clerk):
        Record.objects.filter(record_ref="WP-000").update(record_ref="=1+1", citizenship="ZZZ")
    answer = signed_in(clerk, "ru").post(
        "/records/take",
        {"of": "SMS/SMS-WPF", "is": "sex:F", "order": "oldest", "form": "csv",
         "column": ["record_ref", "event_date", "sex", "citizenship", "age"]},
    )  # fmt: skip
    assert answer["Content-Disposition"] == 'attachment; filename="SMS-WPF-records.csv"'
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 31
    by_number = {row[0]: row[1:] for row in rows}
    assert by_number["'=1+1"][:2] == ["2026-03-01", "Женский"]
    assert by_number["WP-001"] == ["2026-03-02", "Женский", "21", "Россия"]
    assert "person_ref" not in answer.content.decode()
    (event,) = events("export")
    assert event.detail["rows"] == 30


def test_a_workbook_has_the_same_rows_and_days_that_are_days(month, clerk):
    with scope.acting(clerk):
        Record.objects.filter(record_ref="WP-000").update(record_ref="<&>@x", age=None)
    answer = signed_in(clerk).post(
        "/records/take",
        {"of": "SMS/SMS-WPF", "order": "oldest", "form": "xlsx",
         "column": ["record_ref", "event_date", "sex", "age"]},
    )  # fmt: skip
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) == 121
    assert rows[1][:3] == ("<&>@x", datetime.datetime(2026, 3, 1), "Female")  # noqa: DTZ001
    assert {type(row[1]) for row in rows[1:]} == {datetime.datetime}


@pytest.mark.django_db(transaction=True)
def test_a_large_file_is_made_by_a_worker_for_one_person_and_fetched_once(
    month, clerk, reviewer, outsider, monkeypatch, settings
):
    monkeypatch.setattr(exports, "AT_ONCE", 100)
    client = signed_in(clerk)
    answer = client.post("/records/take", {"of": "SMS/SMS-WPF", "form": "csv"})
    assert answer.url == "/records/files/"
    assert "A file is being made" in client.get(answer.url).content.decode()
    with scope.acting(clerk):
        export = Export.objects.select_related("job").get()
    address = f"/records/files/{export.pk}"
    assert client.get(address).status_code == 404  # it is not there yet
    worker.work(export.job.pk)
    for other in (reviewer, outsider):
        assert signed_in(other).get(address).status_code == 404
        assert f'{address}"' not in signed_in(other).get("/records/files/").content.decode()
    with scope.acting(reviewer):
        assert not Export.objects.exists()  # the second lock: a colleague's is closed, too
    path = exports.path_of(export)
    assert b"WP-" not in path.read_bytes()
    assert client.head(address).status_code == 200 and path.exists()
    content = b"".join(client.get(address).streaming_content).decode("utf-8-sig")
    assert len(content.splitlines()) == 121
    assert not path.exists() and client.get(address).status_code == 404
    assert [event.verb for event in events("export", "fetch")] == ["export", "fetch"]


@pytest.mark.django_db(transaction=True)
def test_files_that_nobody_fetches_go_and_who_lost_the_role_gets_none(
    month, clerk, agency, monkeypatch
):
    monkeypatch.setattr(exports, "AT_ONCE", 100)
    client = signed_in(clerk)
    for _again in range(exports.MOST_MADE + 1):
        client.post("/records/take", {"of": "SMS/SMS-WPF", "form": "xlsx"})
    with scope.acting(clerk):
        first, second, *_rest = waiting = list(Export.objects.order_by("pk"))
        assert len(waiting) == exports.MOST_MADE
    worker.work(first.job_id)
    assert exports.path_of(first).exists()
    exports.expire()
    assert exports.path_of(first).exists()
    access.revoke(clerk, Role.CLERK, agency)
    worker.work(second.job_id)
    assert Job.objects.get(pk=second.job_id).state == Job.State.FAILED
    assert not exports.path_of(second).exists()
    monkeypatch.setattr(exports, "WAITS", datetime.timedelta(0))
    exports.expire()
    assert not exports.path_of(first).exists()
    with scope.working([agency.pk]):
        assert not Export.objects.exists()
