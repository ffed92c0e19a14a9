"""Agencies, persons, their guardian grants and the append-only event log."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Concat, Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from guardian.models import UserObjectPermissionBase

from agencies.coverage import Duties, Lent
from agencies.protection import FailedSignIns, KnownAddress, SecretFingerprint, Token, TokenUse
from agencies.roles import Role
from jobs.models import Job
from standards.translation import in_language

__all__ = [
    "AccessReview",
    "Agency",
    "AgencyChange",
    "AgencyPermission",
    "Duty",
    "Event",
    "FailedSignIns",
    "FormerName",
    "Invitation",
    "KnownAddress",
    "Letter",
    "Person",
    "RestrictedInstrument",
    "SecretFingerprint",
    "Token",
    "TokenUse",
    "UnknownPerson",
]


class Agencies(models.Manager["Agency"]):
    """The agencies there are: those of practice (ADR 28) are left out of every list and number."""

    def get_queryset(self) -> models.QuerySet["Agency"]:
        return super().get_queryset().filter(practice=False)


class Agency(models.Model):
    """A body that delivers or uses data; the only object permissions are granted on."""

    code = models.SlugField(max_length=12, unique=True)
    names = models.JSONField(_("names"), help_text="{'en': …, 'ru': …, 'tk': …}")
    statistics_office = models.BooleanField(_("statistics office"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    # Where it went: its rows and its people's roles stay its own (ADR 25).
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged")
    # A practice agency belongs to one person, and is one for ever: a trigger refuses to change it.
    practice = models.BooleanField(default=False)
    practice_of = models.OneToOneField("Person", models.PROTECT, null=True, related_name="+")

    objects = Agencies()  # the default: it is asked wherever nothing else is said
    everywhere = models.Manager()  # noqa: DJ012 - those of practice as well

    class Meta:
        ordering = ["code"]
        verbose_name_plural = "agencies"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["statistics_office"],
                condition=models.Q(statistics_office=True),
                name="one_statistics_office",
            ),
            models.CheckConstraint(
                condition=models.Q(practice=False, practice_of=None)
                | models.Q(
                    practice=True,
                    practice_of__isnull=False,
                    statistics_office=False,
                    merged_into=None,
                ),
                name="practice_is_apart",
            ),
        ]
        # One guardian permission for each role (ADR 1).
        permissions = [*Role.model_permissions()]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return in_language(self.names) or self.code


class UnknownPerson(SystemExit):
    """A command was given an address nobody has."""

    def __init__(self, email: str) -> None:
        super().__init__(f"Nobody signs in as {email}.")


class People(BaseUserManager["Person"]):
    """Creates accounts; Django's authentication framework asks for this manager."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Person":
        person = self.model(email=self.normalize_email(email).lower(), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def named(self, email: str) -> "Person":
        """Return the active person with this address. Raises UnknownPerson with a sentence."""
        person = self.filter(email__iexact=email, is_active=True).first()
        if person is None:
            raise UnknownPerson(email)
        return person

    def get_by_natural_key(self, username: str | None) -> "Person":
        return self.get(email__iexact=username)


class Person(AbstractBaseUser, PermissionsMixin):
    """An account. The e-mail address is the login; roles are held per agency."""

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=150, blank=True)
    # Empty: never chosen, so pages follow the browser.
    language = models.CharField(_("language"), max_length=2, blank=True, default="")
    is_active = models.BooleanField(_("active"), default=True)
    # When the account was last deactivated: links sent before that open nothing any more.
    stopped_at = models.DateTimeField(null=True)
    joined_at = models.DateTimeField(default=timezone.now)
    # Of a colleague that is played in a practice agency: which one. Nobody signs in as such a person.
    practice_at = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+")

    objects = People()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    # The roles this person holds, by agency, and what they cover; None: not read yet. Only
    # `agencies.access` uses them.
    holdings: "dict[Agency, list[Role]] | None" = None
    duties: "dict[int, Duties] | None" = None
    restricted: frozenset[int] = frozenset()
    # Of a program that acts for her: what its token lends (`agencies.tokens`). None: she acts herself.
    lent: "Lent | None" = None

    class Meta:
        ordering = ["email"]
        verbose_name_plural = "people"
        constraints = [
            models.UniqueConstraint(Lower("email"), name="person_email_any_case"),
            models.CheckConstraint(
                condition=models.Q(practice_at=None)
                | models.Q(password__startswith="!", is_superuser=False),  # noqa: S106
                name="nobody_signs_in_as_a_practice_colleague",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Tie sessions to the password, as Django does, and to the last deactivation: both end them."""
        text = f"{self.password}{self.stopped_at or ''}"
        return salted_hmac("agencies.sessions", text, secret=secret, algorithm="sha256").hexdigest()

    def get_short_name(self) -> str:
        return str(self)

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """Read the row again, and the roles when they are asked for next."""
        super().refresh_from_db(*args, **kwargs)
        self.holdings = self.duties = None


class AgencyPermission(UserObjectPermissionBase):
    """A role one person holds in one agency (guardian's direct foreign key)."""

    content_object = models.ForeignKey(Agency, models.CASCADE)
    # From this day on the role is held no longer; None: until it is taken.
    ends_on = models.DateField(null=True)


class Duty(models.Model):
    """What the roles of a person in an agency cover, where it is not simply its ordinary instruments.

    Instruments live in the room above, so they are named by their ids.
    """

    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    agency = models.ForeignKey(Agency, models.CASCADE, related_name="+")
    ordinary = models.BooleanField(default=True)  # all ordinary instruments, beside those named
    instruments = models.JSONField(default=list)  # ids of those named

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "agency"], name="duty_once")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.agency_id} {self.instruments}"


class FormerName(models.Model):
    """What an agency was called until it was renamed. Appended, never changed."""

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="former_names")
    names = models.JSONField()
    until = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-until"]

    def __str__(self) -> str:
        return in_language(self.names) or self.agency.code


class AgencyChange(models.Model):
    """A change of an agency that one national administrator proposes and a second approves."""

    class Kind(models.TextChoices):
        RENAME = "RENAME", _("rename it")
        MERGE = "MERGE", _("merge it into another")
        GIVE = "GIVE", _("give it an instrument")
        TAKE = "TAKE", _("take an instrument from it")

    class State(models.TextChoices):
        PROPOSED = "PROPOSED", _("waits for a second national administrator")
        DONE = "DONE", _("done")
        WITHDRAWN = "WITHDRAWN", _("withdrawn")

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=6, choices=Kind)
    content = (
        models.JSONField()
    )  # RENAME: names by language; MERGE: {agency: code}; GIVE, TAKE: {instrument: code}
    state = models.CharField(max_length=9, choices=State, default=State.PROPOSED)
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="DONE", decided_by=models.F("by")),
                name="agency_change_approved_by_another",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.agency_id}"


class AccessReview(models.Model):
    """One line of a yearly access review: which roles of a person an administrator kept and took. Appended."""

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    kept = models.JSONField(default=list)  # codes of roles
    taken = models.JSONField(default=list)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index("agency", "person", "at", name="access_review_of")]

    def __str__(self) -> str:
        return f"{self.agency_id} {self.person_id} {self.at:%Y-%m-%d}"


class RestrictedInstrument(models.Model):
    """An instrument that a role covers only where it is named. Whoever publishes instruments says which."""

    instrument = models.BigIntegerField(primary_key=True)  # its id, in the room above

    def __str__(self) -> str:
        return f"instrument {self.instrument}"


class Invitation(models.Model):
    """Roles in an agency that are offered to an address, and what became of it.

    It names no account: whoever has this address may answer, and whether somebody has is nobody
    else's business. Name and language are what the inviter typed, for an account that is yet to be made.
    """

    class State(models.TextChoices):
        PROPOSED = "PROPOSED", _("waits for a second national administrator")
        OPEN = "OPEN", _("invited")
        ACCEPTED = "ACCEPTED", _("accepted")
        DECLINED = "DECLINED", _("declined")
        WITHDRAWN = "WITHDRAWN", _("withdrawn")

    LIVE = (State.PROPOSED, State.OPEN)

    agency = models.ForeignKey(Agency, models.PROTECT)
    email = models.EmailField()  # in small letters
    name = models.CharField(max_length=150, blank=True)
    language = models.CharField(max_length=2, blank=True)
    roles = models.JSONField(default=list)  # codes
    # What the roles will cover (Duty); None: what they cover already, or all ordinary instruments.
    ordinary = models.BooleanField(null=True)
    instruments = models.JSONField(default=list)  # ids of those named
    state = models.CharField(max_length=9, choices=State)
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    approved_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    digest = models.CharField(max_length=64, blank=True)  # of the secret in the link, SHA-256

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index("email", name="invitation_email")]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(approved_by=models.F("by")),
                name="invitation_approved_by_another",
            )
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def offered(self) -> list[Role]:
        return [role for role in Role if role.value in self.roles]


class Event(models.Model):
    """One line of the audit log: who did, saw or took what. Appended, never changed (a trigger refuses).

    `subject` is `kind:id`, `name` what its object was called then, so that it is still named when it is gone.
    `deed` is the kind of the subject and the verb (`agencies.deeds` has the sentences). Each index ends in time
    and id: a page of the log costs the same whatever stands before it.
    """

    at = models.DateTimeField(auto_now_add=True)
    person_id = models.BigIntegerField(null=True)
    person = models.CharField(max_length=254, blank=True)
    agency = models.CharField(max_length=12, blank=True)
    verb = models.CharField(max_length=60)
    subject = models.CharField(max_length=120)
    name = models.CharField(max_length=254, blank=True, default="")
    detail = models.JSONField(default=dict)
    deed = models.GeneratedField(
        expression=Concat(
            models.Func(
                models.F("subject"),
                models.Value(":"),
                models.Value(1),
                function="split_part",
                output_field=models.TextField(),
            ),
            models.Value(" "),
            models.F("verb"),
            output_field=models.TextField(),
        ),
        output_field=models.TextField(),
        db_persist=True,
    )

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index("at", "id", name="event_at"),
            models.Index("subject", "at", "id", name="event_subject_at"),
            models.Index("person_id", "at", "id", name="event_person_at"),
            models.Index("agency", "at", "id", name="event_agency_at"),
            models.Index("deed", "at", "id", name="event_deed_at"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject}"


class Letter(models.Model):
    """An e-mail on its way (`agencies.letters`): to whom, since when, and sealed until a worker has sent it."""

    person = models.ForeignKey(Person, models.CASCADE, null=True, related_name="letters")
    address = models.CharField(max_length=254)
    subject = models.CharField(max_length=200)
    sealed = models.BinaryField()  # empty once it is sent
    job = models.ForeignKey(Job, models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"letter {self.pk}"

    @property
    def is_stuck(self) -> bool:
        """Whether it was tried in vain, or given up."""
        if self.sent_at is not None or self.job is None:
            return False
        return self.job.state == Job.State.FAILED or self.job.postponed > 0
