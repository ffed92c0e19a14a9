"""The secrets of a demonstration: made once, kept in the place, readable by their owner only."""

import json
import os
import secrets

from migdata.local.place import Place

NAMES = ("SECRET_KEY", "DISCLOSURE_SECRET", "PERSON_REF_SECRET")


def passing() -> dict[str, str]:
    """Secrets for a command that needs none: valid, and forgotten with the process."""
    return {name: secrets.token_urlsafe(48) for name in NAMES}


def exist(place: Place) -> bool:
    """Whether the place has secrets."""
    return (place.folder / "secrets.json").exists()


def kept(place: Place) -> dict[str, str]:
    """The secrets of the place; made at the first call. The caller holds the place's lock."""
    file = place.folder / "secrets.json"
    if not file.exists():
        fresh = file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:  # noqa: PTH123
            json.dump(passing(), out)
        fresh.rename(file)
    keys: dict[str, str] = json.loads(file.read_text())
    return keys
