"""The job row: the only truth about background work. Verbs are in `jobs.queue` and `jobs.worker`."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from standards.translation import translated


class Job(models.Model):
    """One piece of background work. Redis only wakes workers; what is to do, and how far it is, stands here."""

    class State(models.TextChoices):
        QUEUED = "QUEUED", _("waiting")
        RUNNING = "RUNNING", _("running")
        DONE = "DONE", _("done")
        FAILED = "FAILED", _("failed")

    name = models.CharField(max_length=60)
    key = models.CharField(max_length=200, unique=True)
    args = models.JSONField(default=dict)
    agencies = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    postponed = models.PositiveSmallIntegerField(default=0)  # times a neighbour was not there
    worker = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True)
    woken_at = models.DateTimeField(null=True)  # when a worker was last told
    progress = models.JSONField(default=dict)
    because = models.JSONField(default=dict)  # `sentence`: why it failed, for people
    error = models.CharField(max_length=120, blank=True)  # class and SQLSTATE, never a message
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    asked_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                "lease_until",
                name="job_open",
                condition=Q(state__in=["QUEUED", "RUNNING"]),
            ),
            # Whose turn it is (worker.work_next): the jobs that ended last.
            models.Index(
                F("finished_at").desc(), name="job_ended", condition=Q(finished_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.pk}"

    @property
    def reason(self) -> str:
        """Why it failed, in the language of who asks; empty if it did not."""
        return translated(self.because)
