"""The secrets of a demonstration: made once, kept in the place, readable by their owner only."""

import json
import os
import secrets

from migdata.local.place import Place

NAMES = (
    "SECRET_KEY",
    "DISCLOSURE_SECRET",
    "PERSON_REF_SECRET",
    "FILES_SECRET",
    "ACCOUNTS_SECRET",
    "SEALS_SECRET",
)


def passing() -> dict[str, str]:
    """Secrets for a command that needs none: valid, and forgotten with the process."""
    return {name: secrets.token_urlsafe(48) for name in NAMES}


def exist(place: Place) -> bool:
    """Whether the place has secrets."""
    return (place.folder / "secrets.json").exists()


def kept(place: Place) -> dict[str, str]:
    """The secrets of the place; what is missing is made. The caller holds the place's lock."""
    file = place.folder / "secrets.json"
    keys: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    if keys.keys() != set(NAMES):
        keys = {**passing(), **keys}
        fresh = file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:  # noqa: PTH123
            json.dump(keys, out)
        fresh.rename(file)
    return keys
