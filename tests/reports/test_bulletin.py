"""The bulletin of a release: two pages of its published figures, in three languages, for every reader."""

import io
import re

import pypdf
from django.utils.translation import override

from reports.charts.findings import compared, newest_year
from reports.charts.kinds import kinds_of
from reports.formats import bulletin as typeset
from reports.pages import bulletins
from reports.published import editions, figures
from reports.published.query import with_headline
from reports.published.structure import TIME
from standards import numbers
from standards.periods import period_name
from tests.reports.conftest import embargo, withdraw

PAGE = "/figures/releases/"

LANGUAGES = ("en", "ru", "tk")
ADDRESS = "https://figures.example/figures/releases/X-1/"
GROUPED = re.compile(r"(?<=\d)[,\u00a0\u202f](?=\d{3}(?!\d))")
NUMBER = re.compile(r"(?<![\d.,])\d+(?:[.,]\d)?(?![\d.,]?\d)")


def read(content):
    return pypdf.PdfReader(io.BytesIO(content))


def text_of(content):
    """The text of a PDF on one line; a space that keeps a number together stays what it is."""
    return re.sub(r"[ \n]+", " ", " ".join(page.extract_text() for page in read(content).pages))


def made(edition, language):
    with override(language):
        told = bulletins.of_release(edition, ADDRESS)
    return told, typeset.pdf(told, edition.released_at)


def numbers_in(*texts):
    """The numbers of texts, thousands without their separators."""
    return {n.replace(",", ".") for text in texts for n in NUMBER.findall(GROUPED.sub("", text))}


def published(edition):
    """Every count and share that the charts of a release show, of what its dataset counts; years as sums of periods."""
    found, structure = set(), edition.structure
    for by in ((), *((kind.dimension,) for kind in kinds_of(structure).values())):
        table = figures.tabulate(edition, by, with_headline(structure, {}, by))
        spans = (*compared(table.rows), *newest_year(table.rows)) if table.time else ()
        counted = [table.total, *(part.figures for part in (*table.rows, *spans))]
        for one in counted:
            shares = (one.female_share, one.male_share, one.coverage)
            found |= {str(n) for n in (one.f, one.m, one.o, one.total)}
            found |= {str(numbers.rounded(share)) for share in shares if share is not None}
    return found


def names(edition, told, language):
    """The numbers that count nobody: in names of codes and periods, dates, rounding, pages, beside axes."""
    structure = edition.structure
    charts = [picture.svg for picture in (*told.first, *told.second)]
    axes = [part for svg in charts for part in re.findall(r"role-axis-label.*?</g>", svg, re.S)]
    labels = [
        dimension.label(item.code, language)
        if dimension.name != TIME
        else period_name(item.code, language)
        for dimension in structure.by_name.values()
        for item in dimension.items
    ]
    texts = (text for p in (*told.reading, told.citation) for text in (p.head, p.text))
    beside = [told.imprint, told.sums.of, told.table.of, told.sums.rows[0][0], "page 1 of 2"]
    return numbers_in(*labels, *texts, *beside, *(re.sub(r"<[^>]+>", " ", axis) for axis in axes))


def test_every_release_is_two_tagged_pages_in_three_languages_that_hold_its_figures_and_no_other(
    released,
):
    for dataset in released:
        edition = editions.latest(dataset)
        allowed = published(edition)
        for language in LANGUAGES:
            told, content = made(edition, language)
            document, place = read(content), f"{dataset} {language}"
            root = document.trailer["/Root"]
            assert len(document.pages) == 2, place
            assert root["/MarkInfo"]["/Marked"] and root["/StructTreeRoot"]["/K"], place
            assert root["/Lang"] == language, place
            assert document.metadata.title == told.title and edition.name in told.title, place
            text, found = text_of(content), numbers_in(text_of(content))
            for row in (*told.sums.rows, told.sums.total, *told.table.rows, told.table.total):
                assert numbers_in(*row[1:]) <= allowed, place
                assert " ".join(filter(None, row)) in text, place
            assert 3 <= len(told.findings) <= 5, place
            assert found - allowed - names(edition, told, language) == set(), place


def test_what_is_said_of_a_chart_to_those_who_do_not_see_it_stands_in_the_tags(permits):
    told, content = made(editions.latest("WPF"), "en")
    said = [picture.said for picture in (*told.first, *told.second)]
    assert len(said) == 3 and sorted(alternatives(read(content))) == sorted(said)


def alternatives(document):
    """The texts that stand in place of pictures, from the tree of tags."""

    def walk(node):
        node = node.get_object()
        if isinstance(node, list):
            for child in node:
                yield from walk(child)
        elif isinstance(node, dict):
            if "/Alt" in node and node.get("/S") == "/Figure":
                yield str(node["/Alt"])
            if "/K" in node:
                yield from walk(node["/K"])

    return list(walk(document.trailer["/Root"]["/StructTreeRoot"]["/K"]))


def test_a_bulletin_is_made_once_is_the_same_every_time_and_ends_with_its_release(
    client, permits, publisher, monkeypatch
):
    at = f"{PAGE}WPF-1/bulletin-ru.pdf"
    first = client.get(at)
    assert first.status_code == 200 and first["Content-Type"] == "application/pdf"
    assert first["Content-Disposition"] == 'inline; filename="WPF-1-bulletin-ru.pdf"'
    assert "/figures/releases/WPF-1/" in text_of(first.content)
    edition = editions.latest("WPF")
    again = [made(edition, "ru")[1] for _ in range(2)]
    assert again[0] == again[1]
    with monkeypatch.context() as patched:
        patched.setattr(typeset, "pdf", None)  # nothing can be typeset any more
        assert client.get(at).content == first.content
        assert client.get(at, headers={"if-none-match": first["ETag"]}).status_code == 304
        part = client.get(at, headers={"range": "bytes=0-4"})
        assert (part.status_code, part.content) == (206, b"%PDF-")
    for language in LANGUAGES:
        page = client.get(f"{PAGE}WPF-1/", headers={"accept-language": language})
        assert f"{PAGE}WPF-1/bulletin-{language}.pdf" in page.content.decode()
    theme = client.get("/figures/?dataset=WPF").content.decode()
    assert f"{PAGE}WPF-1/bulletin-en.pdf" in theme
    for nowhere in ("WPF-1/bulletin-de.pdf", "WPF-9/bulletin-en.pdf", "x/bulletin-en.pdf"):
        assert client.get(PAGE + nowhere).status_code == 404
    assert client.get(f"{at}?by=AGE").status_code == 400
    withdraw(permits, publisher)
    gone = client.get(at)
    assert gone.status_code == 410 and "A region was wrong." in gone.content.decode()


def test_a_bulletin_of_a_release_under_embargo_is_as_one_that_never_was(
    client, accepted, publish, publisher
):
    embargo(publish("WPF", release=False), publisher)
    answers = [client.get(f"{PAGE}{name}/bulletin-en.pdf") for name in ("WPF-1", "WPF-9")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
