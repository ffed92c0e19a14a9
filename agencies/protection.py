"""What protects accounts and secrets remembers: failed sign-ins, known addresses, fingerprints, tokens of programs."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class FailedSignIns(models.Model):
    """How many wrong passwords came, for whom or from where, and how long the next one waits.

    The key is a keyed hash (`agencies.lockout`): the table names neither accounts nor addresses.
    """

    key = models.CharField(max_length=64, unique=True)
    failures = models.PositiveIntegerField()
    until = models.DateTimeField()
    at = models.DateTimeField()  # of the last one

    def __str__(self) -> str:
        return f"{self.failures} until {self.until}"


class KnownAddress(models.Model):
    """An address, as a keyed hash, from which the owner of an account has signed in."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="known_addresses"
    )
    address = models.CharField(max_length=64)
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "address"], name="known_address_once")
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.last_at}"


class SecretFingerprint(models.Model):
    """By what a secret is known again, and since when it is in use (`agencies.secrets`). Appended only."""

    purpose = models.CharField(max_length=12)
    number = models.PositiveSmallIntegerField()  # 1 at first use, one more with every rotation
    salt = models.CharField(max_length=32)
    digest = models.CharField(max_length=64)
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["purpose", "number"], name="fingerprint_once")
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.number}"


class Token(models.Model):
    """What a program shows instead of a person: some of what she who made it may do (`agencies.tokens`).

    The token itself is kept nowhere. `app` may revoke one, and change nothing else of it.
    """

    agency = models.ForeignKey("agencies.Agency", models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    mark = models.CharField(max_length=12, unique=True)  # its open part, by which it is known
    digest = models.CharField(max_length=64)  # of the whole token, SHA-256
    verbs = models.JSONField()  # codes of tokens.Verb
    instruments = models.JSONField()  # ids
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index("agency", "id", name="token_of_an_agency")]

    def __str__(self) -> str:
        return self.name


class TokenUse(models.Model):
    """When and from where a token was shown last."""

    token = models.OneToOneField(Token, models.CASCADE, primary_key=True, related_name="use")
    at = models.DateTimeField()
    address = models.CharField(max_length=45)

    def __str__(self) -> str:
        return f"{self.token_id} {self.at}"
