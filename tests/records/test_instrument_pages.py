"""Instrument pages: for everybody, with everything that the definition says; and as DDI Codebook 2.5."""

import re
from xml.etree import ElementTree

import pytest

from records.instruments import reader, versions
from records.instruments.codebook import NAMESPACE, XML_LANG, codebook
from records.instruments.spec import Spec
from records.instruments.terms import terms_of
from records.pages import instruments as pages
from standards.languages import LANGUAGES
from standards.measures import CONCEPTS, UNITS
from standards.periods import FREQUENCIES
from tests.cast import signed_in

NAMES = {"ddi": NAMESPACE}
SAID = {"en": "Law on migration, article 1", "ru": "Закон о миграции", "tk": "Migrasiýa kanuny"}


def spec_of(path):
    return reader.read(path)


def texts(element, name):
    return {e.get(XML_LANG): e.text for e in element.findall(f"ddi:{name}", NAMES)}


@pytest.mark.parametrize("path", reader.paths(), ids=lambda path: path.stem)
def test_a_codebook_has_every_variable_and_category_in_three_languages(path):
    spec = spec_of(path)
    content = codebook(
        spec, terms_of(spec), agencies={"SMS": "Service"}, published_on="2026-01-01", access=SAID
    )
    root = ElementTree.fromstring(content)
    variables = root.findall("ddi:dataDscr/ddi:var", NAMES)
    assert [v.get("name") for v in variables] == [v.name for v in spec.variables]
    for element, variable in zip(variables, spec.variables, strict=True):
        assert texts(element, "labl") == {lang: variable.label[lang] for lang in LANGUAGES}
        codes = element.findall("ddi:catgry", NAMES)
        assert [c.findtext("ddi:catValu", "", NAMES) for c in codes] == [
            code.code for code in variable.accepted
        ]
        for category, code in zip(codes, variable.accepted, strict=True):
            assert texts(category, "labl") == {lang: code.label(lang) for lang in LANGUAGES}
            assert (category.get("missing") == "Y") == (code.code == variable.unknown)
    assert len({v.get("ID") for v in variables}) == len(variables)


ORDER = {
    "codeBook": ["docDscr", "stdyDscr", "fileDscr", "dataDscr", "otherMat"],
    "stdyDscr": ["citation", "studyAuthorization", "stdyInfo", "method", "dataAccs", "notes"],
    "citation": ["titlStmt", "rspStmt", "prodStmt", "distStmt", "serStmt", "verStmt", "biblCit"],
    "titlStmt": ["titl", "subTitl", "altTitl", "parTitl", "IDNo"],
    "stdyInfo": ["subject", "abstract", "sumDscr"],
    "sumDscr": ["timePrd", "nation", "anlyUnit", "universe", "dataKind"],
    "useStmt": ["confDec", "specPerm", "restrctn", "contact", "conditions", "disclaimer"],
    "var": ["location", "labl", "security", "qstn", "valrng", "invalrng", "universe", "txt",
            "catgryGrp", "catgry", "codInstr", "concept", "varFormat", "notes"],
    "catgry": ["catValu", "labl", "txt", "catStat"],
}  # fmt: skip


def test_the_elements_of_a_codebook_stand_in_the_order_of_its_schema():
    (path,) = [p for p in reader.paths() if p.stem == "sms-wpf"]
    content = {**spec_of(path).raw, "legal_basis": SAID, "retention": 10}
    spec = Spec.from_content(content)
    root = ElementTree.fromstring(
        codebook(
            spec,
            terms_of(spec),
            agencies={"SMS": "Service"},
            published_on="2026-01-01",
            access=SAID,
        )
    )
    checked = set()
    for element in root.iter():
        name = element.tag.removeprefix(f"{{{NAMESPACE}}}")
        if name in ORDER:
            places = [ORDER[name].index(c.tag.removeprefix(f"{{{NAMESPACE}}}")) for c in element]
            assert places == sorted(places), name
            checked.add(name)
    assert checked == set(ORDER)
    study = root.find("ddi:stdyDscr", NAMES)
    assert texts(study.find("ddi:studyAuthorization", NAMES), "authorizationStatement") == SAID
    assert texts(study.find("ddi:stdyInfo", NAMES), "abstract") == dict(spec.purpose)


def test_every_unit_concept_and_frequency_has_its_words():
    assert set(pages.UNITS) == set(UNITS) and set(pages.CONCEPTS) == set(CONCEPTS)
    assert set(pages.FREQUENCIES) == {frequency[0] for frequency in FREQUENCIES}


@pytest.mark.django_db
class TestPages:
    def test_a_visitor_reads_every_instrument_with_its_variables_readers_and_tables(
        self, client, instruments
    ):
        listed = client.get("/instruments/").content.decode()
        for code in instruments:
            page = client.get(f"/instruments/{code}/")
            assert page.status_code == 200 and f"/instruments/{code}/" in listed
            spec = versions.spec_of(versions.current(instruments[code]))
            assert [v["name"] for v in page.context["variables"]] == [
                v.name for v in spec.variables
            ]
        page = client.get("/instruments/SMS-WPF/")
        assert {code for code, _title, _address in page.context["tables"]} >= {"T13", "T14"}
        text = page.content.decode()
        assert "not said yet" in text and "Clerk, Reviewer" in text and "every month" in text
        file = client.get("/instruments/SMS-WPF/codebook.xml")
        assert file["Content-Type"].startswith("application/xml")
        assert ElementTree.fromstring(file.content).tag == f"{{{NAMESPACE}}}codeBook"

    def test_legal_basis_and_retention_are_told_where_the_definition_says_them(
        self, client, instruments, tmp_path
    ):
        (path,) = [p for p in reader.paths() if p.stem == "sms-wpf"]
        yaml = re.sub(r"version: \d+\n", "version: 99\n", path.read_text(), count=1)
        said = f"legal_basis: {{en: '{SAID['en']}', ru: '{SAID['ru']}', tk: '{SAID['tk']}'}}\n"
        changed = tmp_path / "sms-wpf.yaml"
        changed.write_text(yaml.replace("variables:\n", f"{said}retention: 5\nvariables:\n", 1))
        versions.publish(changed)
        text = client.get("/instruments/SMS-WPF/").content.decode()
        assert SAID["en"] in text and "5 years" in text and "not said yet" not in text

    def test_where_figures_need_an_account_so_do_instruments(
        self, client, instruments, viewer, settings
    ):
        settings.FIGURES_ARE_PUBLIC = False
        for address in ("", "SMS-WPF/", "SMS-WPF/codebook.xml", "SMS-WPF/template.csv"):
            assert client.get(f"/instruments/{address}").status_code in (302, 401)
            assert signed_in(viewer).get(f"/instruments/{address}").status_code == 200
