"""A small country that has walked the whole road: accounts, files, review, slices, releases."""

from datetime import date, timedelta

from agencies import scope
from agencies.models import Agency, Person
from jobs import worker
from migdata.demo import files, people
from migdata.demo.country import Country
from records.collection import uploads
from records.instruments import versions
from records.models import HeldRow, Instrument, Submission, Upload
from records.review import submissions
from reports.models import Release
from reports.releases import verbs
from standards import periods
from tests import snapshot

MONTHS = periods.last_periods("M", date.today(), 3)  # noqa: DTZ011 - any recent months will do
ROWS = 600


def person(email):
    return Person.objects.get(email=email)


def permits(month, rows=ROWS, agency="SMS", seed=1, **writing):
    """Return a file of work permits: a name, a passport number, errors, a repeated row, a total below."""
    first = date.fromisoformat(f"{month}-01")
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    instrument = Instrument.objects.get(code="SMS-WPF")
    spec = versions.spec_of(versions.current(instrument))
    columns = Country(seed).work_permits(first, last, rows)
    table = files.table(columns, spec, writing.pop("language", "ru"))
    return files.as_csv(table, **{"delimiter": ";", "encoding": "cp1251", **writing})


def send(content, *, name, by, agency="SMS", code="SMS-WPF"):
    """Take a file in, as a worker does."""
    with scope.acting(person(by)):
        upload = uploads.receive(
            iter([content]),
            agency=Agency.objects.get(code=agency),
            instrument=Instrument.objects.get(code=code),
            file_name=name,
            by=person(by),
        )
        job = upload.job
    worker.work(job.pk)
    with scope.acting(person(by)):
        return Upload.objects.get(pk=upload.pk)


def advance(submission, verb, by, **said):
    with scope.acting(person(by)):
        submissions.advance(submission, verb, by=person(by), **said)


def accept(month):
    """Submit, sign and accept the permits of a month, and seal them."""
    with scope.acting(person("clerk@sms.example")):
        submission = Submission.objects.get(period=month, agency__code="SMS")
        held = HeldRow.open_rows.missing_from(submission).errors().count()
    advance(submission, "submit", "clerk@sms.example", held_acknowledged=held)
    advance(submission, "sign", "reviewer@sms.example")
    advance(submission, "accept", "statistician@scs.example")
    worker.work(submissions.request_sealing(submission, by=person("statistician@scs.example")).pk)
    return submission


def publish(dataset="WPF"):
    publisher = person("publisher@scs.example")
    with scope.acting(publisher):
        job = verbs.build(dataset, by=publisher)
    done = worker.work(job.pk)
    assert done.state == done.State.DONE, done.reason
    editor = person("editor@scs.example")
    with scope.acting(editor):
        made = Release.objects.filter(dataset=dataset).order_by("-number")[0]
        verbs.release(made, by=editor, note="More months.", missing_acknowledged=made.missing_text)
    return made


def build():
    """Two months released, the third still open with held rows: walked once in a run, then put back."""
    snapshot.standing("world", _walk)


def _walk():
    people.settle()
    versions.publish_all()
    for k, month in enumerate(MONTHS):
        send(permits(month, seed=k), name=f"permits-{month}.csv", by="clerk@sms.example")
    for month in MONTHS[:2]:
        accept(month)
    publish()
