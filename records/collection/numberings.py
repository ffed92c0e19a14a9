"""How agencies number the cases of an instrument, as their administrators declared it."""

from django.utils import timezone
from django.utils.translation import gettext as _

from agencies import access, audit
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import Permission
from records.models import Instrument, Numbering
from records.validation import numbering


def numbering_of(agency: Agency, instrument: Instrument) -> str:
    """Return the expression that the agency's own record numbers follow, "" where none is declared."""
    declared = Numbering.objects.filter(agency=agency, instrument=instrument).first()
    return numbering.expression(declared.pattern) if declared else ""


def declare(agency: Agency, instrument: Instrument, pattern: str, *, by: Person) -> None:
    """Declare how the agency numbers its cases; an empty pattern takes the declaration back.

    From then on numbers of this pattern pass, whatever they look like, and no others do. What is
    stored keeps its numbers. Raises `Denied`, and `Refused` for a pattern that cannot be used.
    """
    access.require(by, Permission.DECLARE_NUMBERING, agency)
    if not agency.instruments.filter(pk=instrument.pk).exists():
        raise Refused(_("%(agency)s does not deliver this instrument.") % {"agency": agency})
    patterns = numbering.patterns_of(pattern)
    if patterns and (problem := numbering.problem_of(patterns)):
        raise Refused(_why(problem))
    ours = Numbering.objects.filter(agency=agency, instrument=instrument)
    if not patterns:
        ours.delete()
    else:
        fields = {"pattern": ", ".join(patterns), "declared_by": by, "declared_at": timezone.now()}
        Numbering.objects.update_or_create(agency=agency, instrument=instrument, defaults=fields)
    # A pattern is no record: the log keeps it, so that everybody can see when which one was in force.
    audit.record(
        "numbering",
        f"instrument:{instrument.code}",
        name=instrument.code,
        by=by,
        agency=agency,
        pattern=", ".join(patterns),
    )


def _why(problem: str) -> str:
    return {
        "count": _("State at most five patterns, with commas between them."),
        "length": _("A pattern has 3 to 40 characters."),
        "sign": _("A pattern consists of letters, digits, # for each digit that changes, and - / . or spaces."),
        "digits": _("A pattern needs at least one #, which stands for a digit."),
        "bare": _("Nine digits and more may be a telephone or identity number. Put letters or a - before them."),
        "passport": _("National passports are numbered like this. Use numbers of your own."),
        "phone": _("Telephone numbers of the country begin like this. Use numbers of your own."),
    }[problem]  # fmt: skip
