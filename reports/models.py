"""Slices and builds (private), releases and the files of their tables (schema `pub`)."""

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from standards.translation import in_language

PERSON = settings.AUTH_USER_MODEL


class Slice(models.Model):
    """The exact cells of one accepted version of a submission for one dataset: a private Parquet file."""

    submission = models.ForeignKey("records.Submission", models.PROTECT, related_name="+")
    version = models.PositiveSmallIntegerField()
    dataset = models.CharField(max_length=20)
    path = models.CharField(max_length=200)  # below PRIVATE_ROOT
    sha256 = models.CharField(max_length=64)
    records = models.PositiveBigIntegerField()
    design = models.CharField(max_length=64, default="")  # designs.datasets.Dataset.design
    sealed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["submission", "version", "dataset"], name="slice_once")
        ]

    def __str__(self) -> str:
        return f"{self.dataset} {self.submission_id} v{self.version}"


class Release(models.Model):
    """A numbered, frozen publication of a dataset. Public: nothing here may depend on true counts."""

    class State(models.TextChoices):
        BUILT = "BUILT", _("Built")
        RELEASED = "RELEASED", _("Released")
        WITHDRAWN = "WITHDRAWN", _("Withdrawn")

    dataset = models.CharField(max_length=20)
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=9, choices=State, default=State.BUILT)
    structure = (
        models.JSONField()
    )  # published.structure.Structure: dimensions, codes, labels, notes
    missing = models.JSONField(default=list)  # [{agency, period}] status O: not delivered
    checksum = models.CharField(max_length=64)
    seal = models.CharField(max_length=80, default="")  # published.seals
    built_at = models.DateTimeField(auto_now_add=True)
    released_at = models.DateTimeField(null=True)
    embargo_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_because = models.TextField(blank=True)
    note = models.TextField(blank=True)  # what it brings, in the words of its publisher
    next_on = models.DateField(null=True)  # the day the publisher names for the next release
    released_by_builder = models.BooleanField(default=False)

    class Meta:
        db_table = 'pub"."release'
        ordering = ["dataset", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["dataset", "number"], name="release_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.dataset}-{self.number}"

    def get_absolute_url(self) -> str:
        return reverse("reports:release", args=[self.pk])

    @property
    def title(self) -> str:
        return in_language(self.structure["title"])

    @property
    def missing_text(self) -> str:
        """The deliveries that are expected and not in it: `MLSP 2026-02, SMS 2026-02`; empty where none is."""
        return ", ".join(sorted(f"{late['agency']} {late['period']}" for late in self.missing))


class Blob(models.Model):
    """A stored file of a release, served as it is."""

    release = models.ForeignKey(Release, models.CASCADE, related_name="blobs")
    name = models.CharField(max_length=40)
    media_type = models.CharField(max_length=80)
    content = models.BinaryField()

    class Meta:
        db_table = 'pub"."blob'
        constraints = [models.UniqueConstraint(fields=["release", "name"], name="blob_once")]

    def __str__(self) -> str:
        return f"{self.release_id} {self.name}"


class Build(models.Model):
    """How a release was built: private. Inputs pinned, seed named, gates with what they measured."""

    release = models.OneToOneField(Release, models.CASCADE, related_name="build")
    inputs = models.JSONField()  # [{slice, submission, version, sha256, year, held}]
    predecessor = models.ForeignKey(Release, models.PROTECT, null=True, related_name="+")
    method = models.CharField(max_length=40)
    seed_id = models.CharField(max_length=64)
    gates = models.JSONField()
    # {code of the dataset or of a named table: what 95 of 100 errors of its figures do not exceed}
    errors = models.JSONField(default=dict)
    nearness = models.JSONField(default=list)  # [releases.accuracy.Nearness] of the family's tables
    missing_acknowledged = models.JSONField(
        default=list
    )  # Release.missing, as its publisher saw it
    tree = models.CharField(max_length=64, default="")  # designs.datasets.Dataset.tree
    # The first and the last period that codes were numbered from; of builds before they were kept, none.
    span = models.JSONField(default=list)
    years = models.JSONField(default=list)  # releases.years.Year
    # {year: {path, sha256}}: its crossings as they were followed (releases.residences), below PRIVATE_ROOT
    residences = models.JSONField(default=dict)
    # {code list: number of its edition}, of those that had a later one than the delivered
    lists = models.JSONField(default=dict)
    # {table: {path, sha256}}: true and protected counts of the family, below PRIVATE_ROOT
    files = models.JSONField(default=dict)
    # [releases.conflicts.Conflict]: what the design rounds twice, and who signed that it may be published
    conflicts = models.JSONField(default=list)
    conflicts_signed_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    conflicts_signed_because = models.TextField(blank=True)
    # Of a release from before families: its exact and protected cells.
    cells_path = models.CharField(max_length=200, blank=True)
    cells_sha256 = models.CharField(max_length=64, default="")
    built_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    released_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    withdrawn_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    # The latest scan of what is stored (releases.scanning): published.seals.Fault, empty where it is sound.
    scanned_at = models.DateTimeField(null=True)
    fault = models.CharField(max_length=10, blank=True)
    # When the letters to subscribers were written: that it is out, that it was withdrawn.
    announced_at = models.DateTimeField(null=True)
    withdrawal_announced_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"build of {self.release_id}"

    @property
    def private_files(self) -> list[tuple[str, str]]:
        """The path and the checksum of every private file; one from before checksums is left out."""
        pinned = [
            (f["path"], f["sha256"]) for f in (*self.files.values(), *self.residences.values())
        ]
        return [*pinned, *([(self.cells_path, self.cells_sha256)] if self.cells_sha256 else [])]


class Subscription(models.Model):
    """A person wants a letter when a release of a dataset comes out or is withdrawn.

    site: the address of the portal where it was asked for; links in the letters lead there.
    """

    person = models.ForeignKey(PERSON, models.CASCADE, related_name="subscriptions")
    dataset = models.CharField(max_length=20)
    site = models.CharField(max_length=200)
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "dataset"], name="subscription_once")
        ]

    def __str__(self) -> str:
        return f"{self.dataset} for {self.person_id}"
