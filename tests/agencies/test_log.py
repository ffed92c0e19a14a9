"""Who did what: who reads which events, in which words, page after page, as a file."""

import ast
import csv
import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from agencies import access, audit, deeds, log, scope
from agencies.models import Event
from agencies.roles import ROLES, Permission, Role
from records.collection import entry
from records.review.steps import STEPS
from standards.languages import LANGUAGES
from tests import factories
from tests.cast import events, make_agency, make_person, signed_in

pytestmark = pytest.mark.django_db(databases=["default", "side"])
ADDRESS, FILE = "/people/log/", "/people/log/log.csv"


def sentences(client, address=ADDRESS):
    response = client.get(address)
    assert response.status_code == 200, response.content.decode()
    return [line.sentence for line in response.context["page"].lines]


def exported(client, address=FILE):
    response = client.get(address)
    assert response.status_code == 200 and response.streaming
    text = b"".join(response.streaming_content).decode().removeprefix("\ufeff")
    return list(csv.reader(io.StringIO(text)))


# Words


def written_deeds():
    """Every kind of subject and verb that the code writes: the arguments of each call that appends an event."""
    found = set()
    for app in ("agencies", "records", "reports", "migdata", "jobs"):
        for path in sorted((Path(settings.BASE_DIR) / app).rglob("*.py")):
            for call in ast.walk(ast.parse(path.read_text())):
                if isinstance(call, ast.Call):
                    found |= _deeds_of(call)
    return found


def _deeds_of(call):
    name = ast.unparse(call.func)
    if name == "of_account":
        thing = "person"
    elif name in ("audit.record", "record") and len(call.args) == 2:
        thing = _text(call.args[1]).partition(":")[0]
    else:
        return set()
    return {f"{thing} {verb}" for verb in _verbs(call.args[0])}


def _text(node):
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "" for part in parts)


def _verbs(node):
    """The verb of a call; one that a variable names is asked for where it is chosen, in other tests."""
    return [node.value] if isinstance(node, ast.Constant) else []


def test_every_event_that_the_code_can_write_has_a_sentence():
    found = written_deeds()
    assert {"person sign_in", "held discard", "release withdraw", "log export"} <= found
    chosen_by_variable = {f"submission {verb}" for verb in STEPS}
    chosen_by_variable |= {"record enter", "record correct", "record read", "record delete"}
    chosen_by_variable |= {"person activate", "person deactivate"}
    # A subject that a variable names, of a verb that is written: one of the things has a sentence with it.
    verbs = {deed.split(" ")[1] for deed in deeds.DEEDS}
    unsaid = {d for d in found - set(deeds.DEEDS) if d[0] != " " or d[1:] not in verbs}
    assert not unsaid and chosen_by_variable <= set(deeds.DEEDS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_event_is_a_sentence_in_each_language_and_no_code(language):
    with translation.override(language):
        for deed, (kind, text) in deeds.DEEDS.items():
            thing, verb = deed.split(" ")
            said = deeds.sentence(deed, f"{thing}:12", {}, "Aýna", "SMS-WPF 2026-07")
            assert "%" not in said and said.endswith((".", "”.", "».")), said
            assert "SMS-WPF" in said or "%(what)s" not in text
            assert f" {verb}" not in said.removesuffix(".") or "_" not in verb
            if language != "en":
                english = text % {"who": "Aýna", "what": "SMS-WPF 2026-07", "number": 12}
                assert said != english and kind.label != deeds.KINDS[kind]
            assert deeds.unnamed(thing, "12").endswith("(12)")


def test_an_event_that_no_sentence_is_known_for_is_still_one():
    said = deeds.sentence("comet explode", "comet:7", {}, "Aýna", "")
    assert said == "Aýna did something with 7."


def test_the_example_of_the_signed_submission_is_a_plain_sentence(agency, reviewer):
    type(reviewer).objects.filter(pk=reviewer.pk).update(name="Aýna Durdyýewa")
    audit.record("sign", "submission:5", by=reviewer, agency=agency, name="SMS SMS-WPF 2026-07")
    (line,) = log.lines(events("sign"))
    assert (
        line.sentence == "Aýna Durdyýewa signed SMS SMS-WPF 2026-07."
    )  # no instrument of this code is known


def test_submissions_and_records_are_named_in_words_by_instrument_period_and_number(
    agency, clerk, instruments
):
    audit.record("sign", "submission:5", by=clerk, agency=agency, name="SMS SMS-WPF 2026-07")
    audit.record("read", "record:8", by=clerk, agency=agency, name="SMS SMS-WPF 2026-07")
    audit.record("upload", "upload:1", by=clerk, agency=agency, name="SMS-WPF 1")
    title = instruments["SMS-WPF"].versions.first().title
    assert [line.what for line in log.lines(events("sign", "read", "upload"))] == [
        f"{title}, July 2026 (SMS)",
        f"8: {title}, July 2026 (SMS)",
        f"{title} 1",
    ]
    with translation.override("ru"):
        assert "июль 2026 (SMS)" in log.lines(events("sign"))[0].sentence


def test_the_log_holds_no_number_of_a_record_and_tells_it_to_those_who_see_the_record(
    agency, clerk, agency_admin, instruments
):
    with scope.acting(clerk):
        record = factories.record(factories.submission(agency, instruments["SMS-WPF"]), "WP-77-X")
        entry.note("read", record, by=clerk)
        (own,) = log.lines(events("read"), clerk)
    assert record.record_ref not in str([vars(event) for event in events("read")])
    assert own.what.startswith(f"{record.record_ref}: ")
    with scope.acting(agency_admin):
        (other,) = log.lines(events("read"), agency_admin)
    assert other.what.startswith(f"{record.pk}: ") and record.record_ref not in other.sentence
    rows = exported(signed_in(agency_admin), FILE)
    assert record.record_ref not in str(rows)


# Who reads what


def test_an_administrator_reads_her_agency_and_nothing_of_another_whatever_she_asks(
    agency, other_agency, agency_admin, clerk, outsider
):
    audit.record("sign", "submission:1", by=clerk, agency=agency, name="OURS")
    audit.record("sign", "submission:2", by=outsider, agency=other_agency, name="THEIRS")
    audit.record("verify", "release:3", by=outsider, name="NOBODYS")
    theirs = Event.objects.using("side").get(name="THEIRS").pk
    client = signed_in(agency_admin)
    asked = ["", "?thing=submission", "?kind=review", "?about=submission:2", f"?who={outsider.email}",
             "?first=2020-01-01", "?last=2099-01-01"]  # fmt: skip
    for query in asked:
        page = client.get(ADDRESS + query).content.decode()
        rows = [cell for row in exported(client, FILE + query) for cell in row]
        assert "THEIRS" not in page and "NOBODYS" not in page
        assert not {"THEIRS", "NOBODYS"} & set(rows)
    assert "OURS" in client.get(ADDRESS).content.decode()
    assert client.get(f"{ADDRESS}?agency=MLSP").status_code == 400
    assert client.get(f"{ADDRESS}?before={theirs}").status_code == 404
    assert client.get(f"{ADDRESS}?after={theirs}").status_code == 404


def test_the_auditor_reads_everything_and_nobody_else_reads_any(
    agency, other_agency, auditor, clerk, statistician, publisher, national_admin, viewer
):
    audit.record("sign", "submission:1", by=clerk, agency=agency, name="OURS")
    audit.record("verify", "release:3", by=publisher, name="NOBODYS")
    assert sentences(signed_in(auditor), f"{ADDRESS}?agency=SMS") == ["Clerk signed OURS."]
    assert len(sentences(signed_in(auditor), f"{ADDRESS}?thing=release")) == 1
    for person in (clerk, statistician, publisher, national_admin, viewer):
        assert signed_in(person).get(ADDRESS).status_code == 403
        assert signed_in(person).get(FILE).status_code == 403


def test_an_auditor_delivers_accepts_and_administers_nothing(auditor):
    for permission in set(Permission) - {Permission.SEE_LOG}:
        assert not access.may(auditor, permission)
    excluded = {
        role for role in ROLES if role.permissions and access.conflicts(auditor, role, agency=None)
    }
    assert excluded == set()  # nothing is asked for without an agency
    place = make_agency("NEW")
    barred = {role for role in ROLES if access.conflicts(auditor, role, agency=place)}
    assert barred == set(ROLES) - {Role.VIEWER, Role.AUDITOR}


def test_what_somebody_of_two_agencies_does_with_her_account_is_shown_to_neither(
    agency, other_agency, agency_admin, clerk
):
    audit.signed_in(clerk)
    assert "Clerk signed in." in sentences(signed_in(agency_admin))
    access.grant(clerk, Role.CLERK, other_agency)
    audit.signed_out(clerk)
    assert "Clerk signed out." not in sentences(signed_in(agency_admin))


def test_reading_a_page_of_refusals_names_who_was_refused_and_what(agency, auditor, clerk):
    assert signed_in(clerk).get("/people/").status_code == 403
    assert sentences(signed_in(auditor), f"{ADDRESS}?kind=refused") == [
        "Clerk was refused the page /people/."
    ]


def test_an_auditor_begins_at_what_happened_since_the_time_before(
    agency, auditor, clerk, monkeypatch
):
    now = timezone.now()
    for days, subject, verb in (
        (9, f"person:{auditor.pk}", "sign_in"),
        (7, "submission:1", "submit"),
        (5, f"person:{auditor.pk}", "sign_in"),
        (3, "submission:2", "sign"),
        (0, f"person:{auditor.pk}", "sign_in"),
    ):
        with monkeypatch.context() as past:
            past.setattr(timezone, "now", lambda days=days: now - timedelta(days=days))
            audit.record(verb, subject, by=auditor, agency=agency, name="A")
    client = signed_in(auditor)
    page = client.get("/", follow=True)
    assert page.redirect_chain == [("/people/log/since/", 302)]
    kinds = {kind: number for kind, _label, number in page.context["kinds"]}
    assert (kinds["review"], kinds["account"]) == (1, 2)  # since the day of the visit before
    assert page.context["since"] == timezone.localdate() - timedelta(days=5)
    assert signed_in(clerk).get("/people/log/since/").status_code == 403


# Filters, paging


def test_objects_that_are_gone_are_still_named(agency, agency_admin, clerk):
    audit.record("delete", "record:77", by=clerk, agency=agency, name="SMS SMS-WPF 2026-07")
    audit.record("roles", "person:999999", by=clerk, agency=agency, name="gone@sms.example")
    assert sentences(signed_in(agency_admin)) == [
        "Clerk changed the roles of gone@sms.example.",
        "Clerk deleted the record SMS SMS-WPF 2026-07.",
    ]


def test_events_are_limited_by_person_object_kind_and_day(agency, agency_admin, clerk, reviewer):
    audit.record("submit", "submission:1", by=clerk, agency=agency, name="A")
    audit.record("sign", "submission:1", by=reviewer, agency=agency, name="A")
    audit.record("upload", "upload:1", by=clerk, agency=agency, name="B")
    client, today = signed_in(agency_admin), timezone.localdate()
    assert sentences(client, f"{ADDRESS}?who=review") == ["Reviewer signed A."]
    assert sentences(client, f"{ADDRESS}?about=upload:1") == ["Clerk uploaded the file B."]
    assert len(sentences(client, f"{ADDRESS}?kind=review")) == 2
    assert len(sentences(client, f"{ADDRESS}?kind=review&who=clerk")) == 1
    assert len(sentences(client, f"{ADDRESS}?first={today}&last={today}")) == 3
    assert sentences(client, f"{ADDRESS}?last={today - timedelta(days=1)}") == []
    assert "No event fits" in client.get(f"{ADDRESS}?who=nobody").content.decode()
    assert sentences(client, f"{ADDRESS}?kind=review&thing=upload") == []


def test_pages_follow_each_other_without_a_gap_or_a_double_both_ways(agency, agency_admin, clerk):
    number = 2 * log.PER_PAGE + 7
    for k in range(number):
        audit.record("submit", f"submission:{k}", by=clerk, agency=agency, name=f"S{k}")
    client, seen, address = signed_in(agency_admin), [], ADDRESS
    pages = []
    while address:
        page = client.get(address).context["page"]
        pages.append([line.event.pk for line in page.lines])
        seen += pages[-1]
        address = f"{ADDRESS}?before={page.older}" if page.older else ""
    assert len(seen) == len(set(seen)) == number and seen == sorted(seen, reverse=True)
    back = client.get(f"{ADDRESS}?after={pages[-1][0]}").context["page"]
    assert [line.event.pk for line in back.lines] == pages[-2]
    first = client.get(f"{ADDRESS}?after={pages[1][0]}").context["page"]
    assert [line.event.pk for line in first.lines] == pages[0] and first.newer is None


@pytest.mark.parametrize(
    "query",
    ["?nonsense=1", "?who=a&who=b", "?kind=nonsense", "?thing=x", "?about=%27%3B--", "?first=31.02.2026",
     "?first=2026-02-02&last=2026-01-01", "?before=9999999999999999999999", "?before=x", "?before=1&after=2",
     "?who=%00"],
)  # fmt: skip
def test_what_nobody_can_ask_for_is_answered_with_a_sentence(agency_admin, query):
    client = signed_in(agency_admin)
    page, file = client.get(ADDRESS + query), client.get(FILE + query)
    assert page.status_code == file.status_code == 400
    assert re.search(r"\w.+\.$", file.content.decode()), file.content


def test_a_page_asks_as_many_queries_for_many_events_and_people_as_for_few(agency, auditor):
    client = signed_in(auditor)

    def queries():
        with (
            CaptureQueriesContext(connections["default"]) as asked,
            CaptureQueriesContext(connections["side"]) as read,
        ):
            client.get(ADDRESS)
        return len(asked), len(read)

    audit.record("sign", "submission:0", by=auditor, agency=agency)
    few = queries()
    for k in range(log.PER_PAGE):
        person = make_person(f"p{k}@sms.example", Role.CLERK, agency)
        audit.record("roles", f"person:{person.pk}", by=person, agency=agency, name=person.email)
    assert queries() == few


def test_each_filter_has_an_index_that_ends_in_time_and_number():
    indexed = {tuple(e.name for e in index.expressions) for index in Event._meta.indexes}
    first = {"subject", "person_id", "agency", "deed"}
    assert indexed == {("at", "id"), *((name, "at", "id") for name in first)}


# The file


def test_the_file_has_what_the_page_has_and_is_itself_logged(agency, agency_admin, clerk):
    audit.record("submit", "submission:1", by=clerk, agency=agency, name="=A1")
    rows = exported(signed_in(agency_admin, "ru"), f"{FILE}?who=clerk")
    assert rows[1][1:5] == ["Clerk", clerk.email, "SMS", "Clerk: отправлена поставка =A1."]
    assert rows[1][6] == "'=A1"  # no spreadsheet takes it for a formula
    (event,) = events("export")
    assert event.subject == "log:events" and event.detail == {"filters": {"who": "clerk"}}
    assert event.person == agency_admin.email and event.agency == "SMS"


def test_the_file_is_read_in_parts_of_fixed_size(agency, agency_admin, clerk, monkeypatch):
    monkeypatch.setattr(log, "EXPORTED_AT_ONCE", 3)
    for k in range(7):
        audit.record("submit", f"submission:{k}", by=clerk, agency=agency, name=f"S{k}")
    rows = exported(signed_in(agency_admin))
    assert [row[6] for row in rows[2:]] == [f"S{k}" for k in reversed(range(7))]
    assert "exported this log" in rows[1][4]
