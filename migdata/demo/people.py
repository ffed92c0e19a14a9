"""The bodies of the mission and the accounts of the demonstration."""

from agencies import access, sign_in
from agencies.models import Agency, Person
from agencies.roles import Role

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
ACCOUNTS = [
    *(
        (f"{name}@{code.lower()}.example", role, code)
        for code in ("SMS", "MLSP", "SCS")
        for name, role in (
            ("clerk", Role.CLERK),
            ("reviewer", Role.REVIEWER),
            ("admin", Role.AGENCY_ADMIN),
        )
    ),
    ("statistician@scs.example", Role.STATISTICIAN, "SCS"),
    ("publisher@scs.example", Role.PUBLISHER, "SCS"),
    ("viewer@parl.example", Role.VIEWER, "PARL"),
    ("admin@national.example", Role.NATIONAL_ADMIN, "NAT"),
]


def settle() -> list[tuple[str, str]]:
    """Make agencies and accounts that are missing; return (e-mail, role) of all."""
    for code, (en, ru, tk) in AGENCIES.items():
        Agency.objects.get_or_create(
            code=code,
            defaults={
                "names": {"en": en, "ru": ru, "tk": tk},
                "statistics_office": code == "SCS",
            },
        )
    for email, role, code in ACCOUNTS:
        if not Person.objects.filter(email=email).exists():
            who = email.split("@")[0].title()
            person = Person.objects.create_user(email, PASSWORD, name=f"{who} ({code})")
            access.grant(person, role, Agency.objects.get(code=code))
            sign_in.prove_address(person)
    return [(email, f"{role.value}, {code}") for email, role, code in ACCOUNTS]
