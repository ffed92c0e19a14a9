"""Instruments, submissions, uploads, records, held rows: what came in."""

from typing import Self

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agencies.access import AgencyScoped
from agencies.models import Agency
from agencies.roles import Permission
from jobs.models import Job
from records.arriving import AnsweredRequest, FileInParts, Part
from records.comparing import Difference, LikelyDuplicate
from records.reviewing import (
    Comment,
    Handling,
    NumberDigest,
    ReviewStep,
    SharedNumbers,
    SubmissionCounts,
    Thread,
    WarningAnswer,
)
from records.searching import Export
from records.timetable import DueRule, Extension, Holiday, Notice, Reader, RestDay
from records.typed import CodeProposal, EntryDraft, EntryRule, SecondEntry
from records.vocabulary import LearnedLayout, LearnedWord, ListEdition, OwnCodeList
from standards.translation import in_language

__all__ = [
    "AnsweredRequest", "CodeProposal", "Comment", "Difference", "DueRule", "EntryDraft", "EntryRule", "Export", "Extension", "FileInParts", "Handling", "HeldRow", "Holiday",
    "Instrument", "InstrumentVersion", "LearnedLayout", "LearnedWord", "LikelyDuplicate", "ListEdition", "Notice", "NumberDigest",
    "Numbering", "OwnCodeList", "Part", "Reader", "Record", "RestDay", "ReviewStep", "SecondEntry", "SharedNumbers",
    "Submission", "SubmissionCounts", "Thread", "Upload", "WarningAnswer",
]  # fmt: skip
PERSON = settings.AUTH_USER_MODEL


class Instrument(models.Model):
    """What is collected. Its content is in its versions."""

    code = models.CharField(max_length=12, unique=True)
    agencies = models.ManyToManyField(Agency, related_name="instruments")

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class InstrumentVersion(models.Model):
    """One published version of an instrument; a trigger refuses every later change."""

    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    digest = models.CharField(max_length=64)
    content = models.JSONField()
    published_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["instrument", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["instrument", "number"], name="instrument_version_once"
            ),
            models.UniqueConstraint(fields=["id", "instrument"], name="instrument_of_a_version"),
        ]

    def __str__(self) -> str:
        return f"{self.instrument} {self.number}"

    @property
    def title(self) -> str:
        return in_language(self.content["title"])


class Numbering(models.Model):
    """How an agency numbers the cases of an instrument: patterns such as WP-#######, parted by commas."""

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="numberings")
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="+")
    pattern = models.CharField(max_length=250)
    declared_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    declared_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "instrument"], name="numbering_once")
        ]

    def __str__(self) -> str:
        return f"{self.agency} {self.instrument} {self.pattern}"


class Submission(models.Model):
    """Agency, instrument and period: the unit of deadline, review, locking and recomputation."""

    scope_permission = Permission.SEE_SUBMISSIONS

    class State(models.TextChoices):
        DRAFT = "DRAFT", _("Draft")
        SUBMITTED = "SUBMITTED", _("Submitted")
        SIGNED = "SIGNED", _("Signed")
        ACCEPTED = "ACCEPTED", _("Accepted")
        RETURNED = "RETURNED", _("Returned")

    OPEN = frozenset({State.DRAFT, State.RETURNED})

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="submissions")
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="submissions")
    instrument_version = models.ForeignKey(
        InstrumentVersion, models.PROTECT, related_name="+", db_constraint=False
    )
    period = models.CharField(max_length=7)  # standards.periods: 2025, 2025-A1, 2025-Q3, 2025-07
    state = models.CharField(max_length=9, choices=State, default=State.DRAFT)
    version = models.PositiveSmallIntegerField(default=1)
    nothing_to_report = models.BooleanField(default=False)
    held_acknowledged = models.PositiveIntegerField(null=True)
    # Held rows that wait for reopening (collection.late_rows keeps it): who reopens sees no held row.
    late_rows = models.PositiveIntegerField(default=0)
    submitted_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    signed_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    accepted_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    # What was submitted, in numbers (review.profile): what reviewers and statistics staff judge by.
    profile = models.JSONField(default=dict)
    # Its slice stays in force while a later version is open.
    accepted_version = models.PositiveSmallIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AgencyScoped["Submission"].as_manager()

    class Meta:
        ordering = ["-period", "instrument", "agency"]
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "instrument", "period"], name="submission_once"
            ),
            models.UniqueConstraint(fields=["id", "agency"], name="agency_of_a_submission"),
        ]

    def __str__(self) -> str:
        return f"{self.agency.code} {self.instrument.code} {self.period}"

    def get_absolute_url(self) -> str:
        return reverse("records:submission", args=[self.pk])

    @property
    def records_url(self) -> str:
        """The page of its records (`records.search`)."""
        place = f"{self.agency.code}/{self.instrument.code}"
        return reverse("records:search", query={"of": place, "period": self.period})

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN


class Upload(models.Model):
    """One file with its progress, its report and its held rows; may feed several submissions."""

    scope_permission = Permission.SEE_RECORDS

    class State(models.TextChoices):
        RECEIVED = "RECEIVED", _("Received")
        NEEDS_ANSWERS = "NEEDS_ANSWERS", _("Needs answers")
        COMMITTED = "COMMITTED", _("Taken in")
        REFUSED = "REFUSED", _("Refused")
        FAILED = "FAILED", _("Failed")
        UNDONE = "UNDONE", _("Undone")

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="uploads")
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="uploads")
    # Of file, sheets and headers, encrypted for who sent them (collection.names).
    given_names = models.BinaryField(null=True)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    # Of a workbook, by its place (#2); each of its sheets is taken in once.
    sheet = models.CharField(max_length=255, blank=True, default="")
    state = models.CharField(max_length=13, choices=State, default=State.RECEIVED)
    reason = models.TextField(blank=True)
    answers = models.JSONField(default=dict)
    report = models.JSONField(default=dict)  # docs/glossary.md, "report of an upload"
    submissions = models.ManyToManyField(Submission, related_name="uploads")
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="+")
    uploaded_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)

    shown_name: str  # what a page calls it: collection.names, set where it is listed

    objects = AgencyScoped["Upload"].as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency", "job"], name="upload_job_once"),
            models.UniqueConstraint(fields=["id", "agency"], name="agency_of_an_upload"),
        ]
        indexes = [models.Index(fields=["agency", "sha256"], name="uploads_of_a_file")]

    def __str__(self) -> str:
        """The name that everybody may see."""
        code, number = self.instrument.code, self.pk
        return gettext("%(instrument)s, file %(number)s") % {"instrument": code, "number": number}

    def get_absolute_url(self) -> str:
        return reverse("records:upload", args=[self.pk])

    @property
    def records_url(self) -> str:
        """The page of the records that came with it."""
        place = f"{self.agency.code}/{self.instrument.code}"
        return reverse("records:search", query={"of": place, "upload": self.pk})

    @property
    def outcome(self) -> str:
        """The state people see: an upload whose job gave up has failed."""
        gave_up = self.state == self.State.RECEIVED and self.job and self.job.state == "FAILED"
        return self.State.FAILED if gave_up else self.state

    @property
    def outcome_label(self) -> str:
        return str(self.State(self.outcome).label)

    @property
    def why(self) -> str:
        return self.job.reason if self.outcome == self.State.FAILED and self.job else self.reason


# What was before: the last state is the record itself. Earlier events, labelled "update", hold what came after.
@pghistory.track(
    pghistory.UpdateEvent("change", row=pghistory.Old),
    pghistory.DeleteEvent(),
    level=pgtrigger.Statement,  # a file may replace a hundred thousand at once
    model_name="RecordEvent",
)
class Record(models.Model):
    """One accepted row: a record, or a cell of counts. The common block is typed columns, the instrument's own variables are `extras`."""

    scope_permission = Permission.SEE_RECORDS
    instrument_path = "submission__instrument"

    # Its keys in the database hold agency and submission, and agency and upload together (ADR 17).
    agency = models.ForeignKey(
        Agency, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    submission = models.ForeignKey(
        Submission, models.PROTECT, related_name="records", db_index=False, db_constraint=False
    )
    upload = models.ForeignKey(
        Upload, models.PROTECT, null=True, related_name="records", db_constraint=False
    )
    row_no = models.IntegerField(null=True)  # row of the file, 1 is the first line
    record_ref = models.CharField(max_length=40)
    person_ref = models.CharField(max_length=64, null=True)  # noqa: DJ001 - COPY leaves NULL
    event_date = models.DateField()
    sex = models.CharField(max_length=2)
    sex_basis = models.CharField(max_length=4, null=True)  # noqa: DJ001
    birth_year = models.SmallIntegerField(null=True)
    age = models.SmallIntegerField(null=True)
    age_precision = models.CharField(max_length=1, default="D")  # D day, Y year, G group, _ unknown
    citizenship = models.CharField(max_length=3, null=True)  # noqa: DJ001
    country_birth = models.CharField(max_length=3, null=True)  # noqa: DJ001
    region = models.CharField(max_length=7, null=True)  # noqa: DJ001
    education = models.CharField(max_length=3, null=True)  # noqa: DJ001
    civil_status = models.CharField(max_length=2, null=True)  # noqa: DJ001
    # Of a cell of counts: how many it stands for.
    count = models.BigIntegerField(default=1, db_default=1)
    # A person put it right while it was held: it says something else than its file. What changes it later is history.
    by_hand = models.BooleanField(default=False, db_default=False)
    extras = models.JSONField(default=dict)

    objects = AgencyScoped["Record"].as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "agency", "record_ref"], name="record_ref_once"
            )
        ]
        indexes = [  # a page of a search, and its count by sex without the rows
            models.Index(
                fields=["submission", "event_date", "id"],
                include=["agency", "sex", "citizenship", "count"],
                name="record_by_day",
            )
        ]

    def __str__(self) -> str:
        return self.record_ref


class HeldRows(AgencyScoped["HeldRow"]):
    """Held rows, as people ask for them."""

    def errors(self) -> Self:
        """Rows that somebody has to correct."""
        return self.filter(kind=self.model.Kind.ERROR)

    def late(self) -> Self:
        """Valid rows of a period that was not open when they came."""
        return self.filter(kind=self.model.Kind.LATE)

    def missing_from(self, submission: Submission) -> Self:
        """Rows a submission lacks: its own, and those without a readable date of files that fed it.

        Nobody knows the period of a row without a date, so it is counted in every submission that
        its file fed, until it is corrected; in each of them once.
        """
        undated = Q(submission=None, upload__in=submission.uploads.values("pk"))
        return self.filter(Q(submission=submission) | undated)

    def closed_by_upload(self, upload: Upload) -> Self:
        """Rows whose record came with this later file: they return if it is undone."""
        return self.filter(closed_by=upload)


class OpenHeldRows(models.Manager.from_queryset(HeldRows)):  # type: ignore[misc]
    """Held rows not superseded by a later upload: the only ones people see and that count."""

    def get_queryset(self) -> HeldRows:
        return super().get_queryset().filter(closed_by=None)


class HeldRow(models.Model):
    """A row with an error, or one that came too late: kept apart, shown, correctable, never counted."""

    scope_permission = Permission.SEE_RECORDS

    class Kind(models.TextChoices):
        ERROR = "ERROR", _("error")
        LATE = "LATE", _("late")

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="+")
    upload = models.ForeignKey(
        Upload, models.PROTECT, null=True, related_name="held_rows", db_constraint=False
    )
    # The submission it would belong to, where its date can be read.
    submission = models.ForeignKey(
        Submission, models.PROTECT, null=True, related_name="held_rows", db_constraint=False
    )
    kind = models.CharField(max_length=5, choices=Kind, default=Kind.ERROR)
    row_no = models.IntegerField(null=True)
    raw = models.JSONField()  # variable -> text as it stood in the file, forbidden columns excepted
    findings = models.JSONField()  # [{rule, severity, variable, cell, value, message}]
    # The later file that brought this row as a record. The row stays, so that undoing brings it back.
    closed_by = models.ForeignKey(
        Upload, models.PROTECT, null=True, related_name="+", db_constraint=False
    )

    all_rows = HeldRows.as_manager()  # the default: also that of upload.held_rows; it hides nothing
    open_rows = OpenHeldRows()

    class Meta:
        ordering = ["row_no", "pk"]

    def __str__(self) -> str:
        return f"{self.upload} row {self.row_no}"
