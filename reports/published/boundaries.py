"""The boundaries of regions as the statistics office draws them: read from GeoJSON, checked, simplified, kept.

Without them the map of regions is one of tiles. They are kept as one file in PRIVATE_ROOT, which all web processes
share. Coordinates are degrees of longitude and latitude (RFC 7946).
"""

import hashlib
import json
import math
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

FILE = "boundaries.json"
LARGEST = 20 << 20  # bytes of a file that is read
STEPS = 1200  # the finest detail kept is this part of the width of the map: half a pixel of the widest chart
MOST_POINTS = 20_000  # of all boundaries when they are simplified
Point = tuple[float, float]
Ring = tuple[Point, ...]
Polygon = tuple[Ring, ...]  # its outline, then its holes


class InvalidBoundaries(ValueError):
    """A file is no set of boundaries of these regions; the message says what is wrong with it."""


@dataclass(frozen=True)
class Boundaries:
    """The polygons of each region by its code, and under which licence they may be shown. version: of the content."""

    licence: str
    regions: Mapping[str, tuple[Polygon, ...]]
    version: str


def load(content: bytes, licence: str, codes: Sequence[str]) -> Boundaries:
    """Check the GeoJSON of regions, simplify it, and keep it in place of what was kept before. Raises InvalidBoundaries.

    codes: of the regions; each has to have one feature, whose properties or id name it.
    """
    if not licence.strip():
        raise InvalidBoundaries(_("Say under which licence the boundaries may be shown."))
    regions = simplified(_regions(_features(content), codes))
    points = sum(len(ring) for ring in _rings(regions))
    if points > MOST_POINTS:
        said = _(
            "The boundaries have %(n)s points when they are simplified; at most %(most)s can be drawn."
        )
        raise InvalidBoundaries(said % {"n": points, "most": MOST_POINTS})
    text = json.dumps({"licence": licence.strip(), "regions": regions})
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_name(f"{uuid.uuid4().hex}.part")
    aside.write_text(text)
    aside.replace(path)
    return _read(text)


def remove() -> bool:
    """Forget the boundaries, so that tiles are drawn again; say whether there were any."""
    there = _path().exists()
    _path().unlink(missing_ok=True)
    return there


def current() -> Boundaries | None:
    """Return the boundaries that are kept, None where there are none."""
    try:
        found = _path().stat()
    except FileNotFoundError:
        return None
    return _kept(str(_path()), found.st_mtime_ns, found.st_size)


def version() -> str:
    """Return what changes whenever the boundaries do; empty where there are none."""
    kept = current()
    return kept.version if kept else ""


def simplified(regions: Mapping[str, Sequence[Polygon]]) -> dict[str, list[list[Ring]]]:
    """Return boundaries on a grid, without the points that say nothing more.

    Every point goes to its nearest place on the grid, whichever region it belongs to, so that neighbours still touch.
    """
    points = [point for ring in _rings(regions) for point in ring]
    step = max(max(x for x, _y in points) - min(x for x, _y in points), 1e-9) / STEPS
    result = {}
    for code, polygons in regions.items():
        snapped = [[_snapped(ring, step) for ring in polygon] for polygon in polygons]
        kept = [[r for r in polygon if len(r) > 3] for polygon in snapped if len(polygon[0]) > 3]
        result[code] = kept or [[_smallest(polygons[0][0], step)]]
    return result


def _snapped(ring: Ring, step: float) -> Ring:
    places = [(round(x / step), round(y / step)) for x, y in ring]
    kept: list[tuple[int, int]] = []
    for place in places:
        if kept and kept[-1] == place:
            continue
        while len(kept) > 1 and _in_line(kept[-2], kept[-1], place):
            kept.pop()
        kept.append(place)
    return tuple((round(x * step, 6), round(y * step, 6)) for x, y in kept)


def _smallest(ring: Ring, step: float) -> Ring:
    """Return the square that stands for a region smaller than the grid."""
    x, y = ring[0]
    corners = ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))
    return tuple((round(x + dx * step, 6), round(y + dy * step, 6)) for dx, dy in corners)


def _in_line(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> bool:
    """Say whether b lies on the way from a to c."""
    cross = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    ahead = (b[0] - a[0]) * (c[0] - b[0]) + (b[1] - a[1]) * (c[1] - b[1])
    return cross == 0 and ahead > 0


def _features(content: bytes) -> list[dict[str, Any]]:
    if len(content) > LARGEST:
        raise InvalidBoundaries(_("The file is larger than %(n)s MB.") % {"n": LARGEST >> 20})
    try:
        read = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidBoundaries(_("The file is not JSON: %(why)s") % {"why": error}) from error
    if not isinstance(read, dict) or read.get("type") != "FeatureCollection":
        raise InvalidBoundaries(_("The file is no GeoJSON FeatureCollection."))
    crs = json.dumps(read.get("crs", "CRS84"))
    if "CRS84" not in crs and "4326" not in crs:
        raise InvalidBoundaries(_("The coordinates have to be longitude and latitude (WGS 84)."))
    features = read.get("features")
    if not isinstance(features, list) or not all(isinstance(f, dict) for f in features):
        raise InvalidBoundaries(_("The file has no features."))
    return features


def _regions(
    features: Iterable[Mapping[str, Any]], codes: Sequence[str]
) -> dict[str, list[Polygon]]:
    """Return the polygons of each region, in the order of the codes."""
    found: dict[str, list[Polygon]] = {}
    for number, feature in enumerate(features, 1):
        code = _code_of(feature, codes)
        if not code:
            said = _("Feature %(n)s names no region. The codes are: %(codes)s.")
            raise InvalidBoundaries(said % {"n": number, "codes": ", ".join(codes)})
        if code in found:
            raise InvalidBoundaries(_("The region %(code)s stands twice.") % {"code": code})
        found[code] = list(_polygons(feature.get("geometry"), code))
    if missing := [code for code in codes if code not in found]:
        raise InvalidBoundaries(_("No boundaries of: %(codes)s.") % {"codes": ", ".join(missing)})
    return {code: found[code] for code in codes}


def _code_of(feature: Mapping[str, Any], codes: Sequence[str]) -> str:
    properties = feature.get("properties")
    values = list(properties.values()) if isinstance(properties, dict) else []
    named = {value for value in (feature.get("id"), *values) if isinstance(value, str)}
    return next((code for code in codes if code in named), "")


def _polygons(geometry: Any, code: str) -> Iterator[Polygon]:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        said = _("The region %(code)s is no Polygon or MultiPolygon.")
        raise InvalidBoundaries(said % {"code": code})
    coordinates = geometry.get("coordinates")
    try:
        polygons = [coordinates] if kind == "Polygon" else list(coordinates)
        for polygon in polygons:
            rings = tuple(tuple(map(_point, ring)) for ring in polygon)
            if not rings or any(len(ring) < 4 or ring[0] != ring[-1] for ring in rings):
                raise ValueError("a ring is not closed")
            yield rings
        if not polygons:
            raise ValueError("no polygons")
    except (TypeError, ValueError, KeyError) as error:
        said = _("The outline of %(code)s cannot be read: %(why)s")
        raise InvalidBoundaries(said % {"code": code, "why": error}) from error


def _point(read: Any) -> Point:
    x, y = float(read[0]), float(read[1])
    if not (math.isfinite(x) and math.isfinite(y) and abs(x) <= 180 and abs(y) <= 90):
        raise ValueError(f"{x}, {y} is no place on the earth")
    return x, y


def _rings(regions: Mapping[str, Iterable[Iterable[Ring]]]) -> Iterator[Ring]:
    return (ring for polygons in regions.values() for polygon in polygons for ring in polygon)


def _path() -> Path:
    return Path(settings.PRIVATE_ROOT) / FILE


@lru_cache(maxsize=2)
def _kept(path: str, _changed: int, _size: int) -> Boundaries:
    return _read(Path(path).read_text())


def _read(text: str) -> Boundaries:
    content = json.loads(text)
    regions = {
        code: tuple(tuple(tuple(map(tuple, ring)) for ring in polygon) for polygon in polygons)
        for code, polygons in content["regions"].items()
    }
    return Boundaries(content["licence"], regions, hashlib.sha256(text.encode()).hexdigest()[:16])
