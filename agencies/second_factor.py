"""Secrets of second factors lie encrypted in the database, with a key of their own (ACCOUNTS_SECRET)."""

from collections.abc import Iterator

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.db import transaction

from agencies import account_keys

PURPOSE = "second factors"  # of the key
FIELDS = ("secret", "seed")  # where allauth keeps what codes are made of: of the app, of the paper


class Encrypted(DefaultMFAAdapter):  # type: ignore[misc]
    """allauth's adapter of second factors, which asks us how their secrets are stored."""

    def encrypt(self, text: str) -> str:
        return account_keys.keys(PURPOSE).encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret. Secrets stored before they were encrypted are read as they stand.

        Raises cryptography.fernet.InvalidToken where it was encrypted with a key that is not given.
        """
        if not _is_encrypted(encrypted_text):
            return encrypted_text
        return account_keys.keys(PURPOSE).decrypt(encrypted_text.encode()).decode()


def renew() -> tuple[int, int]:
    """Encrypt every stored secret with the current key; safe to run again.

    Returns how many rows were renewed, and how many stay closed because none of the keys opens them.
    """
    adapter, renewed, closed = Encrypted(), 0, 0
    with transaction.atomic():
        for row, field in _stored():
            try:
                row.data[field] = adapter.encrypt(adapter.decrypt(row.data[field]))
            except InvalidToken:
                closed += 1
                continue
            row.save(update_fields=["data"])
            renewed += 1
    return renewed, closed


def _stored() -> Iterator[tuple[Authenticator, str]]:
    """Give each second factor with the field of its secret, locked until the transaction ends."""
    for row in Authenticator.objects.select_for_update().order_by("pk"):
        for field in FIELDS:
            if row.data.get(field):
                yield row, field


def _is_encrypted(text: str) -> bool:
    """Tell a token of Fernet, which begins with its version, from the base32 or hex digits of a secret."""
    return text.startswith("gAAAA")
