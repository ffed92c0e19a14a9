"""What review keeps of a submission: steps, hands, counts, numbers shared with others, threads, answers to warnings."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from agencies.access import AgencyScoped
from agencies.models import Agency
from agencies.roles import Permission

PERSON = settings.AUTH_USER_MODEL
SUBMISSION = "records.Submission"


class SubmissionCounts(models.Model):
    """What a submission held when it was submitted, counted for its scorecard, history and breakdowns.

    Kept, because who judges by it sees no record: statistics staff see neither those of this period
    nor those of the periods it is compared with. Beside `Submission.profile`, which lists read, it
    would make every list heavy.
    """

    scope_permission = Permission.SEE_SUBMISSIONS
    instrument_path = "submission__instrument"

    agency = models.ForeignKey(
        Agency, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    submission = models.ForeignKey(
        SUBMISSION, models.DO_NOTHING, related_name="counts", db_index=False, db_constraint=False
    )
    facts = models.JSONField()  # review.counting.facts
    by_sex = models.JSONField()  # {variable: {code: {sex: number}}}
    odd = models.PositiveSmallIntegerField(
        default=0
    )  # measures of the scorecard out of their limits
    days_late = models.SmallIntegerField(null=True)  # after its due date, when first submitted

    objects = AgencyScoped["SubmissionCounts"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["submission", "agency"], name="submission_counts_once")
        ]

    def __str__(self) -> str:
        return f"counts of {self.submission_id}"


class Thread(models.Model):
    """What people write to each other about a submission, a variable, a row or one cell of it.

    `record` is the id of a row, which may be gone by now. Agency and statistics staff see the same thread.
    """

    scope_permission = Permission.SEE_SUBMISSIONS
    instrument_path = "submission__instrument"

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    submission = models.ForeignKey(
        SUBMISSION, models.PROTECT, related_name="threads", db_constraint=False
    )
    variable = models.CharField(max_length=60, blank=True, default="")
    record = models.BigIntegerField(null=True)
    begun_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    begun_at = models.DateTimeField(auto_now_add=True)
    resolved_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    resolved_at = models.DateTimeField(null=True)

    objects = AgencyScoped["Thread"].as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["id", "agency"], name="agency_of_a_thread"),
            models.CheckConstraint(
                condition=Q(resolved_by=None, resolved_at=None)
                | Q(resolved_by__isnull=False, resolved_at__isnull=False),
                name="thread_resolved_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"thread {self.pk} on {self.submission_id}"


class Comment(models.Model):
    """One text of a thread. Texts are appended, never changed."""

    scope_permission = Permission.SEE_SUBMISSIONS
    instrument_path = "thread__submission__instrument"

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    thread = models.ForeignKey(Thread, models.PROTECT, related_name="comments", db_constraint=False)
    text = models.TextField()
    by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    mentioned = models.JSONField(default=list)  # names of those who were told of it

    objects = AgencyScoped["Comment"].as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"comment {self.pk}"


class WarningAnswer(models.Model):
    """What the agency says to a warning, once: it stays in every later round. Appended; the latest holds."""

    scope_permission = Permission.SEE_SUBMISSIONS
    instrument_path = "submission__instrument"

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    submission = models.ForeignKey(
        SUBMISSION, models.PROTECT, related_name="warning_answers", db_constraint=False
    )
    rule = models.CharField(max_length=100)
    variable = models.CharField(max_length=60)
    count = models.PositiveIntegerField()  # rows it was about when it was answered
    text = models.TextField()
    by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    objects = AgencyScoped["WarningAnswer"].as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"answer to {self.rule} of {self.submission_id}"


class NumberDigest(models.Model):
    """A record number of a submission as a keyed hash, to be compared across agencies (review.shared_numbers)."""

    pk = models.CompositePrimaryKey("submission", "digest", "agency")
    agency = models.ForeignKey(
        Agency, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    submission = models.ForeignKey(
        SUBMISSION, models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    digest = models.BinaryField(max_length=16)

    def __str__(self) -> str:
        return f"number of {self.submission_id}"


class SharedNumbers(models.Model):
    """How many record numbers of a submission another agency delivered too; for the statistics office only."""

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    submission = models.ForeignKey(
        SUBMISSION, models.DO_NOTHING, related_name="shared_numbers", db_constraint=False
    )
    other_agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    other = models.ForeignKey(SUBMISSION, models.DO_NOTHING, related_name="+", db_constraint=False)
    shared = models.PositiveIntegerField()
    numbers = models.PositiveIntegerField()  # different ones of the submission

    class Meta:
        ordering = ["-shared", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "agency", "other", "other_agency"], name="shared_numbers_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.shared} of {self.submission_id} in {self.other_id}"


class ReviewStep(models.Model):
    """One step of a submission through review: who moved it from where to where, when and why.

    Steps are appended, never changed: `app` has no right to update or delete them.
    """

    submission = models.ForeignKey(SUBMISSION, models.PROTECT, related_name="review_steps")
    verb = models.CharField(max_length=12)
    source = models.CharField(max_length=9)
    target = models.CharField(max_length=9)
    version = models.PositiveSmallIntegerField()
    reason = models.TextField(blank=True)
    reason_code = models.CharField(max_length=32, blank=True, default="")  # of return_reasons
    by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.verb} {self.submission}"


class Handling(models.Model):
    """One deed on the rows of a version of a submission: whose hands were in it (review.handlings).

    What is done to a file before anybody knows its submissions stands without one. Deeds are
    appended, never changed.
    """

    class Deed(models.TextChoices):
        UPLOAD = "UPLOAD"
        ANSWER = "ANSWER"
        ENTER = "ENTER"
        CORRECT = "CORRECT"
        DELETE = "DELETE"
        DISCARD = "DISCARD"
        ADMIT = "ADMIT"
        UNDO = "UNDO"

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    submission = models.ForeignKey(
        SUBMISSION, models.DO_NOTHING, null=True, related_name="handlings", db_constraint=False
    )
    version = models.PositiveSmallIntegerField(null=True)
    upload = models.ForeignKey(
        "records.Upload", models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    person = models.ForeignKey(PERSON, models.PROTECT, related_name="+", db_index=False)
    deed = models.CharField(max_length=7, choices=Deed)
    rows = models.PositiveIntegerField(default=1)  # 0 where it is about a file
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.deed} {self.submission_id} v{self.version}"
