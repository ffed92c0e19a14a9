"""What agencies owe and when; later dates; who keeps holidays; home, calendar and punctuality tell it."""

import base64
import re
from datetime import date, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import ProgrammingError, connection
from django.test import Client
from django.utils import timezone

from agencies import scope
from agencies.access import Denied
from agencies.refusal import Refused
from records.models import DueRule, Extension, Holiday, InstrumentVersion, Notice, RestDay
from records.review import calendar, deadlines, feeds, punctuality, submissions, volumes
from records.review.calendar import Periods, Standing
from standards.periods import Period, last_periods
from tests import factories
from tests.cast import events, signed_in

TODAY = timezone.localdate()
MONTHS = last_periods("M", TODAY, 14)
LAST = MONTHS[-1]
NAMES = {"en": "Day", "ru": "День", "tk": "Gün"}


@pytest.fixture
def permits(instruments):
    return instruments["SMS-WPF"]


@pytest.fixture
def owed(agency, permits, clerk):
    """Return what the agency owes of work permits: standing by period."""

    def read(today=TODAY, back=6, ahead=0):
        with scope.acting(clerk):
            only = {(agency.pk, permits.pk)}
            found = calendar.expected(
                [agency.pk], today, Periods(back=back, ahead=ahead), only=only
            )
        return {entry.period: entry for entry in found}

    return read


def rule(agency, permits, statistician, **said):
    with scope.acting(statistician):
        deadlines.set_rule(agency, permits, {k: str(v) for k, v in said.items()}, by=statistician)


def begin(agency, permits, clerk, *months, **fields):
    with scope.acting(clerk):
        return [factories.submission(agency, permits, month, **fields) for month in months]


def test_who_never_delivered_owes_from_the_period_before_the_instrument_was_published(owed):
    assert list(owed()) == [LAST]


def test_an_agency_owes_from_the_first_period_it_delivered(owed, agency, permits, clerk):
    begin(agency, permits, clerk, MONTHS[-4])
    assert list(owed()) == MONTHS[-4:]
    assert owed()[MONTHS[-4]].begun and not owed()[LAST].begun


def test_statistics_staff_may_name_the_first_period(owed, agency, permits, clerk, statistician):
    begin(agency, permits, clerk, MONTHS[-6])
    rule(agency, permits, statistician, first_period=MONTHS[-2])
    assert list(owed()) == MONTHS[-2:]


def test_nothing_is_written_down_for_what_nobody_has_begun(owed, agency, permits, clerk):
    begin(agency, permits, clerk, MONTHS[-4])
    owed()
    with scope.acting(clerk):
        assert agency.submissions.count() == 1


@pytest.mark.parametrize(
    ("state", "version", "stands"),
    [
        ("DRAFT", 1, Standing.LATE),
        ("DRAFT", 2, Standing.REOPENED),
        ("RETURNED", 1, Standing.RETURNED),
        ("SUBMITTED", 1, Standing.WITH_OTHERS),
        ("SIGNED", 1, Standing.WITH_OTHERS),
        ("ACCEPTED", 1, Standing.DONE),
    ],
)
def test_how_a_submission_stands_long_after_its_due_date(
    owed, agency, permits, clerk, state, version, stands
):
    begin(agency, permits, clerk, MONTHS[-4], state=state, version=version)
    assert owed()[MONTHS[-4]].standing(TODAY) == stands


def test_it_is_due_until_the_grace_is_over_and_late_after_that(owed, agency, permits, statistician):
    rule(agency, permits, statistician, days=10, counted="calendar", grace=3)
    entry, last = owed()[LAST], Period.parse(LAST).last_day
    assert entry.dates.due == last + timedelta(days=10)
    assert entry.standing(last) == Standing.UPCOMING
    assert entry.standing(last + timedelta(days=13)) == Standing.DUE
    assert entry.standing(last + timedelta(days=14)) == Standing.LATE


def test_a_holiday_that_is_added_moves_the_due_date_and_one_removed_moves_it_back(
    owed, statistician
):
    before = owed()[LAST].dates.due
    with scope.acting(statistician):
        when = {part: str(getattr(before, part)) for part in ("year", "month", "day")}
        made = deadlines.add_holiday({**when, **NAMES}, by=statistician)
    assert owed()[LAST].dates.due == before + timedelta(days=1)
    with scope.acting(statistician):
        deadlines.remove_holiday(made, by=statistician)
    assert owed()[LAST].dates.due == before


def extend(agency, permits, statistician, until, reason="The archive moves."):
    with scope.acting(statistician):
        return deadlines.extend(agency, permits, LAST, until, reason, by=statistician)


def test_an_extension_holds_for_one_submission_and_the_agency_is_told(
    owed, agency, permits, clerk, reviewer, statistician, outsider
):
    until = TODAY + timedelta(days=40)
    extend(agency, permits, statistician, until)
    entry = owed()[LAST]
    assert entry.extended and entry.dates.due == until and entry.standing(TODAY) == Standing.DUE
    with scope.acting(statistician):
        told = Notice.objects.filter(kind=Notice.Kind.EXTENDED)
        assert {notice.person for notice in told} == {clerk, reviewer}
    assert events("extend")
    html = signed_in(clerk).get(f"/due-dates/SMS-WPF/SMS/{LAST}/").content.decode()
    assert "The archive moves." in html
    assert signed_in(outsider).get(f"/due-dates/SMS-WPF/SMS/{LAST}/").status_code == 404


def test_the_second_lock_shows_an_outsider_no_extension_and_no_notice_and_takes_none(
    agency, permits, statistician, outsider
):
    given = extend(agency, permits, statistician, TODAY + timedelta(days=40))
    with scope.acting(outsider):
        assert not Extension.objects.exists() and not Notice.objects.exists()
    given.pk = None
    with pytest.raises(ProgrammingError), scope.acting(outsider):
        given.save(force_insert=True)


def test_an_extension_is_never_changed_nor_removed(agency, permits, statistician):
    given = extend(agency, permits, statistician, TODAY + timedelta(days=40))
    with pytest.raises(ProgrammingError), scope.acting(statistician):
        given.delete()


@pytest.mark.parametrize(
    ("days", "reason", "says"),
    [
        (40, "  ", "Say why"),
        (40, "", "Say why"),
        (-1, "Because.", "in the past"),
        (400, "Because.", "a year ahead"),
        (None, "Because.", "Name the new due date"),
        (40, "x" * 1001, "too long"),
    ],
)
def test_an_extension_that_cannot_be_is_refused_with_a_sentence_and_changes_nothing(
    agency, permits, statistician, days, reason, says
):
    until = None if days is None else TODAY + timedelta(days=days)
    with pytest.raises(Refused, match=says):
        extend(agency, permits, statistician, until, reason)
    shown = signed_in(statistician).post(
        f"/due-dates/SMS-WPF/SMS/{LAST}/",
        {"until": until.isoformat() if until else "", "reason": reason},
    )
    assert shown.status_code == 422 and says in shown.content.decode()
    with scope.acting(statistician):
        assert not Extension.objects.exists() and not Notice.objects.exists()


def test_an_extension_never_shortens_one_that_was_given(agency, permits, statistician):
    extend(agency, permits, statistician, TODAY + timedelta(days=60))
    with pytest.raises(Refused, match="already"):
        extend(agency, permits, statistician, TODAY + timedelta(days=50))


def test_an_extension_names_a_working_day(agency, permits, statistician):
    until = TODAY + timedelta(days=60)
    with scope.acting(statistician):
        deadlines.set_rest_days([str(until.isoweekday())], by=statistician)
    with pytest.raises(Refused, match="Nobody works"):
        extend(agency, permits, statistician, until)


def test_what_was_submitted_is_not_extended(agency, permits, clerk, statistician):
    begin(agency, permits, clerk, LAST, state="SUBMITTED")
    with pytest.raises(Refused, match="nothing to extend"):
        extend(agency, permits, statistician, TODAY + timedelta(days=60))


def test_only_statistics_staff_extend_and_set_rules(agency, permits, clerk):
    with scope.acting(clerk), pytest.raises(Denied):
        deadlines.extend(agency, permits, LAST, TODAY, "Because.", by=clerk)
    with scope.acting(clerk), pytest.raises(Denied):
        deadlines.set_rule(agency, permits, {"days": "5"}, by=clerk)


@pytest.mark.parametrize(
    "wrong",
    [{"days": "0"}, {"days": "367"}, {"days": "ten"}, {"days": "-1"}, {"grace": "93"}, {"days": "١٠"},
     {"counted": "moons"}, {"first_period": "2026-Q1"}, {"first_period": "2026-13"}],
)  # fmt: skip
def test_a_rule_that_cannot_be_is_refused_on_the_page(agency, permits, statistician, wrong):
    answer = signed_in(statistician).post("/due-dates/", {"rule": "SMS/SMS-WPF", **wrong})
    assert answer.status_code == 422 and 'role="alert"' in answer.content.decode()
    assert not DueRule.objects.exists()


def test_the_form_of_a_rule_has_what_is_in_force_says_what_it_does_and_keeps_what_differs(
    agency, permits, statistician
):
    client, page = signed_in(statistician), "/due-dates/?rule=SMS/SMS-WPF"
    form = client.get(page).context["chosen"]["fields"]
    in_force = calendar.rule_of(permits.versions.first().content)
    assert (form["days"], form["counted"]) == (str(in_force.days), in_force.counted)
    assert client.post(page, {"rule": "SMS/SMS-WPF", **form}).status_code == 302
    assert not DueRule.objects.exists()  # nothing differs
    later = {"rule": "SMS/SMS-WPF", **form, "days": str(in_force.days + 5)}
    shown = client.post(page, {**later, "look": "1"})
    assert shown.status_code == 200 and not DueRule.objects.exists()
    assert client.post(page, later).status_code == 302
    rule = DueRule.objects.get()
    assert (rule.days, rule.counted, rule.grace) == (in_force.days + 5, "", None)
    assert client.get(page).context["chosen"]["dates"] == shown.context["chosen"]["dates"]
    for nowhere in ("x", "SMS/", "SMS/NO"):
        assert client.get("/due-dates/", {"rule": nowhere}).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [{"day": "30", "month": "2"}, {"day": "x"}, {"month": "9" * 30}, {"year": "1"}, {"tk": " "},
     {"day": "29", "month": "2", "year": "2027"}],
)  # fmt: skip
def test_a_holiday_that_cannot_be_is_refused_on_the_page(statistician, wrong):
    form = {"day": "8", "month": "3", "year": "", "en": "Day", "ru": "День", "tk": "Gün", **wrong}
    answer = signed_in(statistician).post("/holidays/", form)
    assert answer.status_code == 422 and not Holiday.objects.exists()


def test_holidays_and_days_of_rest_are_kept_on_a_page(statistician, db):
    client = signed_in(statistician)
    form = {"day": "8", "month": "3", "year": "", "en": "Day", "ru": "День", "tk": "Gün"}
    assert client.post("/holidays/", form).status_code == 302
    assert client.post("/holidays/", form).status_code == 422  # known already
    assert client.post("/holidays/", {"rest": "1", "weekday": ["6", "7"]}).status_code == 302
    assert client.post("/holidays/", {"rest": "1", "weekday": list("1234567")}).status_code == 422
    assert [day.weekday for day in RestDay.objects.all()] == [6, 7]
    assert client.post("/holidays/", {"remove": str(Holiday.objects.get().pk)}).status_code == 302
    assert not Holiday.objects.exists()


def test_what_is_closed_is_not_submitted_and_an_extension_opens_it(
    agency, permits, clerk, statistician
):
    version = InstrumentVersion.objects.get(instrument=permits)
    closing = {**version.content, "due": {"days": 1, "grace": 0, "closes": 0}}
    InstrumentVersion.objects.create(
        instrument=permits, number=version.number + 1, digest="closing", content=closing
    )
    (draft,) = begin(agency, permits, clerk, LAST)
    if TODAY.day > 1:
        with scope.acting(clerk), pytest.raises(Refused, match="It closed on"):
            submissions.advance(draft, "submit", by=clerk, nothing_to_report=True)
    extend(agency, permits, statistician, TODAY + timedelta(days=20))
    with scope.acting(clerk):
        submissions.advance(draft, "submit", by=clerk, nothing_to_report=True)


# What is usual.


def test_less_than_three_periods_say_nothing_and_eleven_their_median():
    assert volumes.expected_volume("2026-03", {"2026-01": 5, "2026-02": 6}) is None
    history = {str(Period("M", 2025, k)): k * 10 for k in range(1, 12)}
    assert volumes.expected_volume("2025-12", history) == 60


def test_twelve_periods_know_the_season():
    summer = {k: 300 if k in (6, 7, 8) else 100 for k in range(1, 13)}
    history = {str(Period("M", 2025, k)): n for k, n in summer.items()}
    history |= {str(Period("M", 2026, k)): 2 * n for k, n in summer.items() if k < 7}
    assert volumes.expected_volume("2026-07", history) == 600  # summer, and twice last year


@pytest.mark.parametrize(
    ("records", "usual", "odd"),
    [(69, 100, True), (71, 100, False), (1, 8, False), (5, None, False)],
)
def test_a_volume_is_odd_a_third_away_and_more_than_ten_records(records, usual, odd):
    assert volumes.Volume(records, usual).is_odd is odd


# Pages.


def test_home_of_a_clerk_says_what_is_late_returned_and_not_begun(agency, permits, clerk, reviewer):
    begin(agency, permits, clerk, MONTHS[-5])
    (returned,) = begin(agency, permits, clerk, MONTHS[-4], state="RETURNED")
    begin(agency, permits, clerk, MONTHS[-3], state="SUBMITTED")
    with scope.acting(reviewer):
        factories.review_step(
            returned, reviewer, "return", "SUBMITTED", "RETURNED", reason="Look again."
        )
    html = signed_in(clerk).get("/").content.decode()
    heads = re.findall(r'<h2 class="sec[^"]*">\s*([^<]+?)\s*<', html)
    assert heads.index("Late") < heads.index("Returned to you")
    assert "Look again." in html and "Not begun." in html and "Nothing to report" in html
    assert "waits for the signature of Reviewer" in html


def test_home_of_statistics_staff_says_what_is_late_where_and_what_is_unusual(
    agency, permits, clerk, statistician
):
    for month, n in zip(MONTHS[-8:-4], (100, 110, 90, 100), strict=True):
        begin(agency, permits, clerk, month, state="ACCEPTED", profile={"sex": {"F": n}})
    begin(agency, permits, clerk, MONTHS[-4], state="SIGNED", profile={"sex": {"F": 20}})
    html = signed_in(statistician).get("/").content.decode()
    assert "20 records; about 100 were expected." in html
    assert "Late at agencies" in html and f"/due-dates/SMS-WPF/SMS/{MONTHS[-3]}/" in html


def test_what_is_late_elsewhere_is_extended_by_statistics_staff_alone(
    agency, permits, clerk, reviewer, statistician
):
    begin(agency, permits, clerk, MONTHS[-5], state="ACCEPTED")
    for person, verb in ((reviewer, "Look at the date"), (statistician, "Extend")):
        html = signed_in(person).get("/").content.decode()
        assert set(re.findall("Look at the date|Extend", html)) == {verb}


def test_the_calendar_shows_a_due_date_and_a_holiday_in_their_month(owed, clerk, statistician):
    due = owed()[LAST].dates.due
    with scope.acting(statistician):
        said = {**NAMES, "en": "Water Day", "month": str(due.month), "day": "28"}
        deadlines.add_holiday(said, by=statistician)
    html = signed_in(clerk).get(f"/calendar/?month={due:%Y-%m}").content.decode()
    assert "Water Day" in html and f"/due-dates/SMS-WPF/SMS/{LAST}/" in html


@pytest.mark.parametrize(
    "wrong", ["", "x", "2026", "2026-13", "0001-01", "9999-12", "2026-01&month=2"]
)
def test_a_month_that_is_none_is_not_found(clerk, wrong):
    assert signed_in(clerk).get(f"/calendar/?month={wrong}").status_code == 404


def feed_of(person):
    html = signed_in(person).get("/calendar/").content.decode()
    return re.search(r'href="[^"]*(/calendar/[^"/]+\.ics)"', html)[1]


def test_the_feed_needs_no_sign_in_speaks_her_language_and_keeps_its_names(
    owed, agency, permits, clerk, statistician
):
    clerk.language = "ru"
    clerk.save()
    path = feed_of(clerk)
    answer = Client().get(path)
    text = answer.content.decode()
    assert answer["Content-Type"].startswith("text/calendar")
    lines = text.split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR" and lines[-2:] == ["END:VCALENDAR", ""]
    assert all(len(line.encode()) <= 75 for line in lines)
    whole = text.replace("\r\n ", "")
    uid = f"UID:SMS-WPF.{LAST}.SMS@migdata"
    assert uid in whole and "Разрешения на работу" in whole
    extend(agency, permits, statistician, TODAY + timedelta(days=40))
    moved = Client().get(path).content.decode().replace("\r\n ", "")
    assert uid in moved
    assert f"DTSTART;VALUE=DATE:{TODAY + timedelta(days=40):%Y%m%d}" in moved


def test_a_renewed_address_ends_the_one_before_and_a_closed_account_both(owed, clerk):
    old = feed_of(clerk)
    assert signed_in(clerk).post("/calendar/renew").status_code == 302
    new = feed_of(clerk)
    assert (Client().get(old).status_code, Client().get(new).status_code) == (404, 200)
    clerk.is_active = False
    clerk.save()
    assert Client().get(new).status_code == 404


def test_lines_are_folded_at_75_octets_between_characters_and_texts_are_escaped():
    title = "Döwlet; migrasiýa, gullugy\\ " * 8 + "\nSoňy"
    entry = feeds.Entry("u@x", date(2026, 3, 5), title, "", "https://x.example/")
    stamp = datetime(2026, 1, 1, tzinfo=timezone.get_default_timezone())
    text = feeds.calendar_file("N", [entry], language="tk", stamp=stamp)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert r"Döwlet\; migrasiýa\, gullugy\\ " in text.replace("\r\n ", "")
    assert "\nSoňy" not in text and "DTSTAMP:20251231T" in text


def test_punctuality_counts_what_came_in_time_late_and_not_at_all(
    agency, permits, clerk, statistician
):
    rows = begin(agency, permits, clerk, *MONTHS[-4:-1], state="SUBMITTED")
    with scope.acting(clerk):
        for row, days in zip(rows, (1, 1, 40), strict=True):
            step = factories.review_step(row, clerk)
            on = Period.parse(row.period).last_day + timedelta(days=days)
            at = datetime(on.year, on.month, on.day, 12, tzinfo=timezone.get_default_timezone())
            _set_time(step, at)
        pair = agency.pk, permits.pk
        day = Period.parse(LAST).last_day + timedelta(days=60)
        (line,) = punctuality.punctuality([pair], day)
    assert (line.due, line.submitted, line.in_time, line.share) == (4 + 1, 3, 2, 0.4)
    html = signed_in(clerk).get("/punctuality/").content.decode()
    assert "SMS" in html and "MLSP" not in html
    assert signed_in(statistician).get("/punctuality/?agency=SMS&page=99").status_code == 200


def _set_time(step, at):
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("UPDATE records_reviewstep SET at = %s WHERE id = %s", [at, step.pk])
        cursor.execute("SET ROLE migdata_app")


def holiday_file(*lines):
    return SimpleUploadedFile("holidays.csv", "\n".join(["day,en,ru,tk", *lines]).encode())


def test_a_file_of_holidays_is_looked_at_then_taken_in_whole_or_not_at_all(statistician, db):
    client = signed_in(statistician)
    page = "/holidays/import"
    good = "*-03-08,Day,День,Gün", "20.03.2026,Feast,Праздник,Baýram"
    wrong = client.post(page, {"file": holiday_file(*good, "2026-02-30,No,Нет,Ýok")})
    assert wrong.status_code == 422 and b"Line 4" in wrong.content
    carried = base64.b64encode(b"day,en,ru,tk\n2026-05-01,May,May,May\n2026-13-01,x,x,x").decode()
    assert client.post(page, {"carried": carried, "confirmed": "1"}).status_code == 422
    assert not Holiday.objects.exists()
    preview = client.post(page, {"file": holiday_file(*good)})
    assert (preview.status_code, len(preview.context["new"])) == (200, 2)
    confirmed = {"carried": preview.context["carried"], "confirmed": "1"}
    assert client.post(page, confirmed).status_code == 302
    assert [str(day) for day in Holiday.objects.all()] == ["*-03-08", "2026-03-20"]
    taken_away = client.get("/holidays/holidays.csv").content
    again = client.post(page, {"file": SimpleUploadedFile("again.csv", taken_away)})
    assert len(again.context["same"]) == 2 and not again.context["may_save"]
    renamed = client.post(page, {"file": holiday_file("*-03-08,Women’s Day,День,Gün")})
    assert renamed.context["changed"][0].was == "Day, День, Gün"
    client.post(page, {"carried": renamed.context["carried"], "confirmed": "1"})
    (told,) = events("rename")
    assert told.subject == "holiday:*-03-08" and len(events("add")) == 2
    assert client.post(page, {"file": SimpleUploadedFile("x.csv", b"\xff\xfe")}).status_code == 422
