from typing import Any

from django.core.management.base import CommandError

from agencies import access
from standards.commands import QuickCommand


class Command(QuickCommand):
    help = "List people who hold roles that exclude each other; fails if there are any."

    def handle(self, *args: Any, **options: Any) -> None:
        conflicts = access.in_conflict()
        for person, broken in conflicts.items():
            held = "; ".join(
                f"{agency.code}: {', '.join(roles)}"
                for agency, roles in access.holdings(person).items()
            )
            self.stdout.write(f"{person.email} ({held})")
            for exclusion in broken:
                self.stdout.write(f"  {exclusion.reason}")
        if conflicts:
            raise CommandError(
                f"{len(conflicts)} to settle: take a role on the page of the person."
            )
        self.stdout.write("Nobody holds roles that exclude each other.")
