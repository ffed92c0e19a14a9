"""Releases rebuilt from what they pinned: equal bit by bit, and whatever was changed is found and named."""

import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction

from agencies import access, audit, scope
from agencies.models import Agency, Event
from agencies.roles import Role
from reports.exact.private_files import private
from reports.models import Blob, Build, Release, Slice
from reports.published.structure import Structure
from reports.releases import verifying
from tests import snapshot
from tests.cast import the_person
from tests.reports.conftest import as_owner, draw

YEAR = [f"2025-{month:02}" for month in range(1, 13)]
NEXT = [f"2026-{month:02}" for month in range(1, 6)]


@pytest.fixture
def three(request, transactional_db):
    """Three releases of work permits: a quarter; two more quarters of two years; the first year drawn again, a month added."""
    wanted = ("accept", "publish", "correct", "finish")

    def walk():
        with transaction.atomic():  # one scope for all
            _walk(*map(request.getfixturevalue, wanted))

    snapshot.standing("three", walk)
    return {release.number: release for release in Release.objects.order_by("number")}


def _walk(accept, publish, correct, finish):
    first = accept("SMS-WPF", draw("SMS-WPF", YEAR[6:9], 160))
    publish("WPF")
    accept("SMS-WPF", draw("SMS-WPF", [*YEAR[9:], *NEXT[:4]], 160, seed=2))
    publish("WPF")
    correct(first[0], 60)
    accept("SMS-WPF", draw("SMS-WPF", NEXT[4:], 160, seed=3))
    assert finish("WPF", "2025").state == "DONE"


def verdict(release):
    publisher = the_person(Role.PUBLISHER, Agency.objects.get(code="SCS"))
    with scope.acting(publisher):
        return verifying.verify(release, by=publisher)


def test_every_release_comes_out_with_the_same_bytes(three):
    years = {n: [(y["code"], y["version"]) for y in r.build.years] for n, r in three.items()}
    assert years[3] == [("2025", 2), ("2026", 1)]
    begun = {step["release"] for step in three[3].build.years[1]["steps"]}
    assert begun == {2, 3}  # a year that came to be in two releases
    for release in three.values():
        found = verdict(release)
        assert (found.faults, found.note) == ([], "")
        assert found.rebuilt == 2 * len(Structure.from_json(release.structure).tables) > 10


def test_a_release_whose_years_all_stay_is_equal_too(three, request):
    publisher = the_person(Role.PUBLISHER, Agency.objects.get(code="SCS"))
    from reports.releases import verbs

    with scope.acting(publisher):
        verbs.withdraw(three[3], by=publisher, reason="a wrong label")
        job = verbs.build("WPF", by=publisher)
    from jobs import worker

    assert worker.work(job.pk).state == "DONE"
    again = Release.objects.get(number=4)
    assert again.checksum == three[3].checksum
    assert verdict(again).faults == []


def test_a_year_is_rounded_again_with_the_numbers_of_codes_that_it_was_rounded_with(
    accept, publish
):
    """An earlier year that comes later moves the place of every period."""
    accept("SMS-WPF", draw("SMS-WPF", YEAR[3:11], 160))
    publish("WPF")
    accept("SMS-WPF", draw("SMS-WPF", ["2024-11", "2024-12", YEAR[11]], 160, seed=4))
    publish("WPF")
    first, second = Release.objects.order_by("number")
    assert [build.span[0] for build in Build.objects.order_by("pk")] == ["2025-04", "2024-11"]
    assert verdict(first).faults == verdict(second).faults == []


def test_a_slice_that_was_changed_is_found_and_named(three):
    piece = Slice.objects.get(pk=three[1].build.inputs[1]["slice"])
    path = private(piece.path)
    path.write_bytes(path.read_bytes() + b"x")
    for number in (1, 2):
        assert verdict(three[number]).faults == [
            "The slice of SMS SMS-WPF 2025-08, version 1, is missing or was changed."
        ]
    path.unlink()
    assert "2025-08" in verdict(three[1]).faults[0]


def test_a_slice_whose_row_was_changed_with_its_file_is_found(three):
    """Who changes the exact cells and their checksum in the ledger still does not match what was pinned."""
    one, other = (Slice.objects.get(pk=three[1].build.inputs[k]["slice"]) for k in (0, 1))
    pinned = private(one.path).read_bytes()
    private(one.path).write_bytes(private(other.path).read_bytes())
    Slice.objects.filter(pk=one.pk).update(sha256=other.sha256)
    assert "2025-07" in verdict(three[1]).faults[0]
    # A slice that was sealed again, for another design, leaves its earlier file beside the new one.
    earlier = private(one.path).with_name(f"{one.submission_id}-v{one.version}-earlier.parquet")
    earlier.write_bytes(pinned)
    assert verdict(three[1]).faults == []


def test_another_secret_is_found_and_named(three, settings):
    settings.DISCLOSURE_SECRET = "another secret of the rounding, long enough"
    faults = verdict(three[3]).faults
    assert [
        f"not the one that WPF-{n} was rounded with" in f
        for n, f in zip((2, 3), faults, strict=True)
    ] == [
        True,
        True,
    ]


def test_a_public_file_that_was_changed_is_found_and_named(three):
    blob = Blob.objects.get(release=three[2], name="month.parquet")
    with as_owner():
        Blob.objects.filter(pk=blob.pk).update(content=bytes(blob.content) + b"x")
    faults = verdict(three[2]).faults
    assert faults[0] == "The public file month.parquet was changed."
    assert len(faults) == 2 and "do not match its checksum" in faults[1]
    assert verdict(three[1]).faults == []


def test_a_public_file_that_was_replaced_with_its_checksums_is_found(three):
    """The owner of the database writes other cells, their checksums, and even the seal."""
    import hashlib

    from reports.published import seals

    release = three[1]
    other = bytes(Blob.objects.get(release=three[2], name="core.parquet").content)
    with as_owner():
        Blob.objects.filter(release=release, name="core.parquet").update(content=other)
        structure = release.structure
        core = next(t for t in structure["tables"] if t["name"] == "core")
        core["sha256"] = hashlib.sha256(other).hexdigest()
        files = {name: content for name, _kind, content in seals.files_of(release)}
        Release.objects.filter(pk=release.pk).update(
            structure=structure, checksum=seals.checksum_of(files)
        )
        release.refresh_from_db()
        sealed = seals.seal(release, seals.files_of(release))
        Release.objects.filter(pk=release.pk).update(seal=sealed)
    release.refresh_from_db()
    assert verdict(release).faults == ["Rebuilt, the public table core is another one."]


def test_a_private_file_that_was_changed_is_found_and_named(three):
    path = three[2].build.files["region"]["path"]
    private(path).write_bytes(private(path).read_bytes()[:-1])
    faults = verdict(three[2]).faults
    assert len(faults) == 1 and path in faults[0]


@pytest.mark.parametrize("change", ["draw", "until", "version"])
def test_a_ledger_that_tells_of_other_steps_is_found(three, change):
    build = Build.objects.get(release=three[1])
    year = build.years[0]
    if change == "version":
        year["version"] = 2
    else:
        step = year["steps"][-1]
        step[change] = {"draw": step["draw"] + 1, "until": "2025-08"}[change]
    Build.objects.filter(pk=build.pk).update(years=build.years)
    faults = verdict(three[1]).faults
    assert faults and all("2025" in f or "another one" in f for f in faults)
    assert any("the private table" in f and "2025" in f for f in faults)


def test_a_year_that_does_not_follow_from_the_release_before_is_found(three):
    build = Build.objects.get(release=three[3])
    build.years[1]["steps"] = build.years[1]["steps"][1:]
    Build.objects.filter(pk=build.pk).update(years=build.years)
    assert "2026 does not follow from WPF-2." in verdict(three[3]).faults


def test_a_release_that_cannot_be_rebuilt_is_compared_by_checksum_and_seal(three):
    release = three[1]
    for fields, words in (
        ({"tree": ""}, "before families of tables"),
        ({"tree": "x"}, "another one now"),
        ({"method": "one cube"}, "“one cube”"),
    ):
        Build.objects.filter(release=release).update(**fields)
        found = verdict(release)
        assert (found.faults, found.rebuilt) == ([], 0) and words in found.note
    blob = Blob.objects.get(release=release, name="core.parquet")
    with as_owner():
        Blob.objects.filter(pk=blob.pk).update(content=b"x")
    assert not verdict(release).is_equal


# The command


def run(capsys, *args, **options):
    call_command("verify", *args, **options)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_command_says_what_it_found(three, capsys):
    publisher = the_person(Role.PUBLISHER, Agency.objects.get(code="SCS"))
    (said,) = run(capsys, "wpf-3", person=publisher.email)
    assert (said["release"], said["result"], said["compared"]) == ("WPF-3", "equal", "rebuilt")
    every = run(capsys, all=True, person=publisher.email)
    assert [one["release"] for one in every] == ["WPF-1", "WPF-2", "WPF-3"]
    Build.objects.filter(release=three[1]).update(tree="")
    path = private(Slice.objects.get(pk=three[3].build.inputs[0]["slice"]).path)
    path.write_bytes(b"")
    with pytest.raises(CommandError, match=r"Not as they were built: WPF-3\."):
        run(capsys, all=True, person=publisher.email)
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert said[0]["compared"] == "checksums and seal only" and "before families" in said[0]["note"]
    event = Event.objects.using(audit.SIDE).filter(verb="verify").latest("pk")
    assert (event.person, event.detail) == (publisher.email, {"equal": False})


def test_the_command_refuses_in_words(three):
    publisher = the_person(Role.PUBLISHER, Agency.objects.get(code="SCS"))
    for name in ("WPF-9", "WPF", "1", "WPF-٣", "WPF-9999999999999999999"):
        with pytest.raises(CommandError, match="There is no release"):
            call_command("verify", name, person=publisher.email)
    for options in ({}, {"all": True, "release": "WPF-1"}):
        with pytest.raises(CommandError, match="Name one release, or say --all"):
            call_command("verify", person=publisher.email, **options)


@pytest.mark.parametrize("role", [Role.STATISTICIAN, Role.REVIEWER, Role.VIEWER])
def test_only_publishers_verify(three, role):
    person = the_person(role, Agency.objects.get(code="SCS"))
    with scope.acting(person), pytest.raises(access.Denied):
        verifying.verify(three[1], by=person)
