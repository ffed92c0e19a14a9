"""Code lists as files: CSV, and SDMX-ML 3.0 or 2.1 code lists, written and read.

A file holds whole codes in the form of `standards.editions`: labels in three languages, aliases, parent, retirement.
SDMX has no place for aliases and retirement, so these are annotations. Nothing here knows the database.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import (
    Element,
    ParseError,
    SubElement,
    TreeBuilder,
    XMLParser,
    indent,
    register_namespace,
    tostring,
)

from standards.languages import LANGUAGES, Labels, marked

LARGEST = (
    700_000  # bytes: a file is carried through its preview in a form, which takes a third more
)
COLUMNS = ("code", *LANGUAGES, "parent", "aliases", "retired", "successor")
BETWEEN, ESCAPE = "; ", "\\"  # of aliases in a cell
AGENCY, VERSION = "MIGDATA", "1.0"
SDMX = {
    version: {
        "mes": f"http://www.sdmx.org/resources/sdmxml/schemas/{schema}/message",
        "str": f"http://www.sdmx.org/resources/sdmxml/schemas/{schema}/structure",
        "com": f"http://www.sdmx.org/resources/sdmxml/schemas/{schema}/common",
    }
    for version, schema in (("3.0", "v3_0"), ("2.1", "v2_1"))
}
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
ANNOTATIONS = {"ALIASES": "aliases", "RETIRED": "retired", "SUCCESSOR": "successor"}
Codes = dict[str, dict[str, Any]]


class Unreadable(ValueError):
    """A file is no code list; the text says why, marked for the translators, with the values it needs."""

    def __init__(self, text: str, **values: object) -> None:
        super().__init__(text)
        self.text, self.values = text, values


NO_LIST = marked(
    "The file is no code list: neither a CSV with the columns %(columns)s, nor SDMX-ML."
)
TOO_LARGE = marked("The file is larger than 4 MB.")
NO_XML = marked("The file is no well-formed XML.")
DOCTYPE = marked("The file declares a document type or entities. Such files are not read.")
NO_CODE = marked("Row %(row)s has no code.")
TWICE = marked("The code %(code)s stands twice.")


def to_csv(codes: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Return codes as CSV in UTF-8 with a byte-order mark: a header, then a row for each code."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for code, content in codes.items():
        aliases = BETWEEN.join(_escaped(alias) for alias in content["aliases"])
        labels = [content["labels"][language] for language in LANGUAGES]
        rest = (content["parent"], aliases, content["retired"], content["successor"])
        writer.writerow([code, *labels, *rest])
    return ("\ufeff" + out.getvalue()).encode()


def _escaped(alias: str) -> str:
    return alias.replace(ESCAPE, ESCAPE * 2).replace(";", f"{ESCAPE};")


def _aliases(cell: str) -> list[str]:
    """Return the texts between semicolons that are not escaped."""
    parts, text, letters = list[str](), "", iter(cell)
    for letter in letters:
        if letter == ESCAPE:
            text += next(letters, "")
        elif letter == ";":
            parts.append(text)
            text = ""
        else:
            text += letter
    return [part for part in map(str.strip, [*parts, text]) if part]


def read(content: bytes) -> Codes:
    """Return the codes of a file, CSV or SDMX-ML, by what it is. Raises `Unreadable`."""
    if len(content) > LARGEST:
        raise Unreadable(TOO_LARGE)
    start = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    is_xml = start == b"<" or content[:4] in (b"\xff\xfe<\0", b"\xfe\xff\0<")
    rows = list(_from_xml(content) if is_xml else _from_csv(content))
    codes: Codes = {}
    for number, (code, row) in enumerate(rows, start=2):
        if not code:
            raise Unreadable(NO_CODE, row=number)
        if code in codes:
            raise Unreadable(TWICE, code=code)
        codes[code] = row
    return codes


def _from_csv(content: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    needed = ", ".join(COLUMNS[:4])
    try:
        text = content.decode("utf-8-sig")
        head = text.partition("\n")[0]
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if ";" in head else ",", strict=True)  # fmt: skip
        if not set(COLUMNS[:4]) <= set(reader.fieldnames or ()):
            raise Unreadable(NO_LIST, columns=needed)
        for row in reader:
            cells = {name: (row.get(name) or "").strip() for name in COLUMNS}
            yield (
                cells["code"],
                {
                    "labels": {language: cells[language] for language in LANGUAGES},
                    "aliases": _aliases(cells["aliases"]),
                    **{name: cells[name] for name in ("parent", "retired", "successor")},
                },
            )
    except (UnicodeDecodeError, csv.Error):
        raise Unreadable(NO_LIST, columns=needed) from None


def to_sdmx(
    name: str,
    title: Labels,
    number: int,
    codes: Mapping[str, Mapping[str, Any]],
    version: str = "3.0",
) -> bytes:
    """Return codes as an SDMX-ML structure message with one code list.

    name, title, number: of the list, and of its edition, which is its minor version. A parent of another list is an
    annotation: the Parent of SDMX is a code of the same list.
    """
    names = SDMX[version]
    for prefix, address in names.items():
        register_namespace(prefix, address)
    root = Element(f"{{{names['mes']}}}Structure")
    header = SubElement(root, f"{{{names['mes']}}}Header")
    for element, text in (("ID", name.upper()), ("Test", "false"), ("Prepared", "2000-01-01T00:00:00Z")):  # fmt: skip
        SubElement(header, f"{{{names['mes']}}}{element}").text = text
    SubElement(header, f"{{{names['mes']}}}Sender", {"id": AGENCY})
    structures = SubElement(root, f"{{{names['mes']}}}Structures")
    codelists = SubElement(structures, f"{{{names['str']}}}Codelists")
    where = {"id": f"CL_{name.upper()}", "agencyID": AGENCY, "version": f"1.{number}"}
    codelist = SubElement(codelists, f"{{{names['str']}}}Codelist", where)
    _names(codelist, names, title)
    for code, content in codes.items():
        _add_code(codelist, names, code, content, codes)
    indent(root)
    return tostring(root, encoding="utf-8", xml_declaration=True)


def _add_code(
    codelist: Element,
    names: Mapping[str, str],
    code: str,
    content: Mapping[str, Any],
    codes: Mapping[str, Any],
) -> None:
    element = SubElement(codelist, f"{{{names['str']}}}Code", {"id": code})
    notes = [("ALIASES", alias) for alias in content["aliases"]]
    notes += [(kind, content[key]) for kind, key in ANNOTATIONS.items() if key != "aliases" and content[key]]  # fmt: skip
    inside = content["parent"] in codes
    if content["parent"] and not inside:
        notes.append(("PARENT", content["parent"]))
    if notes:
        annotations = SubElement(element, f"{{{names['com']}}}Annotations")
        for kind, text in notes:
            annotation = SubElement(annotations, f"{{{names['com']}}}Annotation")
            SubElement(annotation, f"{{{names['com']}}}AnnotationType").text = kind
            SubElement(annotation, f"{{{names['com']}}}AnnotationText", {XML_LANG: "en"}).text = text  # fmt: skip
    _names(element, names, content["labels"])
    if inside:
        parent = SubElement(element, f"{{{names['str']}}}Parent")
        if names is SDMX["3.0"]:
            parent.text = content["parent"]
        else:
            SubElement(parent, "Ref", {"id": content["parent"]})


def _names(parent: Element, names: Mapping[str, str], labels: Mapping[str, str]) -> None:
    for language in LANGUAGES:
        SubElement(parent, f"{{{names['com']}}}Name", {XML_LANG: language}).text = labels[language]


class _NoDocumentType(TreeBuilder):
    """Builds the tree of a document without a document type: entities and outside files come with one."""

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        raise Unreadable(DOCTYPE)


def _from_xml(content: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    parser = XMLParser(target=_NoDocumentType())  # noqa: S314 - a document type is refused before any entity is read
    try:
        parser.feed(content)
        root = parser.close()
    except (ParseError, ValueError, LookupError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(NO_XML) from None
    lists = [element for element in root.iter() if _local(element) == "Codelist"]
    if len(lists) != 1:
        raise Unreadable(NO_LIST, columns=", ".join(COLUMNS[:4]))
    for code in lists[0]:
        if _local(code) == "Code":
            yield code.get("id", "").strip(), _content(code)


def _content(code: Element) -> dict[str, Any]:
    labels, notes, parent = dict[str, str](), list[tuple[str, str]](), ""
    for element in code:
        if _local(element) == "Name":
            labels[element.get(XML_LANG, "en")] = _text(element)
        elif _local(element) == "Parent":
            parent = next((ref.get("id", "") for ref in element), "") or _text(element)
        elif _local(element) == "Annotations":
            notes += [_note(annotation) for annotation in element]
    told = dict(notes)
    return {
        "labels": {language: labels.get(language, "") for language in LANGUAGES},
        "aliases": [text for kind, text in notes if kind == "ALIASES" and text],
        "parent": parent or told.get("PARENT", ""),
        "retired": told.get("RETIRED", ""),
        "successor": told.get("SUCCESSOR", ""),
    }


def _note(annotation: Element) -> tuple[str, str]:
    parts = {_local(element): _text(element) for element in annotation}
    return parts.get("AnnotationType", ""), parts.get("AnnotationText", "")


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _text(element: Element) -> str:
    return (element.text or "").strip()


def names_in(codes: Iterable[str]) -> str:
    """Return some codes as a text, the first twelve of them."""
    listed = list(codes)
    return ", ".join(listed[:12]) + (" …" if len(listed) > 12 else "")
