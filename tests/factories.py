"""Rows as tests need them. They are written in the scope of the test: inside `scope.acting(person)`."""

import datetime
import itertools

import pytest

from agencies import scope
from records.instruments import reader, versions
from records.models import (
    Comment,
    HeldRow,
    Instrument,
    InstrumentVersion,
    Record,
    ReviewStep,
    Submission,
    SubmissionCounts,
    Thread,
    Upload,
    WarningAnswer,
)
from tests import published

_number = itertools.count(1)
FINDING = {
    "rule": "wpf.ends_before",
    "severity": "error",
    "variable": "valid_to",
    "cell": "D17",
    "value": "2020",
    "message": {"en": "It ends before it begins.", "ru": "…", "tk": "…"},
}


def instrument(code, *agencies, like="SMS-WPF", newest=1):
    """Make an instrument with the content of another one, in as many versions, that agencies deliver."""
    content = versions.current(Instrument.objects.get(code=like)).content
    made = Instrument.objects.create(code=code)
    made.agencies.set(agencies)
    for number in range(1, newest + 1):
        InstrumentVersion.objects.create(
            instrument=made,
            number=number,
            digest=f"{code} {number}",
            content={**content, "code": code, "version": number},
        )
    return made


def submission(agency, instrument, period="2026-03", **fields):
    return Submission.objects.create(
        agency=agency,
        instrument=instrument,
        instrument_version=versions.current(instrument),
        period=period,
        **fields,
    )


def upload(agency, instrument, by, *submissions, **fields):
    """Make an upload that fed these submissions."""
    texts = {"size": 1, "sha256": f"{next(_number):064}"}
    made = Upload.objects.create(
        agency=agency, instrument=instrument, uploaded_by=by, **{**texts, **fields}
    )
    made.submissions.add(*submissions)
    return made


def record(submission, record_ref="1", **fields):
    values = {
        "event_date": datetime.date(2026, 3, 5),
        "sex": "F",
        "citizenship": "TUR",
        "region": "TM-S",
    }
    return Record.objects.create(
        agency_id=submission.agency_id,
        submission=submission,
        record_ref=record_ref,
        **{**values, **fields},
    )


def held_row(agency, instrument, upload=None, **fields):
    """Make a held row, of a submission or without one."""
    return HeldRow.all_rows.create(
        agency=agency, instrument=instrument, upload=upload, **{"raw": {}, "findings": [], **fields}
    )


def review_step(submission, by, verb="submit", source="DRAFT", target="SUBMITTED", **fields):
    return ReviewStep.objects.create(
        submission=submission,
        verb=verb,
        source=source,
        target=target,
        by=by,
        **{"version": submission.version, **fields},
    )


def thread(submission, by, text="Are these rows right?", **fields):
    """Make a thread of one text."""
    made = Thread.objects.create(
        agency_id=submission.agency_id, submission=submission, begun_by=by, **fields
    )
    Comment.objects.create(agency_id=submission.agency_id, thread=made, text=text, by=by)
    return made


@pytest.fixture
def instruments(agency, other_agency, office):
    """The instruments of the portal, published; by code."""
    return published.instruments()


@pytest.fixture
def one_of_each(instruments, agency, clerk):
    """One row of every model that belongs to an agency, all of agency SMS; by kind."""
    with scope.acting(clerk):
        permits = instruments["SMS-WPF"]
        month = submission(agency, permits)
        file = upload(agency, permits, clerk, month)
        rows = {
            "submission": month,
            "upload": file,
            "record": record(month, upload=file),
            "held": held_row(agency, permits, file, submission=month),
            "review_step": review_step(month, clerk),
            "thread": thread(month, clerk),
            "answer": WarningAnswer.objects.create(
                agency=agency,
                submission=month,
                rule="sex.not_stated",
                count=1,
                text="So.",
                by=clerk,
            ),
            "counts": SubmissionCounts.objects.create(
                agency=agency, submission=month, facts={}, by_sex={}
            ),
        }
        Record.objects.update(sex="M")  # leaves a line of history
    return rows


def publish(tmp_path, code, *, restricted):
    """Publish an instrument of the tests: the one of work permits under another code."""
    text = (reader.DIRECTORY / "sms-wpf.yaml").read_text().replace("SMS-WPF", code)
    added = text.replace("frequency: M", f"frequency: M\nrestricted: {str(restricted).lower()}")
    path = tmp_path / f"{code.lower()}.yaml"
    path.write_text(added)
    return versions.publish(path).instrument


@pytest.fixture
def asylum(agency, tmp_path):
    return publish(tmp_path, "SMS-ZZZ", restricted=True)


@pytest.fixture
def ordinary(agency, tmp_path):
    return publish(tmp_path, "SMS-YYY", restricted=False)
