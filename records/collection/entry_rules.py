"""What an agency has chosen for the form of an instrument: kept for the next record, typed by a second person."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from agencies import access, audit
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import Permission
from records.instruments import gender_identity, versions
from records.instruments.spec import Spec, Variable
from records.models import EntryRule, Instrument


def rule_of(agency: Agency, instrument: Instrument) -> EntryRule:
    """Return what the agency has chosen; where nothing, a rule that carries on nothing."""
    chosen = EntryRule.objects.filter(agency=agency, instrument=instrument).first()
    return chosen or EntryRule(agency=agency, instrument=instrument)


def may_be_carried(spec: Spec) -> list[Variable]:
    """Return the variables that can be kept for the next record.

    Never the number, which is each record's own, nor the sex, gender identity and birth date: they are asked of
    every person.
    """
    asked_of_each, never = ("ref", "key", "birth"), ("sex", gender_identity.NAME)
    return [
        v for v in spec.variables if v.typed and v.kind not in asked_of_each and v.name not in never
    ]


def may_be_typed_twice(spec: Spec) -> list[Variable]:
    """Return the variables that a second person can type again; by the number the record is found."""
    return [v for v in spec.variables if v.typed and v.kind not in ("ref", "key")]


def set_rule(
    agency: Agency,
    instrument: Instrument,
    *,
    carried: Iterable[str],
    twice: Iterable[str],
    by: Person,
) -> None:
    """Choose, by the names of variables, what is carried on and what is typed twice.

    Raises `Denied`, and `Refused` for an instrument that is not the agency's and for a variable that
    cannot be chosen; then nothing changes.
    """
    access.require(by, Permission.DECLARE_NUMBERING, agency)
    if not agency.instruments.filter(pk=instrument.pk).exists():
        raise Refused(_("%(agency)s does not deliver this instrument.") % {"agency": agency})
    spec = versions.spec_of(versions.current(instrument))
    fields = {
        "carried": _chosen(carried, may_be_carried(spec)),
        "twice": _chosen(twice, may_be_typed_twice(spec)),
    }
    EntryRule.objects.update_or_create(
        agency=agency, instrument=instrument, defaults={**fields, "set_by": by}
    )
    audit.record(
        "entry_rule",
        f"instrument:{instrument.code}",
        name=instrument.code,
        by=by,
        agency=agency,
        **fields,
    )


def _chosen(names: Iterable[str], offered: list[Variable]) -> list[str]:
    """Return the names in the order of the instrument. Raises `Refused` for one that is not offered."""
    wanted = set(names)
    if wanted - {v.name for v in offered}:
        raise Refused(_("This variable cannot be chosen."))
    return [v.name for v in offered if v.name in wanted]
