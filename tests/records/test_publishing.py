"""Publishing instruments: once for each version, in as many queries for all as for one, and never changed."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from records.instruments import reader, versions
from records.models import Instrument, InstrumentVersion

pytestmark = pytest.mark.django_db
PERMITS = reader.DIRECTORY / "sms-wpf.yaml"


def asked(publish, *arguments):
    with CaptureQueriesContext(connection) as queries:
        publish(*arguments)
    return len(queries)


def test_all_are_published_in_as_many_queries_as_one_and_only_once(agency):
    one = asked(versions.publish, PERMITS)
    assert (
        asked(versions.publish_all) <= one + 1
    )  # those that are restricted are written in one more
    before = list(InstrumentVersion.objects.values_list("pk", "digest"))
    again = versions.publish_all()
    assert list(InstrumentVersion.objects.values_list("pk", "digest")) == before
    assert [version.instrument.code for version in again] == [
        reader.read(path).code for path in reader.paths()
    ]
    assert all(version.content == reader.read(path).raw for version, path in zip(again, reader.paths(), strict=True))  # fmt: skip


def test_an_instrument_is_given_to_the_agencies_it_names_and_its_aggregate_form_to_nobody(agency):
    versions.publish(PERMITS)
    given = {i.code: list(i.agencies.values_list("code", flat=True)) for i in Instrument.objects.all()}  # fmt: skip
    form = reader.read_aggregate(reader.read(PERMITS)).code
    assert given == {"SMS-WPF": ["SMS"], form: []}


def test_a_version_that_was_edited_is_refused_until_it_has_a_new_number(agency, tmp_path):
    made = versions.publish(PERMITS)
    text = PERMITS.read_text()
    edited = tmp_path / PERMITS.name
    edited.write_text(text.replace("unit: DOC", "unit: PS"))
    with pytest.raises(versions.Changed, match=f"version {made.number} is published"):
        versions.publish_all(tmp_path)
    edited.write_text(edited.read_text().replace(f"version: {made.number}", "version: 9"))
    (newer,) = versions.publish_all(tmp_path)
    assert (newer.instrument, newer.number) == (made.instrument, 9)
    assert versions.current(made.instrument) == newer
    assert newer.content["unit"] == "PS"


def test_specs_that_are_not_known_yet_are_loaded_together(agency):
    versions.publish_all()
    versions._specs.clear()
    specs = []

    def load(*codes):
        specs.append(versions.specs_of(Instrument.objects.filter(code__in=codes)))

    counts = [
        asked(load, "SMS-WPF"),
        asked(load, "SMS-WPF", "SMS-BCR", "STA-SLP"),
        asked(load, "STA-SLP", "SMS-BCR"),
    ]
    # Their instruments, the versions, and all contents that are still missing at once.
    assert counts == [3, 3, 2]
    assert [sorted(spec.code for spec in answer) for answer in specs] == [
        ["SMS-WPF"],
        ["SMS-BCR", "SMS-WPF", "STA-SLP"],
        ["SMS-BCR", "STA-SLP"],
    ]
