"""Typing records: drafts, what is carried on, days in everybody's way of writing, words that are on no list."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from agencies import access, scope
from agencies.refusal import Refused
from records.collection import drafts, entry, entry_rules, proposals
from records.models import CodeProposal, EntryDraft, Record
from records.validation import parsing
from tests.cast import signed_in
from tests.records import traces
from tests.records.files import WPF

FORM = "/records/new/SMS-WPF/SMS/"
DAY_IN_DOUBT = "03/04/2026"


def keep(values, where, turn=0):
    with scope.acting(where["by"]):
        return drafts.keep(values, turn=turn, **where)


def draft(where):
    with scope.acting(where["by"]):
        return drafts.draft_of(where["by"], where["agency"], where["instrument"])


def test_a_draft_comes_back_as_it_was_typed(where, client, clerk):
    client.force_login(clerk)
    client.post(f"{FORM}draft", {**WPF, "turn": "0"}, headers={"HX-Request": "true"})
    page = client.get(FORM).content.decode()
    assert 'value="WP-1"' in page and 'value="05.03.2027"' in page
    assert "Nobody else sees it." in page


def test_a_draft_is_nobody_elses(where, colleague, clerk, permits, agency):
    keep(WPF, where)
    with scope.acting(colleague):
        assert not EntryDraft.objects.exists()
        assert not drafts.draft_of(clerk, agency, permits).is_begun
    with scope.acting(clerk):
        assert EntryDraft.objects.exists()


@pytest.mark.parametrize("role", ["reviewer", "agency_admin", "statistician", "national_admin", "outsider"])  # fmt: skip
def test_who_does_not_type_for_the_agency_keeps_no_draft(request, role, where):
    person = request.getfixturevalue(role)
    with scope.acting(person), pytest.raises(access.Denied):
        drafts.keep(WPF, turn=0, **{**where, "by": person})
    assert signed_in(person).post(f"{FORM}draft", WPF).status_code == 404


CANARIES = {
    "record_ref": "ZQ7365194",
    "event_date": "Zxqabaýewa Zxqajemal",
    "birth_date": "zxqa.canary@mail.example",
    "citizenship": "Zxqabaýewa",
    "region": "ул. Zxqa, 15",
    "wage_month": "+993 65 73-65-19",
    "occupation": "ZQ 7365194",
}


@pytest.mark.django_db(transaction=True)
def test_nothing_personal_is_kept_in_a_draft(where, client, clerk):
    client.force_login(clerk)
    for name, canary in CANARIES.items():
        answer = client.post(f"{FORM}draft", {**WPF, name: canary, "turn": "0"})
        assert answer.status_code == 200
        kept = draft(where)
        assert kept.values.get(name) is None, name
        assert name in kept.left_out
        assert (kept.values.get("decision"), kept.values.get("sex")) == ("ISS", "F")
    # Longer than what a session's random letters happen to spell.
    told = ["zxqajemal", "zxqabaýewa", "zxqa.canary", "zxqa, 15", "7365194", "73-65-19"]
    assert traces.Search().hits(told, "") == []


def test_of_a_birth_date_a_draft_keeps_the_year_alone(where):
    assert "birth_date" not in keep({**WPF, "birth_date": "12.04.1990"}, where).draft.values
    assert keep({**WPF, "birth_date": "1990"}, where).draft.values["birth_date"] == "1990"


def test_what_was_sent_for_a_saved_record_is_no_draft_of_the_next(where, clerk):
    keep(WPF, where)
    with scope.acting(clerk):
        assert drafts.save(WPF, **where).record
    late = keep(WPF, where, turn=0)
    assert not late.is_current
    assert not draft(where).is_begun


def test_discarding_leaves_what_is_carried_on(where, clerk, agency, permits, agency_admin):
    carry_on(["region", "decision"], agency, permits, agency_admin)
    with scope.acting(clerk):
        drafts.save(WPF, **where)
    keep({"region": "TM-A", "record_ref": "WP-2"}, where, turn=1)
    with scope.acting(clerk):
        drafts.discard(**where)
    now = draft(where)
    assert (now.values, now.carried) == ({}, {"region": "TM-S", "decision": "ISS"})


def test_old_drafts_are_removed_and_fresh_ones_stay(where, clerk, colleague):
    keep(WPF, where)
    keep(WPF, {**where, "by": colleague})
    with scope.acting(clerk):
        EntryDraft.objects.update(saved_at=timezone.now() - timedelta(days=31))
    drafts.expire()
    assert not draft(where).is_begun
    assert draft({**where, "by": colleague}).is_begun


@pytest.mark.parametrize("turn", ["-1", "x", "1" * 30, "²"])
def test_a_turn_that_is_none_is_refused_with_a_sentence(turn, where, client, clerk):
    client.force_login(clerk)
    answer = client.post(f"{FORM}draft", {**WPF, "turn": turn})
    assert answer.status_code == 400 and answer.content


# What is carried on


def carry_on(carried, agency, permits, admin):
    with scope.acting(admin):
        entry_rules.set_rule(agency, permits, carried=carried, twice=(), by=admin)


def test_the_next_record_begins_with_what_the_agency_carries_on(
    where, client, clerk, agency, permits, agency_admin
):
    carry_on(["region", "wage_cur"], agency, permits, agency_admin)
    client.force_login(clerk)
    answer = client.post(FORM, {**WPF, "another": ""}, follow=True)
    page = answer.content.decode()
    assert "Kept from the last record" in page and "WP-1 is saved" in page
    assert draft(where).carried == {"region": "TM-S"}  # no currency was typed
    assert page.index("autofocus") < page.index(
        'name="event_date"'
    )  # the number, which is each record's own


@pytest.mark.parametrize("name", ["sex", "birth_date", "record_ref", "person_ref", "no_such"])
def test_sex_number_and_birth_date_are_never_carried_on(name, agency, permits, agency_admin):
    with pytest.raises(Refused):
        carry_on([name], agency, permits, agency_admin)


@pytest.mark.parametrize("role", ["clerk", "reviewer", "statistician", "outsider"])
def test_the_administrator_chooses_what_is_carried_on(request, role, agency, permits):
    with pytest.raises(access.Denied):
        carry_on(["region"], agency, permits, request.getfixturevalue(role))


def test_no_field_is_answered_before_anybody_answers_it(client, clerk, where):
    client.force_login(clerk)
    page = client.get(FORM).content.decode()
    assert " checked" not in page and " selected" not in page


@pytest.mark.parametrize("name", ["sex", "citizenship", "region", "occupation", "employer_type"])
def test_what_is_required_is_answered_if_with_not_stated(name, where, clerk, permits):
    with scope.acting(clerk):
        outcome = drafts.save({**WPF, name: ""}, **where)
        assert [(f.rule, f.variable) for f in outcome.errors] == [(f"{name}.missing", name)]
        unknown = {"citizenship": "XXX", "region": "TM-_U"}.get(name, "_U")
        assert not drafts.save({**WPF, name: unknown}, **where).errors


def test_what_was_confirmed_once_stays_confirmed(client, clerk, where):
    client.force_login(clerk)
    unusual = {**WPF, "contract_hours_w": "70", "valid_to": "05.03.2029"}
    first = client.post(FORM, {**unusual, "acknowledged": "valid_to.long"})
    assert first.status_code == 422
    page = first.content.decode()
    assert 'value="valid_to.long"\n      checked' in page
    both = {"acknowledged": ["valid_to.long", "contract_hours_w.long"]}
    assert client.post(FORM, {**unusual, **both}).status_code == 302


# Days

DAYS = st.dates(min_value=timezone.datetime(1900, 1, 1).date(), max_value=timezone.datetime(2099, 12, 31).date())  # fmt: skip


@given(DAYS)
def test_a_day_in_digits_alone_is_read_as_the_same_day_with_points(day):
    for text in (f"{day:%d%m%Y}", f"{day:%Y%m%d}"):
        read = parsing.parse_date(parsing.with_points(text), day_first=None, pivot=2026)
        assert read.day == day, text
    short = parsing.parse_date(parsing.with_points(f"{day:%d%m%y}"), day_first=None, pivot=2026)
    assert (short.day.day, short.day.month, short.day.year % 100) == (
        day.day,
        day.month,
        day.year % 100,
    )


@pytest.mark.parametrize("text", ["05.03.2026", "05032026", "050326", "20260305", "2026-03-05", "31/03/2026"])  # fmt: skip
def test_a_day_is_typed_in_the_persons_habit(text, where, clerk):
    with scope.acting(clerk):
        outcome = drafts.save({**WPF, "event_date": text}, **where)
        assert outcome.record, outcome.errors
        assert outcome.record.event_date.strftime("%Y-%m") == "2026-03"


def test_a_day_in_doubt_is_asked_and_the_answer_is_taken(client, clerk, where):
    client.force_login(clerk)
    answer = client.post(FORM, {**WPF, "event_date": DAY_IN_DOUBT})
    page = answer.content.decode()
    assert answer.status_code == 422
    for day in ("03.04.2026", "04.03.2026"):
        assert re.search(rf'type="radio"\s+name="event_date"\s+value="{day}"', page)
    answer = client.post(FORM, {**WPF, "event_date": [DAY_IN_DOUBT, "04.03.2026"]})
    assert answer.status_code == 302
    with scope.acting(clerk):
        assert str(Record.objects.get().event_date) == "2026-03-04"


def test_what_was_good_is_kept_when_something_else_is_wrong(client, clerk, where):
    client.force_login(clerk)
    page = client.post(
        FORM, {**WPF, "event_date": "050326", "valid_to": "nonsense"}
    ).content.decode()
    assert 'value="05.03.2026"' in page  # as the portal writes it
    assert 'value="nonsense"' in page


def test_a_code_that_no_list_knows_any_more_is_not_lost_from_a_record(client, clerk, where):
    with scope.acting(clerk):
        record = entry.save(WPF, **where).record
        Record.objects.filter(pk=record.pk).update(citizenship="ZZZ")
    client.force_login(clerk)
    page = client.get(f"/records/{record.pk}/").content.decode()
    assert re.search('<option value="ZZZ"[^>]* selected>ZZZ<', page)


# Words that are on no list


def test_a_word_is_proposed_once_and_answered_once(clerk, statistician, agency):
    with scope.acting(clerk):
        first = proposals.propose(
            "  atlantida  nova ", codelist="countries", agency=agency, by=clerk
        )
        again = proposals.propose("atlantida nova", codelist="countries", agency=agency, by=clerk)
        assert first.pk == again.pk
    with scope.acting(statistician):
        (seen,) = proposals.proposals_for(statistician)
        proposals.answer(seen, "KAZ", by=statistician)
        with pytest.raises(Refused, match="meanwhile"):
            proposals.answer(seen, "UZB", by=statistician)
    with scope.acting(clerk):
        assert CodeProposal.objects.get().answer == "KAZ"


@pytest.mark.parametrize(
    "word",
    ["Anna Petrowa", "AB 1234567", "zxqa@mail.example", "+993 65 123456", "x", "y" * 81, "a\0b"],
)
def test_a_word_that_may_be_a_person_or_is_none_is_not_kept(word, clerk, agency):
    with scope.acting(clerk):
        with pytest.raises(Refused):
            proposals.propose(word, codelist="countries", agency=agency, by=clerk)
        assert not CodeProposal.objects.exists()


@pytest.mark.parametrize("word", ["Swaziland", "Бирма", "Türkiýe"])
def test_a_word_that_the_list_knows_needs_no_proposal(word, clerk, agency):
    with scope.acting(clerk), pytest.raises(Refused, match="already"):
        proposals.propose(word, codelist="countries", agency=agency, by=clerk)


def test_another_agency_sees_no_proposal(clerk, outsider, agency):
    with scope.acting(clerk):
        proposals.propose("atlantida", codelist="countries", agency=agency, by=clerk)
    with scope.acting(outsider):
        assert not CodeProposal.objects.exists()
    assert "atlantida" not in signed_in(outsider).get("/proposals/").content.decode()


def test_old_names_of_countries_are_found_in_the_list_of_a_field(client, clerk, where):
    client.force_login(clerk)
    page = client.get(FORM).content.decode()
    for code, name in (
        ("SWZ", "swaziland"),
        ("MMR", "бирма"),
        ("LKA", "ceylon"),
        ("TUR", "турция"),
    ):
        line = next(t for t in page.splitlines() if f'<option value="{code}"' in t)
        assert name in line, line
