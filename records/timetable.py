"""When deliveries are due and who is told: holidays, rules, extensions, notices."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from agencies.access import AgencyScoped
from agencies.models import Agency
from agencies.roles import Permission
from standards.translation import in_language

PERSON = settings.AUTH_USER_MODEL


class RestDay(models.Model):
    """A day of the week on which nobody works; 1 is Monday. Kept by statistics staff."""

    weekday = models.PositiveSmallIntegerField(primary_key=True)

    class Meta:
        ordering = ["weekday"]
        constraints = [
            models.CheckConstraint(
                condition=Q(weekday__gte=1, weekday__lte=7), name="rest_day_is_a_weekday"
            )
        ]

    def __str__(self) -> str:
        return str(self.weekday)


class Holiday(models.Model):
    """A holiday of the country: of every year, or a date of one year. Kept by statistics staff."""

    year = models.PositiveSmallIntegerField(null=True)  # None: every year
    month = models.PositiveSmallIntegerField()
    day = models.PositiveSmallIntegerField()
    names = models.JSONField()  # {language: text}

    class Meta:
        ordering = ["month", "day", "year"]
        constraints = [
            models.UniqueConstraint(
                fields=["year", "month", "day"], nulls_distinct=False, name="holiday_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.year or '*'}-{self.month:02}-{self.day:02}"

    @property
    def name(self) -> str:
        return in_language(self.names)

    @property
    def written(self) -> str:
        """The day in figures: 08.03 of every year, 20.03.2026 of one."""
        year = f".{self.year}" if self.year else ""
        return f"{self.day:02}.{self.month:02}{year}"


class DueRule(models.Model):
    """Where an agency's due dates differ from its instrument's, and from when it delivers.

    An empty field says what the instrument says. Set by statistics staff; changes leave events.
    """

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    instrument = models.ForeignKey("records.Instrument", models.PROTECT, related_name="+")
    days = models.PositiveSmallIntegerField(null=True)
    counted = models.CharField(max_length=8, blank=True, default="")
    grace = models.PositiveSmallIntegerField(null=True)
    first_period = models.CharField(max_length=7, blank=True, default="")
    set_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    set_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "instrument"], name="due_rule_once")
        ]

    def __str__(self) -> str:
        return f"{self.agency} {self.instrument} {self.days}"


class Extension(models.Model):
    """A later due date for one submission, begun or not, with its reason. Appended; the latest holds."""

    scope_permission = Permission.SEE_SUBMISSIONS

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    instrument = models.ForeignKey("records.Instrument", models.PROTECT, related_name="+")
    period = models.CharField(max_length=7)
    until = models.DateField()
    reason = models.TextField()
    by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    objects = AgencyScoped["Extension"].as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index("agency", "instrument", "period", name="extension_of")]

    def __str__(self) -> str:
        return f"{self.agency} {self.instrument} {self.period} until {self.until}"


class Notice(models.Model):
    """One line of a person's inbox: what happened to a submission that concerns her.

    `key` names the event, so that it is told once however often it is found. `told` is a marked
    sentence; `link` leads to the place. `lettered_at`: when it went into a letter, or was passed over
    because it had been read.
    """

    class Kind(models.TextChoices):
        DUE = "DUE", _("due soon")
        LATE = "LATE", _("late")
        RETURNED = "RETURNED", _("returned")
        REOPENED = "REOPENED", _("reopened")
        EXTENDED = "EXTENDED", _("new date")
        MENTIONED = "MENTIONED", _("mentioned")
        PUBLISHED = "PUBLISHED", _("published")

    person = models.ForeignKey(PERSON, models.CASCADE, related_name="+", db_index=False)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=9, choices=Kind)
    key = models.CharField(max_length=120)
    told = models.JSONField()  # standards.translation.sentence
    link = models.CharField(max_length=300)
    at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True)
    lettered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["person", "agency", "key"], name="notice_once")
        ]
        indexes = [
            models.Index("person", name="notice_unlettered", condition=Q(lettered_at__isnull=True)),
            models.Index("person", name="notice_unread", condition=Q(read_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.person_id}"


class Reader(models.Model):
    """How a person wants to be told: when letters of her inbox are sent, and the number of her calendar's address."""

    class Letters(models.TextChoices):
        AT_ONCE = "AT_ONCE", _("at once")
        DAILY = "DAILY", _("once a day")
        WEEKLY = "WEEKLY", _("once a week")
        NEVER = "NEVER", _("never")

    person = models.OneToOneField(PERSON, models.CASCADE, related_name="+", primary_key=True)
    letters = models.CharField(max_length=7, choices=Letters, default=Letters.DAILY)
    last_letter_on = models.DateField(null=True)
    calendar = models.PositiveIntegerField(default=1)  # raised when the address is renewed

    def __str__(self) -> str:
        return f"{self.person_id} {self.letters}"
