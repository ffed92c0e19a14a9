"""What a cell of a coded variable offers, as texts that the reader takes for the codes they stand for."""

from records.instruments.spec import Spec, Variable
from records.validation.meanings import Meanings
from standards import codelists
from standards.languages import Labels

ANSWERS: tuple[Labels, Labels] = (
    {"en": "yes", "ru": "да", "tk": "hawa"},
    {"en": "no", "ru": "нет", "tk": "ýok"},
)


def choices(variable: Variable, spec: Spec, language: str) -> list[str]:
    """Return what may be chosen for a variable, in the order of its list; nothing where it has no list.

    A code is told by its label, or by itself where its label in this language is not read as this code.
    """
    if variable.kind == "boolean":
        return [labels[language] for labels in ANSWERS]
    if variable.kind != "code":
        return []
    labels = {code.code: code.label(language) for code in variable.accepted}
    meanings = Meanings(spec, today=codelists.today())
    meant = meanings.of(variable, list(labels.values()))
    return [
        label if meaning.value == code and meaning.problem in ("", "not_stated") else code
        for (code, label), meaning in zip(labels.items(), meant, strict=True)
    ]


def not_stated(variable: Variable, spec: Spec, language: str) -> str:
    """Return what is chosen where nothing is stated, "" where the variable has no code for that."""
    codes = [code.code for code in variable.accepted]
    if variable.unknown not in codes:
        return ""
    return choices(variable, spec, language)[codes.index(variable.unknown)]
