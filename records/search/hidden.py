"""A record number in an address, unreadable for whoever has only the address.

Addresses stand in histories of browsers, in logs of servers in between, in letters. The number is encrypted for one
agency and instrument: copied into a search of another one it does not open.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

NONCE = 12  # bytes
LONGEST = 400  # letters of an address that are looked at


def hide(number: str, place: str) -> str:
    """Return the number as it stands in addresses of searches in this place (`SMS/SMS-WPF`)."""
    nonce = os.urandom(NONCE)
    sealed = nonce + _cipher(settings.FILES_SECRET).encrypt(nonce, number.encode(), place.encode())
    return urlsafe_b64encode(sealed).decode().rstrip("=")


def read(text: str, place: str) -> str:
    """Return the number that an address hides; "" where it was made with another secret, or elsewhere."""
    with suppress(ValueError):
        sealed = urlsafe_b64decode(text[:LONGEST] + "=" * (-len(text[:LONGEST]) % 4))
        for secret in (settings.FILES_SECRET, *getattr(settings, "FILES_SECRET_FALLBACKS", ())):
            with suppress(InvalidTag):
                clear = _cipher(secret).decrypt(sealed[:NONCE], sealed[NONCE:], place.encode())
                return clear.decode()
    return ""


def _cipher(secret: str) -> AESGCM:
    derived = HKDF(SHA256(), 32, salt=None, info=b"record numbers in addresses")
    return AESGCM(derived.derive(secret.encode()))
