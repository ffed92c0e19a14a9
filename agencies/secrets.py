"""The secrets of this installation: each good enough, one for each purpose, and the same as at first.

What must not change unnoticed leaves a fingerprint in the database when it is first used. A process with
another secret does not start, and publishes nothing, until the old one is back or was rotated.
"""

import hashlib
import hmac
import logging
import os
import sys
from dataclasses import dataclass
from secrets import token_hex

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, OperationalError, ProgrammingError, connections, transaction

from agencies.models import SecretFingerprint

log = logging.getLogger(__name__)
SIDE = "side"  # a fingerprint stays, whatever becomes of the work that used the secret first
SHORTEST = 32  # bytes
FEWEST = 10  # different characters
# How secrets begin that stand in instructions, examples, and tests: everybody knows them.
KNOWN = ("changeme", "change-me", "change_me", "change me", "django-insecure", "tests only",
    "benchmarks only", "example", "password", "secret", "default", "insert", "your", "replace")  # fmt: skip
WAY_OUT = "Make one with: openssl rand -hex 32 (docs/deploy.md, “Secrets”)."


@dataclass(frozen=True)
class Purpose:
    """What a secret is for: its setting, and what to do where it is not the one that was used before."""

    name: str
    setting: str
    way_out: str

    @property
    def secret(self) -> str:
        try:
            return str(getattr(settings, self.setting))
        except ImproperlyConfigured:  # so Django calls a SECRET_KEY that is empty
            return ""

    @property
    def fallbacks(self) -> list[str]:
        """Older secrets, which still open what was closed with them while it is being rotated."""
        return list(getattr(settings, f"{self.setting}_FALLBACKS", []))


def _rotated(name: str, setting: str) -> str:
    return (
        f"put the old value back; or, if it was changed on purpose, name the old one in"
        f" {setting}_FALLBACKS and run `manage.py rotate {name}`"
    )


PURPOSES = {
    name: Purpose(name, setting, way_out or _rotated(name, setting))
    for name, setting, way_out in (
        ("sessions", "SECRET_KEY", ""),
        ("files", "FILES_SECRET", ""),
        ("accounts", "ACCOUNTS_SECRET", ""),
        (
            "seals",
            "SEALS_SECRET",
            "put the old value back; if it is lost for ever, compare the checksums of releases with what was"
            " cited, run `MIGDATA_AS_OWNER=1 manage.py verify_releases --seal`, then `manage.py rotate seals`",
        ),
        (
            "references",
            "PERSON_REF_SECRET",
            "put the old value back: with another one the same person gets another reference. What that"
            " means, and how to do it all the same, says `manage.py rotate references`",
        ),
        (
            "disclosure",
            "DISCLOSURE_SECRET",
            "put the old value back, from the sealed copy: figures that are rounded anew with another one"
            " would, beside those already published, tell more than either. Released figures stay",
        ),
    )
}
# What a process of each kind needs; PORTAL_PART says which it is, and without it a process needs all.
PARTS = {
    "web": ("sessions", "files", "accounts", "seals"),
    "worker": ("sessions", "files", "accounts", "references", "disclosure", "seals"),
    "beat": (),
    "migrate": ("seals",),
}
_verified: set[tuple[str, str]] = set()


class WrongSecret(Exception):
    """A secret is missing, or not the one that was used before; the message says what to do."""


def needed() -> list[Purpose]:
    """Return the purposes this process needs secrets for. Raises SystemExit for an unknown PORTAL_PART."""
    part = os.environ.get("PORTAL_PART", "")
    if part and part not in PARTS:
        raise SystemExit(f"PORTAL_PART is {part!r}; it has to be one of: {', '.join(PARTS)}.")
    return [PURPOSES[name] for name in (PARTS[part] if part else PURPOSES)]


def require_good() -> None:
    """End the process, in words, where a secret is missing, short, known, or serves two purposes."""
    if problems := [*_weak(), *_shared()]:
        lines = "\n".join(f"- {problem}" for problem in problems)
        raise _end(f"The portal does not start with these secrets:\n{lines}\n{WAY_OUT}")


def require_known() -> None:
    """End the process where a secret is not the one that the database was used with before.

    Where the database cannot be asked yet, whoever uses the secret asks again (`require`).
    """
    try:
        for purpose in needed():
            require(purpose.name)
    except WrongSecret as problem:
        raise _end(f"The portal does not start: {problem}") from None
    except (OperationalError, ProgrammingError) as error:
        log.warning("secrets could not be compared yet: %s", type(error).__name__)
    finally:
        connections.close_all()


def require(name: str) -> None:
    """Raise WrongSecret unless the secret of this purpose is the one used before; note it at its first use.

    While it is rotated the one used before may stand in its fallbacks.
    """
    purpose = PURPOSES[name]
    if not purpose.secret:
        raise WrongSecret(f"{purpose.setting} is missing.")
    if (name, purpose.secret) in _verified:
        return
    known = _latest(name) or _note(name, purpose.secret, number=1)
    if not any(_matches(known, value) for value in (purpose.secret, *purpose.fallbacks)):
        raise WrongSecret(
            f"{purpose.setting} is not the secret that this database has been used with since"
            f" {known.since:%Y-%m-%d}. Way out: {purpose.way_out}."
        )
    _verified.add((name, purpose.secret))


def is_current(name: str) -> bool:
    """Say whether the secret of this purpose is the one whose fingerprint was taken last."""
    known = _latest(name)
    return known is None or _matches(known, PURPOSES[name].secret)


def note_rotation(name: str) -> None:
    """Take the fingerprint of the new secret of this purpose; earlier ones stay, as a history."""
    known = _latest(name)
    if known is None or not _matches(known, PURPOSES[name].secret):
        _note(name, PURPOSES[name].secret, number=known.number + 1 if known else 1)


def _end(text: str) -> SystemExit:
    """Say it where every process is heard: Celery takes over the usual stream, and what an exit says."""
    if sys.__stderr__ is not None:
        sys.__stderr__.write(f"{text}\n")
        sys.__stderr__.flush()
    return SystemExit(1)


def _weak() -> list[str]:
    public = settings.TESTING or settings.DEMO or _database().startswith("test_")
    problems = []
    for purpose in needed():
        for value in (purpose.secret, *purpose.fallbacks):
            setting = purpose.setting
            if not value:
                problems.append(
                    f"{setting} is missing: neither {setting} nor {setting}_FILE is set."
                )
            elif len(value.encode()) < SHORTEST:
                problems.append(f"{setting} is shorter than {SHORTEST} bytes.")
            elif len(set(value)) < FEWEST or (value.lower().startswith(KNOWN) and not public):
                problems.append(
                    f"{setting} is no secret: it repeats itself, or stands in instructions."
                )
    return problems


def _shared() -> list[str]:
    given = [purpose for purpose in needed() if purpose.secret]
    return [
        f"{earlier.setting} and {later.setting} are the same. Each purpose needs a secret of its own."
        for place, earlier in enumerate(given)
        for later in given[place + 1 :]
        if hmac.compare_digest(earlier.secret.encode(), later.secret.encode())
    ]


def _database() -> str:
    return str(settings.DATABASES["default"]["NAME"])


def _latest(name: str) -> SecretFingerprint | None:
    return SecretFingerprint.objects.using(SIDE).filter(purpose=name).order_by("number").last()


def _note(name: str, secret: str, number: int) -> SecretFingerprint:
    salt = token_hex(16)
    new = SecretFingerprint(purpose=name, number=number, salt=salt, digest=_digest(secret, salt))
    try:
        with transaction.atomic(using=SIDE):
            new.save(using=SIDE, force_insert=True)
    except IntegrityError:  # another process was quicker
        return SecretFingerprint.objects.using(SIDE).get(purpose=name, number=number)
    return new


def _matches(known: SecretFingerprint, secret: str) -> bool:
    return hmac.compare_digest(known.digest, _digest(secret, known.salt))


def _digest(secret: str, salt: str) -> str:
    """Return what cannot be turned back: slow, with a salt, so that not even a weak secret is found by it."""
    return hashlib.scrypt(
        secret.encode(), salt=bytes.fromhex(salt), n=1 << 14, r=8, p=1, dklen=32
    ).hex()
