"""The command line: tables that equal a plain count, and words instead of tracebacks."""

import csv
import io
import json
import threading
from collections import Counter

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections

from agencies import audit
from agencies.models import Event, UnknownPerson
from jobs import queue, worker
from jobs.models import Job
from reports.management.commands import publish
from reports.models import Release
from tests.reports.conftest import MONTHS, draw

MISSING = "MLSP 2026-01, MLSP 2026-02"  # the other agency that delivers work permits


def run(*args, **options):
    out = io.StringIO()
    call_command(*args, stdout=out, **options)
    return out.getvalue()


def table(*args, **options):
    return list(csv.reader(io.StringIO(run("tabulate", *args, **options))))


@pytest.fixture
def rows(accept):
    rows = draw("SMS-WPF", MONTHS[:2], 60)
    accept("SMS-WPF", rows)
    return rows


@pytest.fixture
def exact(rows, statistician):
    return lambda **options: table("wpf", exact=True, person=statistician.email, **options)


def test_exact_figures_equal_a_plain_count(exact, rows):
    head, *lines = exact(by="sex,month")
    assert head == ["SEX", "TIME_PERIOD", "count"]
    sex = lambda row: row["sex"] if row["sex"] in "FM" else "_OU"
    truth = Counter((sex(row), row["period"]) for row in rows)
    assert {(a, b): int(n) for a, b, n in lines if int(n)} == truth


def test_without_dimensions_there_is_one_number(exact, rows):
    assert exact() == [["count"], [str(len(rows))]]


def test_conditions_are_codes_and_a_dimension_named_twice_may_have_both(exact, rows):
    (_head, (_region, n)) = exact(by="region", where=["region=TM-S"])
    assert int(n) == sum(row["region"] == "TM-S" for row in rows)
    both = exact(by="", where=["region=TM-S", "region=TM-A"])[1][0]
    assert int(both) == sum(row["region"] in ("TM-S", "TM-A") for row in rows)


def test_a_condition_on_sex_leaves_the_other_sexes_out_instead_of_calling_them_zero(exact, rows):
    lines = exact(by="sex", where=["sex=F"])[1:]
    assert lines == [["F", str(sum(row["sex"] == "F" for row in rows))]]


def test_exact_figures_are_audited_with_what_was_asked(exact, statistician):
    exact(by="sex", where=["region=TM-S"])
    event = Event.objects.using(audit.SIDE).get(verb="tabulate-exact")
    assert (event.person, event.subject) == (statistician.email, "dataset:WPF")
    assert event.detail == {"table": {"by": "sex", "where": ["region=TM-S"]}}


@pytest.mark.parametrize(
    "who", ["clerk", "reviewer", "agency_admin", "publisher", "viewer", "national_admin"]
)
def test_exact_figures_are_for_statisticians_only(request, rows, who):
    person = request.getfixturevalue(who)
    with pytest.raises(CommandError):
        table("WPF", exact=True, person=person.email)
    assert not Event.objects.using(audit.SIDE).filter(verb="tabulate-exact").exists()


@pytest.mark.parametrize(
    ("dataset", "options", "words"),
    [
        ("WPF", {}, "No release of WPF is public"),
        ("NOPE", {"exact": True}, "There is no dataset NOPE. Choose from: .*BCR.*SLP.*WPF"),
        ("WPF", {"exact": True, "by": "shoe"}, "There is no dimension “SHOE”"),
        ("WPF", {"exact": True, "where": ["region"]}, "Write --where DIMENSION=CODE, not region"),
        ("WPF", {"exact": True, "where": ["region="]}, "Write --where"),
        ("WPF", {"exact": True, "where": ["region=XX"]}, "“REGION” has no code “XX”"),
        ("WPF", {"exact": True, "where": ["shoe=1"]}, "There is no dimension “SHOE”"),
    ],
)
def test_wrong_names_are_answered_in_words(rows, statistician, dataset, options, words):
    with pytest.raises(CommandError, match=words):
        table(dataset, person=statistician.email, **options)


def test_nobody_is_named(rows):
    with pytest.raises(CommandError, match="--as"):
        table("WPF", exact=True)
    with pytest.raises(UnknownPerson) as unknown:
        table("WPF", exact=True, person="nobody@x.example")
    assert "Nobody signs in as nobody@x.example" in str(unknown.value)


def test_publishing_builds_and_releases_where_the_site_allows_it(rows, publisher, settings):
    settings.RELEASE_BY_BUILDER = True
    answer = json.loads(
        run("publish", "wpf", person=publisher.email, note="More.", missing=MISSING)
    )
    release = Release.objects.get()
    assert answer == {
        "release": "WPF-1",
        "state": "RELEASED",
        "checksum": release.checksum,
        "missing": MISSING,
    }


def test_publishing_without_a_delivery_that_is_expected_says_how_to_go_on(rows, builder, publisher):
    run("publish", "WPF", person=builder.email, built_only=True)
    with pytest.raises(CommandError, match="lacks deliveries") as refused:
        run("publish", "WPF", person=publisher.email, note="More.", waiting=True)
    assert f'--waiting --note … --missing "{MISSING}"' in str(refused.value)
    for wrong in ("", "MLSP 2026-01", MISSING + ", SMS 2026-01"):
        with pytest.raises(CommandError, match="lacks deliveries"):
            run("publish", "WPF", person=publisher.email, note="More.", waiting=True, missing=wrong)
    answer = json.loads(
        run(
            "publish",
            "WPF",
            person=publisher.email,
            note="More.",
            waiting=True,
            missing=MISSING.lower(),
        )
    )
    assert (answer["release"], answer["state"]) == ("WPF-1", "RELEASED")
    with pytest.raises(CommandError, match="No release of BCR is built"):
        run("publish", "BCR", person=publisher.email, note="More.", waiting=True)


def test_publishing_needs_a_second_person_and_says_so(rows, builder, publisher):
    with pytest.raises(CommandError, match="another publisher has to look at it") as refused:
        run("publish", "WPF", person=builder.email, note="More.", missing=MISSING)
    assert str(publisher) in str(refused.value)
    assert "--waiting --note … --as" in str(refused.value)
    assert Release.objects.get().state == "BUILT"
    answer = json.loads(
        run("publish", "WPF", person=publisher.email, note="More.", waiting=True, missing=MISSING)
    )
    assert answer["state"] == "RELEASED"
    assert not Release.objects.get().released_by_builder


def test_publishing_can_leave_the_release_to_somebody_else(rows, publisher):
    said = json.loads(run("publish", "WPF", person=publisher.email, built_only=True))
    assert said["state"] == "BUILT"
    with pytest.raises(CommandError, match="Say with --note what the release brings"):
        run("publish", "WPF", person=publisher.email, waiting=True)
    with pytest.raises(CommandError, match="waits already"):
        run("publish", "WPF", person=publisher.email, note="More.")


@pytest.mark.parametrize(
    ("who", "dataset", "words"),
    [
        ("publisher", "NOPE", "There is no dataset NOPE"),
        ("publisher", "BCR", "Nothing is accepted yet"),
        ("statistician", "WPF", "Your roles do not include this"),
    ],
)
def test_what_cannot_be_published_is_said_in_words(request, rows, who, dataset, words):
    person = request.getfixturevalue(who)
    with pytest.raises(CommandError, match=words):
        run("publish", dataset, person=person.email, note="More.")


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_was_quicker_is_waited_for():
    begun, go_on = threading.Event(), threading.Event()

    @queue.handler("tests.slow")
    def slow(_job):
        begun.set()
        assert go_on.wait(20)

    job = queue.enqueue("tests.slow", key="slow", arguments=queue.Arguments(), agencies=[])

    def work():
        worker.work(job.pk)
        connections.close_all()

    quicker = threading.Thread(target=work)
    quicker.start()
    assert begun.wait(20)
    threading.Timer(0.3, go_on.set).start()
    done = publish.wait_for(job)
    quicker.join()
    assert done.state == Job.State.DONE
