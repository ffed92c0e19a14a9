"""Whoever changes a stored release: as `app`, who may not, or as the owner, whose change is not served."""

import hashlib
import io
import json
import logging

import pyarrow.parquet as pq
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import ProgrammingError, connection, transaction
from django.utils.html import strip_tags

from agencies import refusal, scope
from migdata import health
from reports import tasks
from reports.exact import private_files
from reports.models import Blob, Build, Release
from reports.published import editions, seals
from reports.releases import scanning, verbs
from tests.cast import signed_in
from tests.reports.conftest import LATER, MONTHS, as_owner, draw

V1, FILE = "/figures/api/v1", "core.parquet"
SHOWING = [
    *("/figures/?dataset=WPF", "/figures/tables/T14/", "/figures/tables/T14.csv"),
    *("/figures/tables/T14.xlsx", "/figures/data/WPF.csv", f"{V1}/datasets/WPF/data"),
    *(f"{V1}/datasets/WPF", f"{V1}/tables/T14/data", f"{V1}/releases/WPF-1/core.parquet"),
    *(f"{V1}/datasets/WPF/data?release=WPF-1", "/figures/?release=WPF-1"),
    "/figures/charts/trend-large-light.svg?dataset=WPF",
]
FORBIDDEN = {
    "other cells": "UPDATE pub.blob SET content = 'x'",
    "another name of a file": "UPDATE pub.blob SET name = 'x'",
    "a file goes": "DELETE FROM pub.blob",
    "another checksum": "UPDATE pub.release SET checksum = 'x'",
    "another seal": "UPDATE pub.release SET seal = ''",
    "other labels": "UPDATE pub.release SET structure = '{}'",
    "a delivery that is missing": "UPDATE pub.release SET missing = '[]'",
    "another number": "UPDATE pub.release SET number = 99",
    "a release goes": "DELETE FROM pub.release",
    "all go": "TRUNCATE pub.release CASCADE",
    "all files go": "TRUNCATE pub.blob",
    "built again": "UPDATE pub.release SET state = 'BUILT'",
    "an earlier day": "UPDATE pub.release SET released_at = '2020-01-01'",
    "an embargo that ends": "UPDATE pub.release SET embargo_at = NULL",
    "four eyes that never saw it": "UPDATE pub.release SET released_by_builder = true",
    "withdrawn on another day": (
        "UPDATE pub.release SET state = 'WITHDRAWN', withdrawn_at = now(), released_at = now()"
    ),
    "a second cube": (
        "INSERT INTO pub.blob (release_id, name, media_type, content)"
        " SELECT id, 'more.parquet', 'x', 'x' FROM pub.release"
    ),
    "a release nobody built": (
        "INSERT INTO pub.release (dataset, number, state, structure, missing, checksum, seal,"
        " built_at, released_at, withdrawn_because, released_by_builder)"
        " SELECT dataset, 99, 'RELEASED', structure, missing, checksum, seal, now(), now(), '', false"
        " FROM pub.release"
    ),
    "the rule itself": "ALTER TABLE pub.release DISABLE TRIGGER takes_a_step",
}


def stored():
    return Release.objects.values().get(), list(Blob.objects.order_by("pk").values())


@pytest.mark.parametrize("what", FORBIDDEN)
def test_app_changes_nothing_of_a_release(permits, what):
    before = stored()
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FORBIDDEN[what])
    assert stored() == before


def test_what_is_withdrawn_stays_withdrawn_for_app(permits, publisher):
    verbs.withdraw(permits, by=publisher, reason="because")
    Release.objects.filter(pk=permits.pk).update(state="RELEASED")  # its policy finds no row
    permits.refresh_from_db()
    assert permits.state == "WITHDRAWN"


def other_cells(release):
    """Return a file of a release with one count more, and the checksum then: what a forger would store."""
    files = {name: content for name, _kind, content in seals.files_of(release)}
    cells = pq.read_table(io.BytesIO(files[FILE]))
    values = cells["value"].to_pylist()
    column = cells.column_names.index("value")
    forged = cells.set_column(column, "value", [[values[0] + 300, *values[1:]]])
    content = private_files.as_bytes(forged)
    return content, seals.checksum_of({**files, FILE: content})


def _cells(release):
    Blob.objects.filter(release=release, name=FILE).update(content=other_cells(release)[0])


def _cells_and_checksum(release):
    content, checksum = other_cells(release)
    Blob.objects.filter(release=release, name=FILE).update(content=content)
    Release.objects.filter(pk=release.pk).update(checksum=checksum)


def _labels(release):
    release.structure["title"] = {"en": "Forged"}
    Release.objects.filter(pk=release.pk).update(structure=release.structure)


def _seal_of_another_secret(release):
    _cells_and_checksum(release)
    seal = seals.seal(Release.objects.get(pk=release.pk), seals.files_of(release))
    Release.objects.filter(pk=release.pk).update(seal="0" * 12 + seal[12:])


TAMPERING = {
    "other cells, the old checksum": (_cells, "cells"),
    "other cells, a checksum worked out anew": (_cells_and_checksum, "seal"),
    "other labels": (_labels, "seal"),
    "a file beside the cells": (
        lambda release: Blob.objects.create(
            release=release, name="more", media_type="x", content=b"x"
        ),
        "cells",
    ),
    "no file": (lambda release: Blob.objects.filter(release=release).delete(), "cells"),
    "no seal": (lambda release: Release.objects.filter(pk=release.pk).update(seal=""), "secret"),
    "the seal of another secret": (_seal_of_another_secret, "secret"),
    "the missing delivery": (
        lambda release: Release.objects.filter(pk=release.pk).update(missing=[]),
        "seal",
    ),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_what_the_owner_of_the_database_changed_is_not_served_and_is_said(
    client, released, publisher, how, caplog
):
    """Pages were loaded before: the change is seen although the process remembers the release."""
    for address in SHOWING:
        assert client.get(address).status_code == 200, address
    harm, fault = TAMPERING[how]
    with as_owner():
        harm(released["WPF"])
    with caplog.at_level(logging.ERROR):
        for address in SHOWING:
            response = client.get(address)
            assert response.status_code == 503, address
            text = " ".join(strip_tags(response.content.decode()).split())
            assert "WPF-1 is withheld: what is stored does not match its checksum" in text, address
            if address.startswith(V1):
                assert response.json().keys() == {"detail"}
    assert "release WPF-1 is withheld" in caplog.text
    # What is sound is served.
    assert client.get("/figures/?dataset=BCR").status_code == 200
    assert client.get("/figures/tables/").status_code == 200
    datasets = {entry["dataset"] for entry in client.get(f"{V1}/datasets").json()}
    assert datasets == {"BCR", "SLP"}
    # Its publishers are told, at once and with what the scan found.
    desk = signed_in(publisher)
    assert b"WPF-1 is withheld" in desk.get("/releases/").content
    tasks.scan()
    assert Build.objects.get(release=released["WPF"]).fault == fault
    assert seals.Fault(fault).text in strip_tags(desk.get("/releases/").content.decode())
    page = desk.get(released["WPF"].get_absolute_url())
    assert "Readers do not see it" in page.content.decode()


def told_by_health():
    """What /healthz says of releases, asked over the connection of this test."""
    with connection.cursor() as cursor:
        cursor.execute(health.CHANGED)
        return cursor.fetchone()[0]


def test_a_scan_is_told_by_health_and_ends_when_the_release_is_restored(released):
    content = bytes(Blob.objects.get(release=released["WPF"], name=FILE).content)
    with as_owner():
        _cells(released["WPF"])
    assert [(str(r), fault.value) for r, fault in scanning.scan()] == [("WPF-1", "cells")]
    assert told_by_health() == "WPF-1"
    with as_owner():
        Blob.objects.filter(release=released["WPF"], name=FILE).update(content=content)
    assert scanning.scan() == []
    assert told_by_health() == "ok"
    assert editions.latest("WPF").name == "WPF-1"
    assert not Build.objects.filter(scanned_at=None).exists()


def test_a_scan_finds_a_harmed_private_file(permits):
    file = private_files.private(permits.build.files["core"]["path"])
    file.write_bytes(file.read_bytes()[:-1])
    assert [fault.value for _release, fault in scanning.scan()] == ["file"]
    assert editions.latest("WPF").name == "WPF-1"  # what readers see is whole


def test_what_was_changed_before_its_release_is_not_released(accept, publish, publisher):
    accept("SMS-WPF", draw("SMS-WPF", MONTHS[:1], 80))
    built = publish("WPF", release=False)
    with as_owner():
        _cells_and_checksum(built)
    with scope.acting(publisher), pytest.raises(refusal.Refused, match="cannot be released"):
        verbs.release(
            built, by=publisher, note="More months.", missing_acknowledged=built.missing_text
        )
    verbs.withdraw(built, by=publisher, reason="changed")


def test_an_older_release_is_not_shown_as_the_newest_instead(client, permits, accept, publish):
    accept("SMS-WPF", draw("SMS-WPF", LATER, 80, seed=5))
    second = publish("WPF")
    with as_owner():
        _cells(second)
    assert client.get("/figures/tables/T14/").status_code == 503
    older = client.get("/figures/api/v1/releases/WPF-1/core.parquet")
    (core, *_rest) = permits.structure["tables"]
    assert hashlib.sha256(older.content).hexdigest() == core["sha256"]


def test_a_release_is_judged_once_by_a_process_and_again_when_its_row_changes(
    client, permits, monkeypatch
):
    judged = []
    real = seals.fault_of
    monkeypatch.setattr(seals, "fault_of", lambda release: judged.append(1) or real(release))
    for _k in range(3):
        client.get("/figures/tables/T14/")
    assert len(judged) <= 1
    with as_owner():
        Release.objects.filter(pk=permits.pk).update(released_at=permits.released_at)
    client.get("/figures/tables/T14/")
    assert 1 <= len(judged) <= 2


def test_without_its_secret_nothing_is_published_and_old_releases_are_read(
    client, permits, accept, build, settings
):
    """D16: the secret is lost, so it is empty; seals cannot be judged, checksums are."""
    settings.SEALS_SECRET = ""
    assert client.get("/figures/tables/T14/").status_code == 200
    accept("SMS-WPF", draw("SMS-WPF", LATER, 80, seed=5))
    job = build("WPF")
    assert job.state == "FAILED" and "so nothing is published" in job.reason
    with as_owner():
        _cells(permits)
    assert client.get("/figures/tables/T14/").status_code == 503


def test_a_copy_restored_with_another_secret_refuses_to_publish(permits, accept, build, settings):
    """D17."""
    settings.SEALS_SECRET = "another secret that is long enough as well"
    accept("SMS-WPF", draw("SMS-WPF", LATER, 80, seed=5))
    job = build("WPF")
    assert job.state == "FAILED" and "WPF-1 was sealed with another secret" in job.reason
    assert Release.objects.count() == 1


def test_the_seal_does_not_tell_the_secret_nor_the_seed(permits, settings):
    secret_id, _colon, digest = permits.seal.partition(":")
    assert len(secret_id) == 12 and len(digest) == 64
    assert permits.build.seed_id[:12] != secret_id
    settings.SEALS_SECRET = "x" * 32
    assert seals.secret_id() != secret_id


def verify(**options):
    out = io.StringIO()
    try:
        call_command("verify_releases", stdout=out, **options)
    except CommandError as refused:
        return f"{out.getvalue()}{refused}"
    return out.getvalue()


def test_after_a_lost_secret_the_owner_seals_anew_what_matches_its_checksum(
    client, released, settings
):
    settings.SEALS_SECRET = "a new secret, for the old one is lost for ever"
    assert client.get("/figures/?dataset=BCR").status_code == 503
    with as_owner():
        _cells(released["WPF"])
    assert verify().count("secret") == 2
    with pytest.raises(ProgrammingError), transaction.atomic():
        Release.objects.update(seal="")
    with as_owner():
        said = verify(seal=True)
    assert json.loads(said.splitlines()[0])["faults"] == {"WPF-1": "cells"}
    assert client.get("/figures/?dataset=BCR").status_code == 200
    assert client.get("/figures/?dataset=WPF").status_code == 503
