"""A release from before families holds one cube: it stays readable, and its years are not published again."""

import hashlib
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reports.models import Blob, Build, Release
from reports.published import editions, figures, seals
from reports.published.structure import Structure
from reports.releases import scanning
from tests.reports.conftest import as_owner, draw, rewrite

DIMENSIONS = ["TIME_PERIOD", "SEX", "DECISION", "OCCUPATION", "REGION", "CITIZENSHIP_GROUP"]
PERIODS = ("2025-10", "2025-11", "2025-12")


def as_cube(release, cells):
    """Let a release be what was built before families: one file, no tree."""
    stream = io.BytesIO()
    pq.write_table(cells, stream)
    structure = release.structure
    dropped = ("tables", "years", "elsewhere")
    old = {name: value for name, value in structure.items() if name not in dropped}
    old["dimensions"] = [d for d in structure["dimensions"] if d["name"] in DIMENSIONS]
    with as_owner():
        Blob.objects.filter(release=release).delete()
        Blob.objects.create(
            release=release,
            name=seals.CELLS,
            media_type="application/vnd.apache.parquet",
            content=stream.getvalue(),
        )
        Build.objects.filter(release=release).update(tree="", years=[], files={})
    rewrite(release, structure=old, checksum=hashlib.sha256(stream.getvalue()).hexdigest())


def some_cells(structure, rows=400):
    rng = np.random.default_rng(8)
    columns = {
        name: pa.array(
            rng.choice(
                [item.code for item in structure.by_name[name].items if item.code != "_X"], rows
            )
        )
        for name in DIMENSIONS
    }
    cells = pa.table({**columns, "value": pa.array(3 * rng.integers(1, 9, rows), pa.int64())})
    return (
        cells.group_by(DIMENSIONS)
        .aggregate([("value", "sum")])
        .rename_columns([*DIMENSIONS, "value"])
    )


@pytest.fixture
def old(accept, publish):
    """WPF-1 as a cube of its last quarter of 2025, and its cells."""
    accept("SMS-WPF", draw("SMS-WPF", PERIODS, 160))
    release = publish("WPF")
    cells = some_cells(Structure.from_json(release.structure))
    as_cube(release, cells)
    return release, cells


def test_every_page_reads_it_and_any_of_its_dimensions_can_be_crossed(client, old):
    release, cells = old
    total = sum(cells["value"].to_pylist())
    assert figures.tabulate(editions.latest("WPF")).total.total == total
    v1 = "/figures/api/v1"
    answer = client.get(
        f"{v1}/datasets/WPF/data?by=REGION,OCCUPATION,CITIZENSHIP_GROUP&decision=all"
    )
    assert answer.status_code == 200
    assert sum(row["_T"] for row in answer.json()["rows"]) == total
    for page in ("/figures/?dataset=WPF", "/figures/tables/", "/figures/data/WPF.csv"):
        assert client.get(page).status_code == 200, page
    file = client.get(f"{v1}/releases/WPF-1/cells.parquet")
    assert hashlib.sha256(file.content).hexdigest() == release.checksum
    assert client.get(f"{v1}/releases/WPF-1/core.parquet").status_code == 404
    assert scanning.scan() == []


def test_the_desk_shows_it(client, old, publisher):
    client.force_login(publisher)
    assert client.get(f"/releases/{old[0].pk}/").status_code == 200
    assert client.get("/releases/").status_code == 200


def test_its_year_is_not_published_in_another_form(client, old, build, accept, publish):
    refused = build("WPF")
    assert refused.state == "FAILED", refused.reason
    accept("SMS-WPF", draw("SMS-WPF", ("2026-01",), 160, seed=3))
    structure = editions.cited(str(publish("WPF"))).structure
    assert structure.periods == ["2026-01"]
    assert structure.elsewhere == {"2025": "WPF-1"}
    assert Release.objects.filter(dataset="WPF").count() == 2
    assert client.get("/figures/data/WPF.csv?release=WPF-1").status_code == 200


def test_a_table_that_it_lacks_is_not_offered_and_its_citation_refused(
    client, old, accept, publish
):
    """It has no skill levels, by which the table of occupations goes."""
    assert "/figures/tables/T14/" not in client.get("/figures/tables/").content.decode()
    assert client.get("/figures/tables/T14/").status_code == 404
    accept("SMS-WPF", draw("SMS-WPF", ("2026-01",), 160, seed=3))
    publish("WPF")
    assert client.get("/figures/tables/T14/").status_code == 200
    cited = client.get("/figures/tables/T14/?release=WPF-1")
    assert cited.status_code == 400 and "SKILL" in cited.content.decode()
    for file in ("/figures/tables/T14.csv", "/figures/api/v1/tables/T14/data"):
        assert client.get(f"{file}?release=WPF-1").status_code == 400, file
