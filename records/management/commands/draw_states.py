from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from records.review import drawing


class Command(BaseCommand):
    help = "Write docs/states.md from the state table."

    def handle(self, *args: Any, **options: Any) -> None:
        (settings.BASE_DIR / "docs" / "states.md").write_text(drawing.drawing())
