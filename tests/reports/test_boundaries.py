"""The office's own boundaries: read strictly, simplified so that neighbours still touch, drawn with their licence."""

import json
import re

import pytest
from django.core.management import CommandError, call_command

from reports.charts import drawing
from reports.charts.drawing import COLOURS, Canvas
from reports.charts.outlines import region_map
from reports.designs import datasets
from reports.published import boundaries
from reports.published.boundaries import InvalidBoundaries
from reports.published.figures import Figures, Row

LICENCE = "Office of Maps, CC BY 4.0"
CODES = ["TM-A", "TM-B", "TM-D", "TM-L", "TM-M", "TM-S", "TM-X-AK"]
DIMENSION = datasets.datasets()["WPF"].structure(["2026-01"]).by_name["REGION"]


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.PRIVATE_ROOT = tmp_path
    return tmp_path


def square(west, south, size=2.0, between=40):
    """A closed ring with many points on each side, as files of offices have them."""
    steps = [size * k / between for k in range(between)]
    north, east = south + size, west + size
    sides = (
        [(west + s, south) for s in steps],
        [(east, south + s) for s in steps],
        [(east - s, north) for s in steps],
        [(west, north - s) for s in steps],
    )
    ring = [list(point) for side in sides for point in side]
    return [*ring, ring[0]]


def country(**changed):
    """Squares beside each other; `changed`: code -> what its feature is instead."""
    features = []
    for k, code in enumerate(CODES):
        ring = square(52 + 2 * (k % 4), 36 + 2 * (k // 4))
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append(
            {"type": "Feature", "properties": {"iso": code, "n": k}, "geometry": geometry}
        )
    for code, change in changed.items():
        features[CODES.index(code.replace("_", "-"))].update(change)
    return {"type": "FeatureCollection", "features": features}


def load(content, licence=LICENCE):
    return boundaries.load(json.dumps(content).encode(), licence, CODES)


def test_boundaries_are_simplified_kept_and_forgotten(folder):
    assert boundaries.current() is None and boundaries.version() == ""
    kept = load(country())
    assert list(kept.regions) == CODES
    assert [len(polygons[0][0]) for polygons in kept.regions.values()] == [5] * 7  # of 161 points
    corners = [set(kept.regions[code][0][0]) for code in ("TM-A", "TM-B")]
    assert len(corners[0] & corners[1]) == 2  # neighbours still touch
    assert boundaries.current() == kept and [path.name for path in folder.iterdir()] == [
        boundaries.FILE
    ]
    other = load(country(), "another licence")
    assert other.version != kept.version and boundaries.version() == other.version
    assert boundaries.remove() and boundaries.current() is None and not boundaries.remove()


MISTAKES = {
    "not JSON": (b"{", "is not JSON"),
    "very deep": (b"[" * 200_000, "is not JSON"),
    "no collection": (b'{"type": "Point"}', "no GeoJSON FeatureCollection"),
    "other coordinates": (
        {**country(), "crs": {"properties": {"name": "EPSG:3857"}}},
        "longitude and latitude",
    ),
    "no features": ({"type": "FeatureCollection", "features": 3}, "no features"),
    "a feature of no region": (country(TM_B={"properties": {"iso": "XX"}}), "Feature 2 names no"),
    "twice": (country(TM_B={"properties": {"iso": "TM-A"}}), "TM-A stands twice"),
    "missing": ({**country(), "features": country()["features"][:-1]}, "No boundaries of: TM-X-AK"),
    "a point": (country(TM_B={"geometry": {"type": "Point"}}), "TM-B is no Polygon"),
    "no geometry": (country(TM_B={"geometry": None}), "TM-B is no Polygon"),
    "open": (
        country(TM_B={"geometry": {"type": "Polygon", "coordinates": [square(0, 0)[:-1]]}}),
        "TM-B cannot be read",
    ),
    "metres": (
        country(TM_B={"geometry": {"type": "Polygon", "coordinates": [square(6e6, 4e6)]}}),
        "no place on the earth",
    ),
    "texts": (
        country(TM_B={"geometry": {"type": "Polygon", "coordinates": [["a", "b"]]}}),
        "TM-B cannot be read",
    ),
}


@pytest.mark.parametrize("content, said", MISTAKES.values(), ids=MISTAKES)
def test_a_file_that_is_no_set_of_boundaries_is_refused_and_nothing_is_changed(content, said):
    kept = load(country())
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    with pytest.raises(InvalidBoundaries, match=re.escape(said)):
        boundaries.load(raw, LICENCE, CODES)
    assert boundaries.current() == kept


def test_the_map_is_drawn_in_the_boundaries_that_are_loaded_and_names_their_licence():
    rows = [Row((code,), Figures(300 + 30 * k, 900, 3, 3)) for k, code in enumerate(CODES)]
    canvas = Canvas(580, COLOURS["light"], "en")
    tiles = drawing.draw(region_map(rows, DIMENSION, canvas), canvas).decode()
    load(country())
    outlines = drawing.draw(region_map(rows, DIMENSION, canvas), canvas).decode()
    assert LICENCE not in tiles and f"Boundaries: {LICENCE}" in outlines
    for drawn in (tiles, outlines):
        assert drawn.count("<title>") == 7 and "Dashoguz: women 360 (28.6%), men 900" in drawn
    boundaries.remove()
    assert drawing.draw(region_map(rows, DIMENSION, canvas), canvas).decode() == tiles


def test_the_command_loads_shows_and_removes(tmp_path, capsys):
    file = tmp_path / "regions.geojson"
    file.write_text(json.dumps(country()))
    call_command("boundaries", "load", str(file), licence=LICENCE)
    call_command("boundaries", "show")
    call_command("boundaries", "remove")
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"7 regions with 35 points; {LICENCE}" and said[1] == f"7 regions, {LICENCE}"
    assert said[2] == "Tiles are drawn again."
    for path, licence in ((file, " "), (tmp_path / "nowhere.json", LICENCE)):
        with pytest.raises(CommandError):
            call_command("boundaries", "load", str(path), licence=licence)
