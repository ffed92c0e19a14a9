"""Instruments in the database: published from YAML, versioned, immutable."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from django.db import transaction

from agencies import access
from agencies.models import Agency
from records.instruments.reader import paths, read, read_aggregate
from records.instruments.spec import Spec
from records.models import Instrument, InstrumentVersion
from standards import editions


class Changed(Exception):
    """A published version was edited; a change needs a new version number."""


def publish(path: Path) -> InstrumentVersion:
    """Publish the YAML file as a version of its instrument, and of its aggregate form, once.

    Nobody delivers an aggregate form until it is given to an agency. Raises InvalidDefinition, and `Changed` if this
    version number was published with other content.
    """
    (version,) = _publish([path])
    return version


def publish_all(directory: Path | None = None) -> list[InstrumentVersion]:
    """Publish every instrument of a folder, all or none: as many queries for thirty as for three.

    Their contents are loaded when they are asked for. Raises InvalidDefinition and `Changed` as `publish` does.
    """
    return _publish(paths(directory))


@transaction.atomic
def _publish(files: Sequence[Path]) -> list[InstrumentVersion]:
    """Publish what the files say; return the versions of the instruments, without aggregate forms."""
    own = [(path, read(path)) for path in files]
    forms = [(path, form) for path, spec in own if (form := read_aggregate(spec))]
    specs = [spec for _path, spec in (*own, *forms)]
    instruments = _instruments(specs)
    known = _published(instruments.values())
    new = [
        InstrumentVersion(
            instrument=instruments[spec.code],
            number=spec.version,
            digest=spec.digest,
            content=spec.raw,
        )
        for spec in specs
        if (spec.code, spec.version) not in known
    ]
    # Whoever publishes the same at this moment may be first: what stands then is compared as well.
    InstrumentVersion.objects.bulk_create(new, ignore_conflicts=True)
    published = _published(instruments.values()) if new else known
    for path, spec in (*own, *forms):
        if published[spec.code, spec.version].digest != spec.digest:
            raise Changed(f"{path.name}: version {spec.version} is published; raise the number")
    newest = {code: max(n for c, n in published if c == code) for code in instruments}
    access.restrict(
        {
            instruments[spec.code].pk: spec.restricted
            for spec in specs
            if spec.version == newest[spec.code]
        }
    )
    return [published[spec.code, spec.version] for _path, spec in own]


def _instruments(specs: Sequence[Spec]) -> dict[str, Instrument]:
    """Return the instruments by code, made where they are new, and then given to the agencies that deliver them first.

    Afterwards who delivers them is decided in the portal.
    """
    codes = [spec.code for spec in specs]
    known = set(Instrument.objects.filter(code__in=codes).values_list("code", flat=True))
    new = [Instrument(code=code) for code in dict.fromkeys(codes) if code not in known]
    Instrument.objects.bulk_create(new, ignore_conflicts=True)
    instruments: dict[str, Instrument] = Instrument.objects.in_bulk(codes, field_name="code")
    agencies = dict(Agency.objects.values_list("code", "pk"))
    delivers = Instrument.agencies.through
    wanted = {
        (instruments[spec.code].pk, agencies[code])
        for spec in specs
        for code in spec.agencies
        if code in agencies and spec.code not in known
    }
    delivers.objects.bulk_create(
        [delivers(instrument_id=i, agency_id=a) for i, a in sorted(wanted)], ignore_conflicts=True
    )
    return instruments


def _published(instruments: Iterable[Instrument]) -> dict[tuple[str, int], InstrumentVersion]:
    """Return the versions of these instruments by code and number, their contents left where they are."""
    versions = InstrumentVersion.objects.filter(instrument__in=list(instruments))
    listed = versions.select_related("instrument").defer("content")
    return {(version.instrument.code, version.number): version for version in listed}


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


def specs_of(instruments: Iterable[Instrument]) -> list[Spec]:
    """Return the Specs of the newest versions of these instruments: what is known already is not read again.

    Two queries whatever the number of instruments, one where all are known.
    """
    newest = list(
        InstrumentVersion.objects.filter(instrument__in=list(instruments))
        .defer("content")
        .order_by("instrument_id", "-number")
        .distinct("instrument_id")
    )
    unknown = [version.pk for version in newest if _key(version) not in _specs]
    if unknown:
        of_unknown = InstrumentVersion.objects.filter(pk__in=unknown)
        contents = dict(of_unknown.values_list("pk", "content"))
        for version in newest:
            if version.pk in contents:
                version.content = contents[version.pk]
    return [spec_of(version) for version in newest]


def titles(codes: Collection[str]) -> dict[str, str]:
    """Return what these instruments are called in the active language, by code, in two queries."""
    newest = current_of(Instrument.objects.filter(code__in=list(codes))).values()
    return {version.instrument.code: version.title for version in newest}


def spec_of(version: InstrumentVersion) -> Spec:
    """Return the Spec that form, template, validator and help page of this version share."""
    key = _key(version)
    if key not in _specs:
        _specs[key] = Spec.from_content(version.content)
    return _specs[key]


def _key(version: InstrumentVersion) -> tuple[int, str]:
    """Return what names the Spec of a version: published content never changes."""
    return editions.generation(), version.digest


_specs: dict[tuple[int, str], Spec] = {}
editions.forgets(_specs.clear)  # rules of a Spec name the home country by its code
