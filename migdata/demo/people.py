"""The bodies of the mission and the accounts of the demonstration."""

from dataclasses import dataclass

from django.contrib.auth.hashers import make_password

from agencies import access, sign_in
from agencies.coverage import Duties
from agencies.models import Agency, Person
from agencies.roles import ROLES, Role, Scope
from records.instruments import versions
from records.models import Instrument

PASSWORD = "showing-the-road-2026"  # noqa: S105 - of invented people, made in demo mode only
AGENCIES = {
    "SMS": (
        "State Migration Service",
        "Государственная миграционная служба",
        "Döwlet migrasiýa gullugy",
    ),
    "MLSP": (
        "Ministry of Labour and Social Protection",
        "Министерство труда и социальной защиты",
        "Zähmet we ilaty durmuş taýdan goramak ministrligi",
    ),
    "SCS": (
        "State Committee on Statistics",
        "Государственный комитет по статистике",
        "Statistika baradaky döwlet komiteti",
    ),
    "MOE": ("Ministry of Education", "Министерство образования", "Bilim ministrligi"),
    "MFA": (
        "Ministry of Foreign Affairs",
        "Министерство иностранных дел",
        "Daşary işler ministrligi",
    ),
    "MEF": (
        "Ministry of Economy and Finance",
        "Министерство финансов и экономики",
        "Maliýe we ykdysadyýet ministrligi",
    ),
    "PARL": ("Parliament", "Парламент", "Mejlis"),
    "ISLD": (
        "Institute of State, Law and Democracy",
        "Институт государства, права и демократии",
        "Döwlet, hukuk we demokratiýa instituty",
    ),
    "NAT": ("National administration", "Национальная администрация", "Milli dolandyryş"),
}
# Where people with a role of this scope work.
PLACES = {
    Scope.AGENCY: ("SMS", "MLSP", "SCS", "MOE", "MFA", "MEF"),
    Scope.STATISTICS_OFFICE: ("SCS",),
    Scope.NATIONAL: ("NAT",),
}
READERS = ("PARL",)  # where those work who only read what is published
DOMAINS = {"NAT": "national"}  # of e-mail addresses, where the code of the agency is none


@dataclass(frozen=True)
class Account:
    """One invented person: the address to sign in with, the role, and the agency it is held in."""

    email: str
    role: Role
    agency: str


def _account(role: Role, agency: str) -> Account:
    name = role.value.rpartition("_")[2]  # both kinds of administrators are called "admin"
    return Account(f"{name}@{DOMAINS.get(agency, agency.lower())}.example", role, agency)


# One person for each role, in each agency where such a person works; and a second publisher, for nobody
# releases what they built.
ACCOUNTS = [
    *(
        _account(role, agency)
        for agency in AGENCIES
        for role in ROLES
        if agency in (PLACES[role.scope] if role.permissions else READERS)
    ),
    Account("editor@scs.example", Role.PUBLISHER, "SCS"),
]
# What one national administrator proposes a second approves.
ACCOUNTS.append(Account("second@national.example", Role.NATIONAL_ADMIN, "NAT"))


def name(instrument: str, *emails: str) -> None:
    """Name an instrument, by its code, in the duties of these people, in each of their agencies."""
    number = Instrument.objects.get(code=instrument).pk
    for person in Person.objects.filter(email__in=emails):
        for agency in access.holdings(person):
            own = access.duties(person, agency)
            access.limit(person, agency, Duties(own.ordinary, own.named | {number}))


def name_restricted() -> None:
    """Name every restricted instrument in the duties of those who deliver it, and of the statistics office's people."""
    for version in versions.current_of(Instrument.objects.all()).values():
        if version.content.get("restricted"):
            agencies = [code.lower() for code in version.content["agencies"]]
            name(
                version.instrument.code,
                *(f"{who}@{code}.example" for code in agencies for who in ("clerk", "reviewer")),
                *(f"{who}@scs.example" for who in ("statistician", "publisher", "editor")),
            )


def settle() -> list[tuple[str, str]]:
    """Make agencies and accounts that are missing; return (e-mail, role) of all."""
    for code, (en, ru, tk) in AGENCIES.items():
        agency, is_new = Agency.objects.get_or_create(
            code=code,
            defaults={
                "names": {"en": en, "ru": ru, "tk": tk},
                "statistics_office": code == "SCS",
            },
        )
        if is_new:
            versions.give_to(agency)  # instruments may have been published before it was there
    password = make_password(PASSWORD)  # made once: it takes long on purpose
    for account in ACCOUNTS:
        if not Person.objects.filter(email=account.email).exists():
            name = f"{account.email.split('@')[0].title()} ({account.agency})"
            person = Person.objects.create_user(account.email, name=name)
            person.password = password
            person.save(update_fields=["password"])
            access.grant(person, account.role, Agency.objects.get(code=account.agency))
            sign_in.prove_address(person)
    return [(account.email, f"{account.role.value}, {account.agency}") for account in ACCOUNTS]
