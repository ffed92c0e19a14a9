"""Instruments in the database: published from YAML, versioned, immutable."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from django.db import transaction

from agencies import access
from agencies.models import Agency
from records.instruments.reader import paths, read, read_aggregate
from records.instruments.spec import Spec
from records.models import Instrument, InstrumentVersion


class Changed(Exception):
    """A published version was edited; a change needs a new version number."""


@transaction.atomic
def publish(path: Path) -> InstrumentVersion:
    """Publish the YAML file as a version of its instrument, and of its aggregate form, once.

    Nobody delivers an aggregate form until it is given to an agency. Raises InvalidDefinition, and `Changed` if this
    version number was published with other content.
    """
    spec = read(path)
    version = _publish(spec, path)
    if aggregate := read_aggregate(spec):
        _publish(aggregate, path)
    return version


def _publish(spec: Spec, path: Path) -> InstrumentVersion:
    digest = hashlib.sha256(json.dumps(spec.raw, sort_keys=True).encode()).hexdigest()
    instrument, is_new = Instrument.objects.get_or_create(code=spec.code)
    if is_new:  # afterwards who delivers it is decided in the portal
        instrument.agencies.add(*Agency.objects.filter(code__in=spec.agencies))
    version, created = InstrumentVersion.objects.get_or_create(
        instrument=instrument,
        number=spec.version,
        defaults={"digest": digest, "content": spec.raw},
    )
    if not created and version.digest != digest:
        raise Changed(f"{path.name}: version {spec.version} is published; raise the number")
    if not instrument.versions.filter(number__gt=spec.version).exists():
        access.restrict(instrument.pk, spec.restricted)
    return version


def publish_all(directory: Path | None = None) -> list[InstrumentVersion]:
    """Publish every instrument of a folder."""
    return [publish(path) for path in paths(directory)]


def give_to(agency: Agency) -> None:
    """Let a new agency deliver the instruments that name it: they may have been published before it was."""
    for instrument in Instrument.objects.all():
        if agency.code in current(instrument).content["agencies"]:
            instrument.agencies.add(agency)


def current(instrument: Instrument) -> InstrumentVersion:
    """Return the newest version: the one new submissions are made for."""
    return instrument.versions.latest("number")


def current_of(instruments: Iterable[Instrument]) -> dict[int, InstrumentVersion]:
    """Return the newest version of each of these instruments by the instrument's id, in one query."""
    newest = (
        InstrumentVersion.objects.filter(instrument__in=list(instruments))
        .select_related("instrument")
        .order_by("instrument_id", "-number")
        .distinct("instrument_id")
    )
    return {version.instrument_id: version for version in newest}


def spec_of(version: InstrumentVersion) -> Spec:
    """Return the Spec that form, template, validator and help page of this version share."""
    if version.digest not in _specs:  # published content never changes: its digest names it
        _specs[version.digest] = Spec.from_content(version.content)
    return _specs[version.digest]


_specs: dict[str, Spec] = {}
