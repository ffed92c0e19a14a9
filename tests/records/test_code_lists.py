"""Code lists that the statistics office keeps: what may be changed, what it touches, history, files, words."""

from contextlib import contextmanager
from threading import Thread

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import ProgrammingError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from agencies import scope
from agencies.access import Denied
from agencies.refusal import Refused
from records.codelists import changes, site, touched
from records.codelists import editions as kept
from records.codelists.changes import Overtaken, Wrong
from records.codelists.stated import stated
from records.models import ListEdition, Record, Submission
from records.review import counting
from standards import codelists, home
from tests import factories
from tests.cast import events, signed_in
from tests.records.lists import delivered, of, save  # noqa: F401 - a fixture for every test

LABELS = {"en": "New point", "ru": "Новый пункт", "tk": "Täze nokat"}
NEW = {"labels": LABELS, "aliases": [], "parent": "ROAD", "retired": "", "successor": ""}


def why(contents, by, name="crossing_points", base=1):
    with pytest.raises(Wrong) as wrong, scope.acting(by):
        changes.save(name, contents, base=base, reason="", by=by)
    return {problem.field: problem.text for problem in wrong.value.problems}


def test_a_saved_code_is_in_force_at_once_and_the_log_knows_who_saved_it(statistician):
    row = save({"NEW": NEW}, statistician, reason="A bridge was built.")
    assert (row.number, codelists.load("crossing_points").label("NEW")) == (2, "New point")
    (event,) = events("edition")
    assert (event.subject, event.person) == ("codelist:crossing_points", statistician.email)


def test_clerks_reviewers_and_administrators_change_no_list(clerk, reviewer, agency_admin, publisher):  # fmt: skip
    for person in (clerk, reviewer, agency_admin, publisher):
        with pytest.raises(Denied), scope.acting(person):
            changes.save("crossing_points", {"NEW": NEW}, base=1, reason="", by=person)


def test_editions_can_be_neither_changed_nor_deleted(statistician):
    row = save({"NEW": NEW}, statistician)
    for change in (lambda rows: rows.update(codes={}), lambda rows: rows.delete()):
        with pytest.raises(ProgrammingError), transaction.atomic():
            change(ListEdition.objects.filter(pk=row.pk))


@pytest.mark.parametrize(
    "aliases", [["Howdan"], ["ховдан"], ["  HOWDAN. "], ["Гаудан"], ["Hоwdаn"]]
)
def test_an_alias_that_means_another_code_is_refused(aliases, statistician):
    told = why({"FRP": of("FRP", aliases=aliases)}, statistician)
    assert "HOW" in told["aliases"] and "cannot mean two codes" in told["aliases"]


def test_two_new_codes_of_one_change_cannot_share_a_name(statistician):
    both = {"A1": {**NEW, "aliases": ["köpri"]}, "A2": {**NEW, "aliases": ["Kopri"]}}
    assert set(why(both, statistician)) == {"en", "ru", "tk", "aliases"}


@pytest.mark.parametrize("number", ["1", "2", "z"])
def test_a_number_is_never_made_a_sex(number, statistician):
    aliases = [*of("F", "sex")["aliases"], number]
    assert "never a sex" in why({"F": of("F", "sex", aliases=aliases)}, statistician, "sex")["aliases"]  # fmt: skip


def test_an_ambiguous_name_and_a_people_are_never_made_a_country(statistician):
    for word in ("Корея", "узбек"):
        content = of("UZB", "countries", aliases=[*of("UZB", "countries")["aliases"], word])
        assert "always asked about" in why({"UZB": content}, statistician, "countries")["aliases"]


@pytest.mark.parametrize(
    "name, standard", [("countries", "ISO 3166-1"), ("directions", "Rules and figures")]
)
def test_codes_of_a_standard_are_labelled_but_neither_added_nor_retired(
    name, standard, statistician
):
    first = codelists.delivered(name).codes[0].code
    added = {**NEW, "parent": ""}
    assert standard in why({"ZZ9": added}, statistician, name)["code"]
    retired = of(first, name, retired="2020-01-01")
    assert standard in why({first: retired}, statistician, name)["retired"]
    renamed = of(first, name, labels={**of(first, name)["labels"], "en": "Another name"})
    save({first: renamed}, statistician, name)
    assert codelists.load(name).label(first) == "Another name"


@pytest.mark.parametrize(
    "changed, field",
    [
        ({"parent": "MOON"}, "parent"),
        ({"retired": "soon"}, "retired"),
        ({"retired": "2026-01-01", "successor": "FRP"}, "successor"),
        ({"retired": "2026-01-01", "successor": "NONE"}, "successor"),
        ({"successor": "HOW"}, "retired"),
        ({"labels": {**LABELS, "tk": " "}}, "tk"),
        ({"labels": {**LABELS, "ru": "д" * 201}}, "ru"),
        ({"aliases": ["a" * 151]}, "aliases"),
    ],
)
def test_what_is_wrong_with_a_code_is_said_beside_its_field(changed, field, statistician):
    assert field in why({"FRP": of("FRP", **changed)}, statistician)


@pytest.mark.parametrize("code", ["", "TOO LONG", "x" * 33, "NEW_U", "_X", "кот"])
def test_a_code_that_no_record_could_hold_is_refused(code, statistician):
    assert "code" in why({code: NEW}, statistician)


def test_a_code_is_no_longer_than_the_column_of_records_that_holds_it(instruments, statistician):
    content = {**NEW, "parent": ""}
    assert "7" in why({"TM-12345": content}, statistician, "regions")["code"]


def test_a_code_in_use_is_retired_only_with_a_successor(instruments, agency, clerk, statistician):
    with scope.acting(clerk):
        month = factories.submission(agency, instruments["SMS-WPF"])
        factories.record(month, region="TM-A")
    told = why({"TM-A": of("TM-A", "regions", retired="2026-01-01")}, statistician, "regions")
    assert told["successor"] == "The code is in use: records state it. Name its successor."  # fmt: skip
    save({"TM-A": of("TM-A", "regions", retired="2026-01-01", successor="TM-S")}, statistician, "regions")  # fmt: skip
    assert codelists.load("regions").meant("TM-A") == "TM-S"
    with scope.acting(clerk):
        assert Record.objects.get().region == "TM-A"


def test_a_code_that_stands_for_another_is_retired_only_with_a_successor(instruments, statistician):
    save({"FRP": of("FRP", retired="2026-01-01", successor="HOW")}, statistician)
    told = why({"HOW": of("HOW", retired="2026-02-01")}, statistician, base=2)
    assert "stands for one that is retired" in told["successor"]


def test_an_unused_code_is_retired_without_one(instruments, statistician):
    save({"FRP": of("FRP", retired="2026-01-01")}, statistician)
    assert "FRP" not in {code.code for code in codelists.load("crossing_points").in_use}


def test_what_a_change_touches_is_counted_by_instrument_for_who_may_see_it(
    instruments, agency, clerk, statistician
):
    with scope.acting(clerk):
        crossings = factories.submission(agency, instruments["SMS-BCR"])
        for k in range(3):
            factories.record(crossings, str(k), extras={"crossing_point": "FRP"})
    with scope.acting(statistician):
        seen = touched.touched("crossing_points", ["FRP"], statistician)
        assert Record.objects.count() == 0  # the look beyond the own scope is over
    assert (seen.records, seen.is_elsewhere) == (3, False)
    assert [(a.version.instrument.code, a.records) for a in seen.instruments if a.records] == [
        ("SMS-BCR", 3)
    ]
    with scope.acting(statistician):
        of_regions = touched.touched("regions", ["TM-A"], statistician)
    assert seen.datasets == () and "WPF" in [code for code, _title in of_regions.datasets]


def test_records_of_what_is_submitted_are_counted_by_its_counts_and_those_of_what_is_open_by_rows(
    instruments, agency, clerk, statistician
):
    with scope.acting(clerk):
        months = [
            factories.submission(agency, instruments["SMS-BCR"], f"2026-0{k}") for k in (1, 2, 3)
        ]
        for month in months:
            for k, point in enumerate(("FRP", "FRP", "HOW", "")):
                factories.record(month, f"{month.pk}-{k}", extras={"crossing_point": point})
        asking = [(v.instrument_id, vs) for v, _spec, vs in touched._asking("crossing_points")]
        wanted = ["FRP", "HOW", "_U"]
        by_rows = stated(asking, wanted)
        for month in months[:2]:  # the second is reopened: what was counted of it may be wrong
            counting.keep(month, counting.count(month, {}), odd=0, days_late=None)
        Submission.objects.filter(pk=months[0].pk).update(state="SUBMITTED")
        Record.objects.filter(submission=months[1], record_ref__endswith="-0").delete()
        by_both = stated(asking, wanted)
        of_sex = touched.use_of("sex", ["F"])["F"].total
    number = instruments["SMS-BCR"].pk
    assert {code: n[number] for code, n in by_rows.items()} == {"FRP": 6, "HOW": 3, "_U": 3}
    assert {code: n[number] for code, n in by_both.items()} == {"FRP": 5, "HOW": 3, "_U": 3}
    assert of_sex == 11


def test_rules_that_name_a_code_are_told(instruments, statistician):
    with scope.acting(statistician):
        seen = touched.touched("travellers", ["STLS"], statistician)
    assert "traveller.foreigner" in [rule for asking in seen.instruments for rule in asking.rules]


def test_the_second_of_two_who_save_is_told_and_loses_nothing(statistician):
    save({"NEW": NEW}, statistician)
    with pytest.raises(Overtaken, match="saved edition 2"), scope.acting(statistician):
        changes.save("crossing_points", {"NEW2": NEW}, base=1, reason="", by=statistician)
    browser = signed_in(statistician)
    form = {"code": "N2", "en": "Second", "ru": "Второй", "tk": "Ikinji", "base": "1"}
    seen = browser.post("/code-lists/crossing_points/new", form).context
    page = browser.post("/code-lists/crossing_points/new", {**form, "seen": seen["form"].seen})
    assert page.status_code == 422 and "saved edition 2" in page.text
    assert 'value="Second"' in page.text and 'name="base" value="2"' in page.text


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_the_same_moment_one_is_told(statistician):
    results = []

    def save_code(code):
        try:
            with scope.acting(statistician):
                labels = {lang: f"{label} {code}" for lang, label in LABELS.items()}
                changes.save("crossing_points", {code: {**NEW, "labels": labels}}, base=1, reason="", by=statistician)  # fmt: skip
            results.append("saved")
        except Overtaken:
            results.append("told")
        finally:
            connections.close_all()

    threads = [Thread(target=save_code, args=[code]) for code in ("N1", "N2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["saved", "told"]
    assert ListEdition.objects.count() == 1


def test_nothing_changed_makes_no_edition_and_what_is_as_delivered_again_leaves_none(statistician):
    with pytest.raises(Refused, match="Nothing is changed"), scope.acting(statistician):
        changes.save("crossing_points", {"FRP": of("FRP")}, base=1, reason="", by=statistician)
    save({"FRP": of("FRP", aliases=["Farab"])}, statistician)
    assert save({"FRP": of("FRP")}, statistician, base=2).codes == {}


@contextmanager
def asked(address, browser):
    with CaptureQueriesContext(connection) as queries:
        response = browser.get(address)
    yield response, [q["sql"] for q in queries if "records_listedition" in q["sql"]]


def test_a_page_asks_once_whether_there_are_newer_editions(client, statistician):
    save({"NEW": NEW}, statistician)
    for address in ("/code-lists/", "/code-lists/crossing_points/"):
        with asked(address, client) as (response, queries):
            assert response.status_code == 200 and len(queries) == 1


def test_a_list_tells_everybody_its_codes_by_anchors(client, statistician):
    save({"NEW": NEW, "FRP": of("FRP", retired="2026-01-01", successor="NEW")}, statistician)
    page = client.get("/code-lists/crossing_points/").text
    assert 'id="code-NEW"' in page and "retired from 01.01.2026; New point stands for it" in page
    assert "Take in a file" not in page
    assert "Take in a file" in signed_in(statistician).get("/code-lists/crossing_points/").text


def test_a_code_is_changed_on_its_page_after_it_was_looked_at(instruments, statistician):
    browser, address = signed_in(statistician), "/code-lists/crossing_points/code/FRP/"
    form = {"en": "Farap", "ru": "Фарап", "tk": "Farap", "parent": "ROAD", "aliases": "Farab\r\nФараб", "base": "1"}  # fmt: skip
    look = browser.post(address, form)
    assert "Border crossings" in look.text and ListEdition.objects.count() == 0
    changed = browser.post(address, {**form, "aliases": "Farab", "seen": look.context["form"].seen})
    assert ListEdition.objects.count() == 0 and changed.status_code == 200  # it was not looked at
    seen = {**form, "seen": look.context["form"].seen, "reason": "Old maps"}
    assert browser.post(address, seen).status_code == 302
    assert ListEdition.objects.get().codes["FRP"]["aliases"] == ["Farab", "Фараб"]
    history = browser.get("/code-lists/crossing_points/history").text
    assert "Old maps" in history and "Farab; Фараб" in history


def test_a_file_is_looked_at_and_then_taken_in(instruments, statistician):
    browser, address = signed_in(statistician), "/code-lists/crossing_points/import"
    mine = browser.get("/code-lists/crossing_points/codes.xml").content
    with_new = mine.replace(b">Farap</", b">Farap bridge</")
    file = SimpleUploadedFile("list.xml", with_new)
    look = browser.post(address, {"base": "1", "file": file})
    assert look.context["preview"]["changed"] == 1 and ListEdition.objects.count() == 0
    preview = look.context["preview"]
    form = {"base": "1", "seen": preview["seen"], "carried": preview["carried"]}
    assert browser.post(address, form).status_code == 302
    kept.refresh()
    assert codelists.load("crossing_points").label("FRP") == "Farap bridge"


@pytest.mark.parametrize(
    "content, told",
    [
        (b"code;en\nA;B", "neither a CSV"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "document type"),
        (b"code,en,ru,tk\nA,1,2,3\nA,1,2,3", "stands twice"),
        (b"code,en,ru,tk,aliases\nFRP,Farap,x,y,Howdan", "cannot mean two codes"),
        (b"code,en,ru,tk,parent\nN,1,2,3,MOON", "no group MOON"),
    ],
)
def test_a_file_that_cannot_be_taken_in_says_why(content, told, statistician):
    file = SimpleUploadedFile("list.csv", content)
    page = signed_in(statistician).post(
        "/code-lists/crossing_points/import", {"base": "1", "file": file}
    )
    assert page.status_code == 422 and told in page.text
    assert ListEdition.objects.count() == 0


@pytest.mark.parametrize("base", ["", "x", "-1", "9" * 20, "١"])
def test_a_form_without_its_edition_is_refused(base, statistician):
    browser = signed_in(statistician)
    for address in ("/code-lists/crossing_points/new", "/site/"):
        assert browser.post(address, {"base": base, "code": "N"}).status_code == 400


def test_only_a_country_is_a_home_country_and_rules_follow_it(instruments, statistician):
    for code in ("XXX", "XXA", "MOON", ""):
        with pytest.raises(Refused), scope.acting(statistician):
            site.set_home_country(code, base=1, reason="", by=statistician)
    browser, form = signed_in(statistician), {"country": "KAZ", "base": "1"}
    look = browser.post("/site/", form)
    assert "Work permits for foreigners" in look.text and not ListEdition.objects.exists()
    assert browser.post("/site/", {**form, "seen": look.context["seen"]}).status_code == 302
    kept.refresh()
    from records.instruments import versions

    spec = versions.spec_of(versions.current(instruments["SMS-WPF"]))
    rule = next(rule for rule in spec.rules if rule.id == "citizenship.national")
    assert home.country() == "KAZ" and rule.when[0]["in"] == ["KAZ"]
    assert "home" in str(spec.raw["rules"])  # what is published names no country
