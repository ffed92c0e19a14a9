"""What protects accounts and secrets remembers: failed sign-ins, known addresses, fingerprints of secrets."""

from django.conf import settings
from django.db import models


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
