from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction

from agencies import access, audit, authority, correspondence
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import Role
from standards.commands import QuickCommand

ENOUGH = 2  # so many approve what one of them proposes


class Command(QuickCommand):
    help = (
        "Make the first two national administrators, or take the role from one. From then on one "
        "proposes and another approves, on the page of agencies."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the address to sign in with")
        parser.add_argument("--name", default="", help="for an account that is made now")
        parser.add_argument(
            "--agency", default="NAT", help="where they work; made if it is not there"
        )
        parser.add_argument("--take", action="store_true", help="take the role instead")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        home, _made = Agency.objects.get_or_create(
            code=options["agency"], defaults={"names": {"en": "National administration"}}
        )
        if options["take"]:
            self._take(Person.objects.named(options["email"]), home)
        else:
            self._give(options["email"], options["name"], home)

    def _give(self, email: str, name: str, home: Agency) -> None:
        if len(authority.nationals()) >= ENOUGH:
            raise CommandError(
                "There are two national administrators: one proposes a third, another approves, "
                "on the page of agencies."
            )
        person = Person.objects.filter(email__iexact=email).first()
        if person is None:
            person = Person.objects.create_user(email, None, name=name)
        if not person.is_active:
            raise CommandError("This account is deactivated. Choose another address.")
        try:
            access.grant(person, Role.NATIONAL_ADMIN, home)
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
        audit.record(
            "roles",
            f"person:{person.pk}",
            name=person.email,
            by=None,
            agency=home,
            given=["national_admin"],
        )
        correspondence.gained(person, [Role.NATIONAL_ADMIN], home, by=None)
        self.stdout.write(f"{person.email} is a national administrator.")

    def _take(self, person: Person, home: Agency) -> None:
        if Role.NATIONAL_ADMIN not in access.roles(person, home):
            raise CommandError(f"{person.email} is no national administrator of {home.code}.")
        access.revoke(person, Role.NATIONAL_ADMIN, home)
        audit.record(
            "roles",
            f"person:{person.pk}",
            name=person.email,
            by=None,
            agency=home,
            taken=["national_admin"],
        )
        correspondence.lost(person, [Role.NATIONAL_ADMIN], home, by=None)
        self.stdout.write(f"{person.email} is no national administrator any more.")
