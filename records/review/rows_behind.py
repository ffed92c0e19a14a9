"""The rows behind a number of the scorecard or a warning: the same condition on the records that are kept.

A word names them: `missing:region`, `repeated`, `heaped`, `rule:education.young_doctor`. What a rule
says of the text of a file (how a word was written) cannot be asked of what is kept.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from records.instruments.spec import Rule, Spec
from records.models import Record, Submission
from records.review.counting import HEAPED_ENDS, column_of, event_of_a_person, not_stated
from records.review.rows_of_checks import Condition, condition_of
from standards.translation import in_language

SECOND = "r.id IN (SELECT e.record_id FROM records_secondentry e JOIN own ON own.id = e.record_id WHERE {})"
TYPED_ONCE, DIFFERED = SECOND.format("e.done_at IS NULL"), SECOND.format("e.differed <> '[]'")
NUMBERS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}
DAYS = {"before": "<", "after": ">"}


@dataclass(frozen=True)
class Behind:
    """Some rows of a submission: what they have in common, in words, and the condition."""

    label: str
    condition: Condition

    def of(self, submission: Submission) -> QuerySet[Record]:
        """Return the rows, in the scope of whoever asks."""
        text, values = self.condition
        own = "WITH own AS (SELECT * FROM records_record WHERE submission_id = %s)"
        ids = f"{own} SELECT r.id FROM own r WHERE ({text})"
        return Record.objects.filter(pk__in=RawSQL(ids, [submission.pk, *values]))  # noqa: S611


def behind(word: str, spec: Spec) -> Behind | None:
    """Return the rows that a word names; None where it names none, or none that can be asked for."""
    kind, _colon, name = word.partition(":")
    if kind == "missing" and name in spec.by_name:
        return _missing(spec, name)
    if word == "repeated":
        return Behind(_("An event of a person that stands here more than once"), _repeated(spec))
    if word == "heaped":
        return Behind(_("Ages from 23 to 62 that end in 0 or 5"), (HEAPED_ENDS, []))
    if word == "typed_once":
        return Behind(_("Waits for a second person to type it again"), (TYPED_ONCE, []))
    if word == "differed":
        return Behind(_("Two persons had typed it differently"), (DIFFERED, []))
    return _of_finding(spec, name) if kind == "rule" else None


def word_for(rule: str, spec: Spec) -> str:
    """Return the word for the rows of a finding; "" where they cannot be asked for."""
    return f"rule:{rule}" if _of_finding(spec, rule) else ""


def _missing(spec: Spec, name: str) -> Behind:
    label = _("%(variable)s is not stated") % {"variable": in_language(spec.variable(name).label)}
    return Behind(label, not_stated(spec.variable(name)))


def _repeated(spec: Spec) -> Condition:
    event = event_of_a_person(spec)
    columns = event.strip("()")
    return (
        f"r.person_ref IS NOT NULL AND {event} IN (SELECT {columns} FROM own r"
        f" WHERE r.person_ref IS NOT NULL GROUP BY {columns} HAVING count(*) > 1)",
        [],
    )


def _of_finding(spec: Spec, rule: str) -> Behind | None:
    variable, _dot, what = rule.partition(".")
    if what == "not_stated" and variable in spec.by_name:
        return _missing(spec, variable)
    for written in spec.rules:
        if written.id == rule and (condition := _of_rule(spec, written)):
            return Behind(in_language(written.message), condition)
    for check in spec.checks:
        if check.id == rule and (condition := condition_of(check, spec)):
            return Behind(in_language(check.message), condition)
    return None


def _of_rule(spec: Spec, rule: Rule) -> Condition | None:
    """Return the rule as a condition on records; None where it asks for the text of the file."""
    texts, values = [], []
    for when in rule.when:
        for key, wanted in when.items():
            if key in ("var", "since", "per"):
                continue
            part = _comparison(spec, key, wanted, when)
            if part is None:
                return None
            texts.append(part[0])
            values += part[1]
    return " AND ".join(f"({text})" for text in texts), values


Comparison = Callable[[Spec, str, Any, Mapping[str, Any]], Condition]


def _comparison(spec: Spec, key: str, wanted: Any, when: Mapping[str, Any]) -> Condition | None:
    compare = COMPARISONS.get(key)
    named = [when["var"], *(when[k] for k in ("since", "per") if k in when)]
    if compare is None or any(name not in spec.by_name for name in named):
        return None
    return compare(spec, key, wanted, when)


def _codes(spec: Spec, key: str, wanted: Sequence[str], when: Mapping[str, Any]) -> Condition:
    column = f"nullif({_column(spec, when['var'])}, '')"
    test = "= ANY (%s)" if key == "in" else "<> ALL (%s)"
    return f"{column} {test}", [list(wanted)]


def _given(spec: Spec, _key: str, wanted: bool, when: Mapping[str, Any]) -> Condition:
    text, values = _blank(spec, when["var"])
    return (f"NOT ({text})" if wanted else text), values


def _number(spec: Spec, key: str, bound: float, when: Mapping[str, Any]) -> Condition:
    number = f"({_column(spec, when['var'])})::numeric"
    if "per" in when:
        number += f" / nullif(({_column(spec, when['per'])})::numeric, 0)"
    return f"{number} {NUMBERS[key]} %s", [bound]


def _day(spec: Spec, key: str, other: str, when: Mapping[str, Any]) -> Condition:
    day = _date(spec, when["var"])
    if other == "today":
        return f"{day} {DAYS[key]} current_date", []
    if other[:1].isdigit():
        return f"{day} {DAYS[key]} %s::date", [other]
    return f"{day} {DAYS[key]} {_date(spec, other)}", []


def _words(spec: Spec, key: str, other: str, when: Mapping[str, Any]) -> Condition:
    (blank, values), (blank_other, more) = _blank(spec, when["var"]), _blank(spec, other)
    sign = "=" if key == "equals" else "<>"
    columns = f"{_column(spec, when['var'])} {sign} {_column(spec, other)}"
    return f"{columns} AND NOT ({blank}) AND NOT ({blank_other})", [*values, *more]


def _days_over(spec: Spec, _key: str, days: int, when: Mapping[str, Any]) -> Condition:
    return f"{_date(spec, when['var'])} - {_date(spec, when['since'])} > %s", [days]


COMPARISONS: dict[str, Comparison] = {
    "in": _codes,
    "not_in": _codes,
    "given": _given,
    **dict.fromkeys(NUMBERS, _number),
    **dict.fromkeys(DAYS, _day),
    "equals": _words,
    "differs": _words,
    "days_over": _days_over,
}


def _column(spec: Spec, name: str) -> str:
    return column_of(spec.variable(name))


def _date(spec: Spec, name: str) -> str:
    return f"({_column(spec, name)})::date"


def _blank(spec: Spec, name: str) -> Condition:
    """Return where nothing is stated, as rules understand it: no value, or the variable's own unknown code."""
    variable = spec.variable(name)
    return f"coalesce({column_of(variable)}, '') = ANY (%s)", [sorted({"", variable.unknown})]
