"""Threads, mentions, coded reasons and answers to warnings: what agency and statistics staff say to each other."""

import pytest
from django.db import ProgrammingError, connection

from agencies import access, scope
from agencies.coverage import Duties
from agencies.refusal import Refused
from agencies.roles import Role
from records.models import Comment, Notice, Record, ReviewStep, Submission, Thread, WarningAnswer
from records.review import answers, inbox, submissions, threads
from tests import factories
from tests.cast import anew, make_person, signed_in


@pytest.fixture
def month(instruments, agency, clerk, reviewer, statistician):
    with scope.acting(clerk):
        return factories.submission(agency, instruments["SMS-WPF"])


def begin(month, by, text="Are these right?", **more):
    with scope.acting(by):
        return threads.begin(month, text, by=by, **more)


def test_agency_and_statistics_see_the_same_thread_and_another_agency_never(
    month, clerk, statistician, outsider
):
    thread = begin(month, statistician, variable="occupation")
    with scope.acting(clerk):
        threads.answer(thread, "They are.", by=clerk)
    for person in (clerk, statistician):
        with scope.acting(person):
            (seen,) = threads.of(month)
            assert [c.text for c in seen.comments.all()] == ["Are these right?", "They are."]
    with scope.acting(outsider):
        assert not Thread.objects.exists()
        assert not Comment.objects.exists()
        with pytest.raises(access.Denied):
            threads.begin(month, "Hello", by=outsider)
    page = signed_in(outsider)
    assert page.get(f"/submissions/{month.pk}/threads").status_code == 404
    assert page.post(f"/threads/{thread.pk}/answer", {"text": "Hello"}).status_code == 404


def test_the_field_takes_as_many_letters_as_a_text_may_have(month, clerk):
    for language in ("en", "ru", "tk"):  # no separator of thousands
        page = signed_in(clerk, language).get(f"/submissions/{month.pk}/threads").content
        assert b'maxlength="2000"' in page


def test_who_is_mentioned_is_told_and_led_to_the_thread(month, clerk, statistician):
    thread = begin(month, statistician, mentions=[clerk.pk])
    with scope.acting(clerk):
        (notice,) = inbox.notices(clerk)
        assert notice.kind == Notice.Kind.MENTIONED
        assert "Statistician mentions you" in inbox.words(notice)
        assert notice.link.endswith(f"/threads?thread={thread.pk}#thread-{thread.pk}")
        threads.answer(thread, "They are.", by=clerk)
    with scope.acting(statistician):
        (notice,) = inbox.notices(statistician)
        assert "Clerk answered you" in inbox.words(notice)


def test_nobody_is_mentioned_who_does_not_see_the_submission(
    month, clerk, outsider, agency, instruments
):
    other = make_person("other@sms.example", Role.CLERK, agency)
    access.limit(other, agency, Duties(False, frozenset({instruments["SMS-BCR"].pk})))
    with scope.acting(clerk):
        assert not {other, outsider} & set(threads.people(month))
    for stranger in (anew(other), outsider):
        with pytest.raises(Refused, match="does not see"):
            begin(month, clerk, mentions=[stranger.pk])
    assert not Notice.objects.exists()
    with scope.acting(clerk):
        assert not Thread.objects.exists()


def test_a_thread_is_open_until_it_is_resolved_and_an_answer_opens_it_again(
    month, clerk, statistician
):
    thread = begin(month, statistician)
    with scope.acting(clerk):
        threads.resolve(thread, by=clerk)
        assert Thread.objects.get().resolved_by == clerk
        with pytest.raises(Refused, match="meanwhile"):
            threads.resolve(thread, by=clerk)
        threads.answer(thread, "One more thing.", by=clerk)
        assert Thread.objects.get().resolved_by is None


def test_a_thread_on_a_row_outlives_the_row(month, clerk, statistician):
    with scope.acting(clerk):
        row = factories.record(month, "WP-7")
    begin(month, clerk, record=row.pk, variable="sex")
    page = f"/submissions/{month.pk}/threads"
    assert b"WP-7" in signed_in(clerk).get(page).content
    assert b"WP-7" not in signed_in(statistician).get(page).content  # she sees no row
    with scope.acting(clerk):
        Record.objects.all().delete()
    assert b"A row that was deleted" in signed_in(clerk).get(page).content
    with pytest.raises(Refused, match="not in the submission"):
        begin(month, clerk, record=row.pk)
    with pytest.raises(access.Denied):
        begin(month, statistician, record=row.pk)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (" \n ", "Write something"),
        ("x" * 2001, "at most 2000"),
        ("Look at AB1234567, please", "document number"),
        ("She is 12345678901", "identity number"),
        ("Write to aman@example.com", "address"),
    ],
)
def test_a_text_that_is_empty_too_long_or_names_somebody_is_refused(month, clerk, text, says):
    with pytest.raises(Refused, match=says):
        begin(month, clerk, text)
    answer = signed_in(clerk).post(f"/submissions/{month.pk}/threads", {"text": text})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "text", ["WP-123456 is double, since 12.03.2026", "41 of 1,234 rows, R/2026/000123"]
)
def test_numbers_of_records_dates_and_counts_may_be_written(month, clerk, text):
    assert begin(month, clerk, text).comments.get().text == text


@pytest.mark.parametrize(
    "form",
    [
        {"text": "Hello", "variable": "no_such"},
        {"text": "Hello", "mention": "99999999999999999999"},
        {"text": "Hello", "mention": "abc"},
        {"text": "Hello", "record": str(10**17)},
    ],
)
def test_forms_nobody_is_offered_are_refused_with_a_sentence(month, clerk, form):
    answer = signed_in(clerk).post(f"/submissions/{month.pk}/threads", form)
    assert answer.status_code == 422
    assert b'role="alert"' in answer.content


def test_texts_are_appended_and_never_changed(month, clerk):
    begin(month, clerk)
    for statement in ("UPDATE records_comment SET text = 'x'", "DELETE FROM records_thread"):
        with (
            pytest.raises(ProgrammingError),
            scope.acting(clerk),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_a_return_says_what_it_is_about_by_a_code_and_in_words(month, clerk, reviewer):
    with scope.acting(clerk):
        factories.record(month)
        submissions.advance(month, "submit", by=clerk)
    page = signed_in(reviewer)
    asked = {"reason": "Half of them lack it.", "reason_code": ""}
    refused = page.post(f"/submissions/{month.pk}/return/", asked)
    assert refused.status_code == 409
    assert b"Choose what it is about" in refused.content
    page.post(f"/submissions/{month.pk}/return/", {**asked, "reason_code": "SEX"})
    with scope.acting(clerk):
        assert ReviewStep.objects.get(verb="return").reason_code == "SEX"
    seen = signed_in(clerk).get(f"/submissions/{month.pk}/").content.decode()
    assert "Sex is not stated too often" in seen
    assert "Half of them lack it." in seen
    assert (
        "Пол слишком часто не указан"
        in signed_in(clerk, "ru").get(f"/submissions/{month.pk}/").content.decode()
    )


@pytest.fixture
def warned(month, agency, clerk):
    """The month with a file that brought a warning about three rows."""
    finding = {
        **factories.FINDING,
        "rule": "education.young_doctor",
        "severity": "warning",
        "variable": "education",
        "count": 3,
        "examples": [],
    }
    with scope.acting(clerk):
        factories.upload(
            *(agency, month.instrument, clerk, month),
            state="COMMITTED",
            report={"findings": [finding]},
        )
        factories.record(month, extras={})
    return month


def test_the_agency_answers_a_warning_once_and_the_answer_stays_in_the_next_round(
    warned, clerk, reviewer, statistician
):
    cover, warnings = f"/submissions/{warned.pk}/", f"/submissions/{warned.pk}/warnings"
    page = signed_in(clerk)
    assert b"Answer this warning" in page.get(cover).content
    form = {
        "rule": "education.young_doctor",
        "variable": "education",
        "text": "They are three prodigies.",
    }
    assert page.post(warnings, form).status_code == 302
    for verb, person in (("submit", clerk), ("return", reviewer), ("submit", clerk)):
        with scope.acting(person):
            submissions.advance(
                Submission.objects.get(), verb, by=person, reason="Look again.", reason_code="ODD"
            )
        seen = signed_in(statistician).get(cover).content
        if verb == "submit":
            assert b"They are three prodigies." in seen
    again = signed_in(clerk).get(cover).content
    assert b"They are three prodigies." in again
    assert b"Answer this warning" not in again


def test_a_warning_about_more_rows_asks_again(warned, clerk):
    with scope.acting(clerk):
        finding = answers.Finding("education.young_doctor", "education", 2)
        answers.give(warned, finding, "Two are right.", by=clerk)
    assert (
        b"It is about more rows now" in signed_in(clerk).get(f"/submissions/{warned.pk}/").content
    )


def test_only_the_agency_answers_and_only_warnings_there_are(warned, clerk, statistician):
    form = {"rule": "education.young_doctor", "variable": "education", "text": "So."}
    warnings = f"/submissions/{warned.pk}/warnings"
    assert signed_in(statistician).post(warnings, form).status_code == 403
    assert signed_in(clerk).post(warnings, {**form, "rule": "no.such"}).status_code == 302
    with scope.acting(statistician), pytest.raises(access.Denied):
        answers.give(warned, answers.Finding("r", "", 1), "So.", by=statistician)
    with scope.acting(clerk):
        assert not WarningAnswer.objects.exists()


def test_threads_stand_fifty_on_a_page_the_newest_open_first_and_a_link_leads_to_the_page_of_its_thread(
    month, clerk
):
    with scope.acting(clerk):
        written = [factories.thread(month, clerk, f"Number {k}?") for k in range(53)]
        threads.resolve(written[52], by=clerk)
        order = [thread.pk for thread in threads.of(month)]
        assert order == [t.pk for t in reversed(written[:52])] + [written[52].pk]
        assert [threads.before(Thread.objects.get(pk=pk)) for pk in order] == list(range(53))
    page, browser = f"/submissions/{month.pk}/threads", signed_in(clerk)
    first, second = browser.get(page), browser.get(f"{page}?page=2")
    assert [len(each.context["threads"]) for each in (first, second)] == [50, 3]
    for number, thread in ((1, written[51]), (2, written[0]), (2, written[52])):
        shown = browser.get(f"{page}?thread={thread.pk}")
        assert shown.context["page"].number == number
        assert f'id="thread-{thread.pk}"' in shown.text
    assert browser.get(f"{page}?thread={written[0].pk}&page=1").context["page"].number == 1
    for odd in ("?thread=x", "?thread=99999999999999999", "?page=0", "?page=x"):
        assert browser.get(page + odd).status_code == 200
