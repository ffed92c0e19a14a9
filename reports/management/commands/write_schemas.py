from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from reports.designs import schema_files


class Command(BaseCommand):
    help = "Write docs/schemas and the tables of keys in docs/instruments.md from the schemas."

    def handle(self, *args: Any, **options: Any) -> None:
        for path, text in schema_files.files().items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            self.stdout.write(str(path.relative_to(settings.BASE_DIR)))
