"""What search engines, data portals and tools read of releases."""

import hashlib
import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pyshacl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import RDF, SH, Graph
from rdflib.compare import isomorphic

from reports.formats import rdf
from reports.formats.rdf import Iri, Literal, Node
from reports.published import editions
from tests.reports.test_public_releases import PAGE, withdraw

HOST = "http://testserver"
DESCRIBED = ("dataset.jsonld", "croissant.json")
AUTHORITY = "http://publications.europa.eu/resource/authority"
PREFIXES = {"dct": "http://purl.org/dc/terms/"}


def file_of(client, address):
    return client.get(address.removeprefix(HOST)).content


def things(client):
    """The things of the catalogue by kind, as JSON-LD has them."""
    found = {}
    for thing in client.get("/figures/catalog.jsonld").json()["@graph"]:
        found.setdefault(thing["@type"], []).append(thing)
    return found


# schema.org and Croissant


def test_the_page_of_a_release_leads_to_its_descriptions_without_a_script(client, permits):
    html = client.get(f"{PAGE}WPF-1/").content.decode()
    for name in DESCRIBED:
        link = re.search(
            rf'<link rel="alternate" type="application/ld\+json"[^>]*{name}\?lang=en"', html
        )
        assert link, name
    assert "<script>" not in html and 'type="application/ld+json">' not in html.replace("<link", "")


def test_a_release_is_a_dataset_of_schema_org_in_the_language_that_is_asked(client, permits):
    said = client.get(f"{PAGE}WPF-1/dataset.jsonld").json()
    edition = editions.latest("WPF")
    assert (said["@context"], said["@type"]) == ("https://schema.org/", "Dataset")
    assert said["name"] == edition.structure.title["en"]
    assert said["temporalCoverage"] == "2026-01-01/2026-03-31"
    assert said["url"] == f"{HOST}{PAGE}WPF-1/"
    assert {v["propertyID"] for v in said["variableMeasured"]} == set(edition.structure.names)
    russian = client.get(f"{PAGE}WPF-1/dataset.jsonld?lang=ru").json()
    assert russian["name"] == edition.structure.title["ru"] and russian["inLanguage"] == "ru"


@pytest.mark.parametrize("name", DESCRIBED)
def test_every_file_that_is_described_is_the_file_that_is_downloaded(client, permits, name):
    files = client.get(f"{PAGE}WPF-1/{name}").json()["distribution"]
    assert len(files) == len(editions.latest("WPF").structure.tables) > 1
    for file in files:
        content = file_of(client, file["contentUrl"])
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
        assert file["contentSize"] == f"{len(content)} B"


def test_croissant_has_a_record_set_with_the_columns_of_each_file(client, permits):
    said = client.get(f"{PAGE}WPF-1/croissant.json").json()
    assert said["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    by_id = {file["@id"]: file for file in said["distribution"]}
    assert len(said["recordSet"]) == len(by_id)
    for records in said["recordSet"]:
        sources = {field["source"]["fileObject"]["@id"] for field in records["field"]}
        (source,) = sources
        columns = pq.read_schema(io.BytesIO(file_of(client, by_id[source]["contentUrl"]))).names
        assert [f["source"]["extract"]["column"] for f in records["field"]] == columns
        kinds = {f["name"]: f["dataType"] for f in records["field"]}
        assert kinds.pop("value") == "sc:Integer" and set(kinds.values()) == {"sc:Text"}
        assert {k["@id"] for k in records["key"]} < {f["@id"] for f in records["field"]}


def test_descriptions_know_what_they_are_not_asked(client, permits, publisher):
    for name in DESCRIBED:
        assert client.get(f"{PAGE}WPF-1/{name}?lang=xx").status_code == 400
        assert client.get(f"{PAGE}WPF-1/{name}?colour=red").status_code == 400
        assert client.get(f"{PAGE}WPF-1/{name}?lang=en&lang=ru").status_code == 400
        assert client.get(f"{PAGE}WPF-9/{name}").status_code == 404
    withdraw(permits, publisher)
    for name in DESCRIBED:
        gone = client.get(f"{PAGE}WPF-1/{name}")
        assert gone.status_code == 410 and b"A region was wrong." in gone.content


def test_a_description_that_a_reader_has_is_not_sent_again(client, permits):
    for address in (
        *(f"{PAGE}WPF-1/{n}" for n in DESCRIBED),
        "/figures/catalog.ttl",
        "/sitemap.xml",
    ):
        tag = client.get(address)["ETag"]
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 304


# The catalogue


def test_the_catalogue_says_of_a_dataset_what_the_profile_asks_for(client, permits):
    found = things(client)
    (catalogue,), (dataset,) = found["dcat:Catalog"], found["dcat:Dataset"]
    assert catalogue["dcat:dataset"] == {"@id": dataset["@id"]}
    assert {t["@language"] for t in dataset["dct:title"]} == {"en", "ru", "tk"}
    assert {t["@language"] for t in catalogue["dct:description"]} == {"en", "ru", "tk"}
    assert [t["@id"].rpartition("/")[2] for t in dataset["dct:language"]] == ["ENG", "RUS", "TUK"]
    assert dataset["dcat:theme"] == {"@id": f"{AUTHORITY}/data-theme/SOCI"}
    assert dataset["dct:accrualPeriodicity"] == {"@id": f"{AUTHORITY}/frequency/MONTHLY"}
    covers = dataset["dct:temporal"]
    assert covers["dcat:startDate"] == {"@value": "2026-01-01", "@type": "xsd:date"}
    assert covers["dcat:endDate"]["@value"] == "2026-03-31"
    assert dataset["dcat:version"] == "WPF-1" and dataset["adms:versionNotes"] == "More months."
    (agent,) = found["foaf:Agent"]
    assert dataset["dct:publisher"] == catalogue["dct:publisher"] == {"@id": agent["@id"]}


def test_each_distribution_has_the_checksum_the_size_and_the_type_of_its_file(client, permits):
    found = things(client)
    listed = {d["@id"] for d in found["dcat:Dataset"][0]["dcat:distribution"]}
    assert listed == {d["@id"] for d in found["dcat:Distribution"]}
    for one in found["dcat:Distribution"]:
        content = file_of(client, one["dcat:downloadURL"]["@id"])
        checksum = one["spdx:checksum"]
        assert checksum["spdx:checksumValue"]["@value"] == hashlib.sha256(content).hexdigest()
        assert checksum["spdx:algorithm"]["@id"].endswith("#checksumAlgorithm_sha256")
        assert one["dcat:byteSize"]["@value"] == str(len(content))
        assert one["dcat:mediaType"]["@id"].endswith("/application/vnd.apache.parquet")


@pytest.fixture(scope="module")
def shapes():
    """What DCAT-AP 3 asks for, as SHACL."""
    return Graph().parse(Path(__file__).parents[1] / "data" / "dcat-ap-3.ttl", format="turtle")


def validated(catalogue, shapes):
    """The paths at which a catalogue lacks what the profile asks for, by how grave that is; and how it reads."""
    _conforms, found, _text = pyshacl.validate(Graph().parse(data=catalogue), shacl_graph=shapes)
    faults = {SH.Violation: set(), SH.Warning: set()}
    for result in found.subjects(RDF.type, SH.ValidationResult):
        path = found.value(result, SH.resultPath)
        faults[found.value(result, SH.resultSeverity)].add(str(path).rpartition("/")[2])
    return faults[SH.Violation], faults[SH.Warning]


# rdflib reads JSON-LD with a class of its own that it deprecates.
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
def test_the_catalogue_conforms_to_dcat_ap_3_in_both_syntaxes_with_all_that_it_recommends(
    client, permits, settings, shapes
):
    unlicensed = client.get("/figures/catalog.ttl").content.decode()
    assert validated(unlicensed, shapes) == (set(), {"license"})
    settings.DATA_LICENSE = "https://licence.example/by"
    settings.CONTACT_EMAIL = "figures@office.example"
    turtle = client.get("/figures/catalog.ttl").content.decode()
    assert validated(turtle, shapes) == (set(), set())
    json_ld = client.get("/figures/catalog.jsonld").content.decode()
    graphs = [Graph().parse(data=turtle), Graph().parse(data=json_ld, format="json-ld")]
    assert len(graphs[0]) > 100 and isomorphic(*graphs)


@pytest.mark.parametrize(
    ("ours", "broken", "path"),
    [
        (" ;\n    dct:publisher", " ;\n    dct:contributor", "publisher"),
        ("/frequency/MONTHLY", "/months", "accrualPeriodicity"),
        ("dcat:accessURL", "dcat:accessService", "dcat#accessURL"),
        ("2026-01-01", "2027-01-01", "dcat#startDate"),
        ("foaf:name", "foaf:nick", "name"),
        ("^^xsd:hexBinary", "", "terms#checksumValue"),
    ],
)
def test_a_catalogue_that_lacks_what_is_mandatory_is_found_out(
    client, permits, shapes, ours, broken, path
):
    turtle = client.get("/figures/catalog.ttl").content.decode()
    assert ours in turtle
    violations, _warnings = validated(turtle.replace(ours, broken), shapes)
    assert path in violations


def test_the_turtle_has_every_thing_and_every_address_of_the_json(client, permits):
    response = client.get("/figures/catalog.ttl")
    assert response["Content-Type"].startswith("text/turtle")
    text = response.content.decode()
    subjects = re.findall(r"^<([^>]+)> a (\S+) ;$", text, re.M)
    assert sorted(subjects) == sorted(
        (thing["@id"], kind) for kind, found in things(client).items() for thing in found
    )
    assert text.count("spdx:checksumValue") == text.count(" a dcat:Distribution")


def test_a_catalogue_of_nothing_is_a_catalogue(client, db):
    found = things(client)
    assert set(found) == {"dcat:Catalog", "dcat:DataService", "foaf:Agent"}
    assert client.get("/figures/catalog.ttl").status_code == 200
    assert client.get("/figures/catalog.ttl?x=1").status_code == 400


# Turtle


@given(st.text())
def test_any_text_comes_back_out_of_turtle(text):
    node = Node("dct:Thing", [("dct:title", Literal(text, language="en"))], "urn:a")
    written = rdf.turtle([node], PREFIXES)
    quoted = re.search(r'dct:title ("(?:[^"\\\n\r]|\\.)*")@en \.\n\Z', written, re.S)[1]
    # What Turtle escapes, JSON escapes in the same way.
    assert json.loads(quoted) == text


@pytest.mark.parametrize("address", ["", "a b", "a>b", "a<b", 'a"b', "a\nb", "a{b}", "a\\b", "a^b"])
def test_what_is_no_address_is_not_written_as_one(address):
    node = Node("dct:Thing", [("dct:relation", Iri(address))], "urn:a")
    with pytest.raises(ValueError, match="no address"):
        rdf.turtle([node], PREFIXES)


# Crawlers


def test_the_sitemap_has_pages_that_answer_and_no_withdrawn_release(client, permits, publisher):
    def pages():
        root = ElementTree.fromstring(client.get("/sitemap.xml").content)
        assert root.tag == "{http://www.sitemaps.org/schemas/sitemap/0.9}urlset"
        return [url[0].text.removeprefix(HOST) for url in root]

    found = pages()
    assert f"{PAGE}WPF-1/" in found and "/figures/tables/T14/" in found
    assert "/figures/tables/T08/" not in found  # nothing of it is released
    for path in found:
        assert client.get(path).status_code == 200, path
    withdraw(permits, publisher)
    assert not [path for path in pages() if "WPF-1" in path]


def test_crawlers_are_led_to_public_figures_and_away_from_shared_ones(client, db, settings):
    said = client.get("/robots.txt").content.decode()
    assert f"Sitemap: {HOST}/sitemap.xml" in said and "Allow: /figures/" in said
    settings.FIGURES_ARE_PUBLIC = False
    said = client.get("/robots.txt").content.decode()
    assert "Allow" not in said and "Disallow: /\n" in said


def test_the_catalogue_of_a_shared_site_says_that_access_is_restricted(
    client, permits, settings, publisher
):
    from tests.cast import signed_in

    settings.FIGURES_ARE_PUBLIC = False
    assert client.get("/figures/catalog.ttl").status_code == 401
    assert client.get("/sitemap.xml").status_code == 401
    said = signed_in(publisher).get("/figures/catalog.ttl").content.decode()
    assert "access-right/RESTRICTED" in said
