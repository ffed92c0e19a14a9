"""Keys made of ACCOUNTS_SECRET, one for each purpose: what is kept of accounts lies encrypted."""

import base64

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def keys(purpose: str) -> MultiFernet:
    """Return the present key for a purpose, and older ones, which only open what they closed."""
    secrets = [settings.ACCOUNTS_SECRET, *settings.ACCOUNTS_SECRET_FALLBACKS]
    return MultiFernet([Fernet(_key(secret, purpose)) for secret in secrets])


def _key(secret: str, purpose: str) -> bytes:
    derived = HKDF(SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret.encode())
    return base64.urlsafe_b64encode(derived)
