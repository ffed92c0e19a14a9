"""A release is built by a worker that is killed, and released by two people at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.test import Client

from agencies import access, refusal, scope
from agencies.models import Agency
from agencies.roles import Role
from migdata.demo import people
from records.instruments import versions
from reports import tasks
from reports.models import Blob, Build, Release
from reports.releases import verbs
from tests import workers, world
from tests.cast import events, make_person
from tests.faults.test_killed_worker import gate, hold, waiting  # noqa: F401
from tests.reports.conftest import as_owner
from tests.workers import until

pytestmark = pytest.mark.django_db(transaction=True)
V1 = "/figures/api/v1"
READ = (
    "/figures/tables/T14.csv",
    f"{V1}/datasets/WPF",
    "/figures/api/v1/releases/WPF-1/core.parquet",
)
BUILDER, EDITOR = "publisher@scs.example", "editor@scs.example"


@pytest.fixture
def country():
    """Two months accepted, of which the first is released."""
    people.settle()
    versions.publish_all()
    for k, month in enumerate(world.MONTHS[:2]):
        content = world.permits(month, seed=k)
        world.send(content, name=f"permits-{month}.csv", by="clerk@sms.example")
    world.accept(world.MONTHS[0])
    world.publish()
    world.accept(world.MONTHS[1])


def ask():
    publisher = world.person(BUILDER)
    with scope.acting(publisher):
        return verbs.build("WPF", by=publisher)


def answers():
    """What readers get of the release in force; the second one is nowhere."""
    assert Client().get(f"{V1}/releases/WPF-2/core.parquet").status_code == 404
    return [Client().get(address).content for address in READ]


def state_of(job):
    job.refresh_from_db()
    return job.state


def test_killed_half_way_the_release_before_is_served_until_the_new_one_is_released(
    country,
    gate,  # noqa: F811
    worker,
):
    """R13: the cells are written, the record of the build is not, when the worker is killed."""
    before = answers()
    hold(gate, "LOCK TABLE reports_build IN EXCLUSIVE MODE")
    first = worker()
    job = ask()
    until(lambda: any('INSERT INTO "reports_build"' in query for query in waiting()))
    assert answers() == before
    first.kill()
    gate.close()
    until(lambda: not workers.backends_in_transaction())
    assert Release.objects.count() == Build.objects.count() == 1
    assert not Blob.objects.exclude(release__number=1).exists()
    assert answers() == before
    worker()
    until(lambda: state_of(job) == "DONE")
    built = Release.objects.get(number=2)
    assert built.state == "BUILT" and Build.objects.count() == 2
    assert built.blobs.count() == len(built.structure["tables"])
    assert answers() == before
    with scope.acting(world.person(EDITOR)):
        verbs.release(
            built,
            by=world.person(EDITOR),
            note="More months.",
            missing_acknowledged=built.missing_text,
        )
    assert Client().get(f"{V1}/datasets/WPF").json()["release"] == "WPF-2"


def test_of_two_who_release_at_once_one_wins_and_the_other_is_told(country, worker):
    """R10: in two transactions that begin together."""
    worker()
    job = ask()
    until(lambda: state_of(job) == "DONE")
    built = Release.objects.get(number=2)
    third = make_person("third@scs.example", Role.PUBLISHER, Agency.objects.get(code="SCS"))
    together = threading.Barrier(2)

    def go(person):
        try:
            with scope.acting(person):
                mine = Release.objects.get(pk=built.pk)
                together.wait(20)
                verbs.release(
                    mine, by=person, note="More months.", missing_acknowledged=mine.missing_text
                )
            return "released"
        except (refusal.Refused, access.Denied) as refused:
            return str(refused)
        finally:
            connections.close_all()

    earlier = len(events("release"))
    with ThreadPoolExecutor(2) as pool:
        answered = sorted(pool.map(go, [world.person(EDITOR), third]))
    assert answered[1] == "released" and "somebody else was quicker" in answered[0]
    (event,) = events("release")[earlier:]
    assert Build.objects.get(release=built).released_by.email == event.person


def test_health_names_a_release_that_a_scan_found_changed(country):
    """O3: health asks over a connection of its own, so what the scan found is committed."""
    assert Client().get("/healthz").json()["releases"] == "ok"
    with as_owner():
        Blob.objects.update(content=b"x")
    tasks.scan()
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()["releases"]) == (200, "WPF-1")
    assert Client().get("/figures/?dataset=WPF").status_code == 503
