"""An instrument as a codebook of DDI (Data Documentation Initiative, Codebook 2.5): XML for archives and programs.

Elements stand in the order of the schema (https://ddialliance.org/Specification/DDI-Codebook/2.5). Every text is
there in every language, by xml:lang.
"""

from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement, indent, register_namespace, tostring

from records.instruments.spec import Spec, Variable
from records.instruments.terms import Terms
from standards import codelists, languages
from standards.languages import LANGUAGES, Labels

NAMESPACE = "ddi:codebook:2_5"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
FORMATS = {"integer": "numeric", "decimal": "numeric"}  # of varFormat; every other kind is text
CONTINUOUS = ("integer", "decimal", "date", "birth")

register_namespace("", NAMESPACE)


def codebook(
    spec: Spec,
    terms: Terms,
    *,
    agencies: Mapping[str, str],
    published_on: str,
    access: Mapping[str, str],
) -> bytes:
    """Return the codebook of one version of an instrument as UTF-8.

    agencies: code -> name of those who deliver it; published_on: the day of the version, YYYY-MM-DD; access: who
    may see the records, by language.
    """
    root = Element(_name("codeBook"), {"version": "2.5", XML_LANG: "en"})
    document = _add(_add(root, "docDscr"), "citation")
    _titles(document, spec)
    _study(_add(root, "stdyDscr"), spec, terms, agencies, published_on, access)
    data = _add(root, "dataDscr")
    for variable in spec.variables:
        _variable(data, variable)
    indent(root)
    return tostring(root, encoding="utf-8", xml_declaration=True)


def _study(
    study: Element,
    spec: Spec,
    terms: Terms,
    agencies: Mapping[str, str],
    published_on: str,
    access: Mapping[str, str],
) -> None:
    citation = _add(study, "citation")
    _titles(citation, spec)
    responsible = _add(citation, "rspStmt")
    for code, name in agencies.items():
        _add(responsible, "AuthEnty", f"{name} ({code})")
    _add(_add(citation, "verStmt"), "version", str(spec.version), date=published_on)
    if terms.legal_basis:
        _texts(_add(study, "studyAuthorization"), "authorizationStatement", terms.legal_basis)
    about = _add(study, "stdyInfo")
    _texts(about, "abstract", spec.purpose)
    summary = _add(about, "sumDscr")
    _add(summary, "anlyUnit", spec.unit)
    _add(summary, "dataKind", "aggregate data" if spec.is_counts else "administrative records data")
    _add(_add(_add(study, "method"), "dataColl"), "frequenc", spec.frequency)
    use = _add(_add(study, "dataAccs"), "useStmt")
    _texts(use, "restrctn", access)
    if terms.retention:
        _add(use, "conditions", f"Records are kept for {terms.retention} years.")


def _titles(citation: Element, spec: Spec) -> None:
    """The title is in English, parallel titles in the other languages."""
    titles = _add(citation, "titlStmt")
    _add(titles, "titl", spec.title["en"], "en")
    for language in LANGUAGES:
        if language != "en" and spec.title.get(language):
            _add(titles, "parTitl", spec.title[language], language)
    _add(titles, "IDNo", spec.code)


def _variable(data: Element, variable: Variable) -> None:
    interval = "contin" if variable.kind in CONTINUOUS else "discrete"
    element = _add(data, "var", ID=f"V_{variable.name}", name=variable.name, intrvl=interval)
    _texts(element, "labl", variable.label)
    if variable.help:
        _texts(_add(element, "qstn"), "ivuInstr", variable.help)
    limits = {"min": variable.low, "max": variable.high}
    stated = {name: f"{limit:g}" for name, limit in limits.items() if limit is not None}
    if stated and variable.kind in FORMATS:
        _add(_add(element, "valrng"), "range", **stated)
    for code in variable.accepted:
        missing = {"missing": "Y"} if code.code == variable.unknown else {}
        category = _add(element, "catgry", **missing)
        _add(category, "catValu", code.code)
        _texts(category, "labl", {lang: code.label(lang) for lang in LANGUAGES})
    _texts(element, "codInstr", unreadable_cells(variable))
    _add(element, "varFormat", type=FORMATS.get(variable.kind, "character"))


def unreadable_cells(variable: Variable) -> Labels:
    """Say what becomes of a row whose cell of the variable cannot be read, in every language."""
    name = "unreadable.holds" if variable.holds_rows else "unreadable.left_out"
    return languages.say(codelists.standard("reading")[name])


def _texts(parent: Element, name: str, labels: Mapping[str, str]) -> None:
    """Add the element once for each language; English where a language lacks the text."""
    for language in LANGUAGES:
        _add(parent, name, labels.get(language) or labels.get("en", ""), language)


def _add(
    parent: Element, element: str, text: str = "", language: str = "", /, **attributes: str
) -> Element:
    added = SubElement(parent, _name(element), attributes)
    if language:
        added.set(XML_LANG, language)
    if text:
        added.text = text
    return added


def _name(element: str) -> str:
    return f"{{{NAMESPACE}}}{element}"
