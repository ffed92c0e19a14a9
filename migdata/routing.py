"""Which connection the shared cache uses: the side one, so that counts of wrong passwords are kept
when the request they belong to is refused and rolled back."""

from typing import Any

SIDE = "side"


class CacheOnTheSide:
    """Django's database cache asks this router; everything else has no opinion here."""

    def db_for_read(self, model: Any, **_hints: Any) -> str | None:
        return SIDE if model._meta.app_label == "django_cache" else None

    db_for_write = db_for_read
