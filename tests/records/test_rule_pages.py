"""The page of a rule says what its findings say, why, and how to put it right, in every language."""

import re

import pytest

from records.collection.explanations import OF_A_FILE, explained
from records.instruments import reader
from standards import codelists
from standards.languages import LANGUAGES
from tests.cast import signed_in
from tests.records.files import ALL, plain, table

FORMS = {form.code: form for spec in ALL.values() if (form := reader.read_aggregate(spec))}
EVERY = {**ALL, **FORMS}
RULE = re.compile(r'href="(/instruments/[^"]+/rules/[^"]+/)"')


def test_every_text_of_the_engine_has_a_reason():
    whys = codelists.standard("why")
    assert {name for name in codelists.standard("messages") if name not in whys} == set()
    known = set(codelists.standard("messages"))
    assert {name.removesuffix(".example") for name in whys} <= known


@pytest.mark.parametrize("code", EVERY)
def test_every_rule_of_an_instrument_is_explained_with_what_it_looks_at(code):
    spec = EVERY[code]
    for rule in (*spec.rules, *spec.checks):
        known = explained(spec, rule.id)
        assert known.message == rule.message and known.own
        assert (
            rule.variable in {v.name for v in known.variables} or rule.variable not in spec.by_name
        )
    for rule in (*OF_A_FILE, "record_ref.repeated", "record_ref.other_content"):
        assert explained(spec, rule).why
    for variable in spec.variables:
        assert variable in explained(spec, f"{variable.name}.missing").variables


def test_a_rule_about_a_code_speaks_of_this_code():
    spec = ALL["SMS-WPF"]
    known = explained(spec, "citizenship.suggested.UZB")
    assert "Uzbekistan" in known.message["en"] and "{" not in known.message["en"]
    for unknown in ("citizenship.suggested.XQX", "nothing.missing", "citizenship.nothing", "x", ""):
        assert explained(spec, unknown) is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_on_the_pages_of_an_upload_leads_to_its_rule(language, send, clerk):
    upload = send(
        plain(
            table(
                4,
                citizenship=["Nowhere", "TUR", "TUR", "TUR"],
                valid_to=["05.03.2027", "01.01.2020", "05.03.2029", "??"],
                sex=["F", "M", "", "F"],
            )
        )
    )
    browser = signed_in(clerk, language)
    for page in (f"/uploads/{upload.pk}/", f"/uploads/{upload.pk}/held"):
        links = set(RULE.findall(browser.get(page).content.decode()))
        rules = {cause["rule"] for cause in upload.report["findings"]}
        shown = {rule for rule in rules if any(f"/{rule}/" in link for link in links)}
        errors = {c["rule"] for c in upload.report["findings"] if c["severity"] == "error"}
        assert shown >= (errors if page.endswith("held") else rules)
        for link in links:
            answer = browser.get(link)
            assert answer.status_code == 200, link
    causes = {cause["rule"]: cause for cause in upload.report["findings"]}
    page = browser.get("/instruments/SMS-WPF/rules/citizenship.unknown_text/").content.decode()
    assert causes["citizenship.unknown_text"]["message"][language] in page
    assert codelists.standard("why")["unknown_text"][language] in page
