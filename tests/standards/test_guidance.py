"""Guidance and glossary: said where the variables are, in three languages, with words that lead somewhere."""

import re

import pytest
from django.template import engines
from django.urls import reverse
from django.utils import translation

from records.instruments import reader
from standards import glossary, guidance
from standards.definitions import InvalidDefinition
from standards.languages import LANGUAGES
from standards.templatetags.guidance import linked
from tests.cast import signed_in

LONGEST = 300  # characters: few words


def texts():
    return {
        (place, role): found
        for place in guidance.places()
        for role in guidance.ROLES
        if (found := guidance.beside(place, role))
    }


def test_every_variable_that_has_guidance_is_asked_by_an_instrument():
    asked = {v.name for path in reader.paths() for v in reader.read(path).variables}
    named = {place for place in guidance.places() if ":" not in place}
    assert named <= asked


def test_guidance_is_short_and_speaks_of_sex_to_every_role():
    for (place, role), found in texts().items():
        for language in LANGUAGES:
            plain = guidance.LINK.sub(r"\2", found.text[language])
            assert len(plain) <= LONGEST, (place, role, language)
            assert "[" not in plain, (place, role, language)
    assert all(guidance.beside("sex", role) for role in guidance.ROLES)


def test_the_languages_of_a_text_lead_to_the_same_words():
    for (place, role), found in texts().items():
        anchors = {
            tuple(sorted(a for a, _w in guidance.LINK.findall(t))) for t in found.text.values()
        }
        assert len(anchors) == 1, (place, role, anchors)


def test_words_of_guidance_lead_to_the_glossary_and_texts_are_escaped():
    made = linked("See [sex|the sex] & <b>")
    assert made == (
        f'See <a class="term" href="{reverse("reports:glossary")}#sex">the sex</a> &amp; &lt;b&gt;'
    )


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (guidance, "[not-stated|not stated]", "[not-state|not stated]", "not-stated"),
        (guidance, "source: ilo-189", "source: ilo-188", "ilo-189"),
        (guidance, "beside: [wage_month]", "beside: [sex]", "has the text"),
        (glossary, "see: [gender, not-stated]", "see: [gender, unstated]", "not-stated"),
        (glossary, "source: iom, see: [emigration, flow]", "source: imo, see: [flow]", "iom"),
    ],
)
def test_a_word_that_leads_nowhere_is_refused(file, old, new, message, tmp_path):
    text = file.FILE.read_text()
    assert old in text
    path = tmp_path / file.FILE.name
    path.write_text(text.replace(old, new, 1))
    read = guidance._texts if file is guidance else glossary.terms
    with pytest.raises(InvalidDefinition, match=message):
        read(path)


def test_every_term_of_a_template_is_in_the_glossary():
    """A tag with a term that there is not would break its page when it is first shown."""
    used = set()
    for folder in engines["django"].dirs:
        for path in folder.rglob("*.html"):
            used |= set(re.findall(r'{% term "([^"]+)"', path.read_text()))
    assert used
    assert used <= set(glossary.terms())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_glossary_has_an_anchor_for_every_word_in_every_language(client, db, language):
    client.cookies["django_language"] = language
    page = client.get(reverse("reports:glossary")).content.decode()
    for anchor, term in glossary.terms().items():
        assert page.count(f'id="{anchor}"') == 1
        assert term.text[language].split('"')[0][:30] in page.replace("&#x27;", "'")


@pytest.mark.parametrize(
    ("wanted", "found"), [("remitt", True), ("ПЕРЕВОД", True), ("jyns", True), ("zzz", False)]
)
def test_a_word_is_found_by_a_part_of_it_in_any_language(client, db, wanted, found):
    page = client.get(reverse("reports:glossary"), {"q": wanted}).content.decode()
    assert ('<dl class="glossary">' in page) is found
    assert page.count("<dt>") < len(glossary.terms())


def test_guidance_stands_beside_the_field_and_opens_at_every_one(instruments, clerk, agency):
    typing = signed_in(clerk)
    address = reverse("records:record_new", args=["SMS-WPF", agency.code])
    closed, opened = (typing.get(address + q).content.decode() for q in ("", "?guidance=all"))
    with translation.override("en"):
        text = str(linked(guidance.beside("sex", "clerk").text["en"]))
    assert text in closed
    assert closed.count('<details class="guidance">') > 4
    assert closed.count('<summary tabindex="-1">') > 4  # no stop of the Tab key
    assert opened.count('<details class="guidance" open>') == closed.count(
        '<details class="guidance">'
    )
    shown = typing.get(reverse("records:instrument", args=["SMS-WPF"])).content.decode()
    for role in guidance.ROLES:
        assert str(linked(guidance.beside("sex", role).text["en"])) in shown
