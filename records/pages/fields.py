"""The form of an instrument: one field for each variable, as its Spec says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from records.instruments.spec import Spec, Variable
from records.validation.findings import Finding
from standards import codelists
from standards.codelists import Code
from standards.translation import in_language

COMBO_FROM = 9  # a list of so many codes is searched by typing


@dataclass
class Field:
    """A field of the form: what it asks, the text in it, and what the engine says about that."""

    name: str
    label: str
    help: str
    kind: str
    required: bool
    value: str
    choices: list[dict[str, str]]
    same_list_as: str = ""  # the field before this one that has the same long list of codes
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def is_combo(self) -> bool:
        return len(self.choices) >= COMBO_FROM

    @property
    def brings_other_names(self) -> bool:
        return self.is_combo and not self.same_list_as


def fields_of(
    spec: Spec, values: Mapping[str, str], language: str, findings: Iterable[Finding] = ()
) -> list[Field]:
    """Return the fields of an instrument with the texts in them and the engine's findings beside them."""
    fields = [
        Field(
            name=v.name,
            label=in_language(v.label),
            help=in_language(v.help),
            kind=v.kind,
            required=v.required,
            value=str(values.get(v.name, "")),
            choices=_choices(v, language, str(values.get(v.name, ""))),
        )
        for v in spec.variables
        if v.typed
    ]
    _other_names_once(fields)
    by_name = {f.name: f for f in fields}
    for finding in findings:
        subject = by_name.get(finding.variable)
        if subject is not None:
            messages = subject.errors if finding.severity == "error" else subject.warnings
            messages.append(in_language(finding.message))
    return fields


def _other_names_once(fields: Iterable[Field]) -> None:
    """Let a long list that comes again take its other names from the first: pages stay small."""
    first: dict[tuple[str, ...], str] = {}
    for each in fields:
        if each.is_combo:
            codes = tuple(choice["code"] for choice in each.choices)
            name = first.setdefault(codes, each.name)
            each.same_list_as = name if name != each.name else ""


def _choices(variable: Variable, language: str, value: str) -> list[dict[str, str]]:
    """The choices of a field; a text that is none of them stays one until it is corrected."""
    if variable.kind == "boolean":
        choices = [
            {"code": "1", "label": _("yes"), "aliases": ""},
            {"code": "0", "label": _("no"), "aliases": ""},
        ]
    elif variable.kind == "code":
        choices = [
            {"code": c.code, "label": c.label(language), "aliases": _other_names(c, language)}
            for c in variable.accepted
        ]
    else:
        return []
    if value and value not in [choice["code"] for choice in choices]:
        label = (
            codelists.load(variable.codelist).label(value, language) if variable.codelist else value
        )
        choices.insert(0, {"code": value, "label": label, "aliases": ""})
    return choices


def _other_names(code: Code, language: str) -> str:
    """The words by which a code is found beside those in its label, each once: pages stay small."""
    in_label = {code.code.casefold(), *code.label(language).casefold().split()}
    words = " ".join((*code.labels.values(), *code.aliases)).casefold().split()
    return " ".join(word for word in dict.fromkeys(words) if word not in in_label)
