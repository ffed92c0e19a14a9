"""The form of an instrument: one field for each variable, as its Spec says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from records.instruments.spec import Spec, Variable
from records.validation.findings import Finding
from standards.codelists import Code
from standards.translation import in_language

COMBO_FROM = 9  # a list of so many codes is searched by typing


@dataclass
class Field:
    """A field ready to be shown: what it asks, what was typed, what the engine says about it."""

    name: str
    label: str
    help: str
    kind: str
    required: bool
    value: str
    choices: list[dict[str, str]]
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def is_combo(self) -> bool:
        return len(self.choices) >= COMBO_FROM


def fields_of(
    spec: Spec, values: Mapping[str, str], language: str, found: Iterable[Finding] = ()
) -> list[Field]:
    """Return the fields of an instrument with the typed texts and the engine's findings beside them."""
    fields = [
        Field(
            name=v.name,
            label=in_language(v.label),
            help=in_language(v.help),
            kind=v.kind,
            required=v.required,
            value=str(values.get(v.name, "")),
            choices=_choices(v, language),
        )
        for v in spec.variables
        if v.typed
    ]
    by_name = {f.name: f for f in fields}
    for finding in found:
        shown = by_name.get(finding.variable)
        if shown is not None:
            said = shown.errors if finding.severity == "error" else shown.warnings
            said.append(in_language(finding.message))
    return fields


def _choices(variable: Variable, language: str) -> list[dict[str, str]]:
    return [
        {"code": c.code, "label": c.label(language), "aliases": _other_names(c, language)}
        for c in variable.accepted
    ]


def _other_names(code: Code, language: str) -> str:
    """The words by which a code is found beside those that are shown, each once: pages stay small."""
    shown = {code.code.casefold(), *code.label(language).casefold().split()}
    said = " ".join((*code.labels.values(), *code.aliases)).casefold().split()
    return " ".join(word for word in dict.fromkeys(said) if word not in shown)
