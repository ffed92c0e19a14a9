"""What a rule means, why it is there, and what it looks at: from the same texts as its findings."""

from dataclasses import dataclass

from records.collection.collisions import LATE, OTHER_CONTENT, REPEATED, REPEATED_CELL
from records.instruments.spec import Rule, Spec, Variable
from records.validation.block import said_of
from records.validation.unreadable import UNREADABLE
from standards import codelists, languages
from standards.languages import Labels

# Rules about a row or a file as a whole: rule -> its text in `messages.yaml`.
OF_A_FILE = {
    "columns.forbidden": "forbidden_column",
    "cells.merged": "merged_cells",
    "sheets.other": "other_sheets",
    "row.width": "row_width",
    LATE.rule: LATE.text,
}
OF_NUMBERS = {rule.rule: rule.text for rule in (REPEATED, OTHER_CONTENT)}
OF_CELLS = {rule.rule: rule.text for rule in (REPEATED_CELL, OTHER_CONTENT)}


@dataclass(frozen=True)
class Explained:
    """A rule in words. why, example  empty where nothing is to be said; own  it is the instrument's own rule."""

    rule: str
    severity: str
    message: Labels
    variables: tuple[Variable, ...]
    why: Labels
    example: Labels
    own: bool = False


def explained(spec: Spec, rule_id: str) -> Explained | None:
    """Return a rule of an instrument, of the engine or of the file; None where there is none of this name."""
    for rule in spec.rules:
        if rule.id == rule_id:
            names = _compared(rule)
            shown = tuple(v for v in spec.variables if v.name in names)
            return Explained(rule_id, rule.severity, rule.message, shown, {}, {}, own=True)
    for check in spec.checks:
        if check.id == rule_id:
            names = {check.variable, *check.within}
            shown = tuple(v for v in spec.variables if v.name in names)
            return Explained(rule_id, "warning", check.message, shown, {}, {}, own=True)
    texts = OF_A_FILE | (OF_CELLS if spec.is_counts else OF_NUMBERS)
    if rule_id in texts:
        name = texts[rule_id]
        text = codelists.standard("messages")[name]
        return _of_engine(rule_id, name, text["severity"], languages.say(text), ())
    return _of_variable(spec, rule_id)


def _of_variable(spec: Spec, rule_id: str) -> Explained | None:
    """Explain what the engine says by itself of a variable: `citizenship.unknown_text`, `region.suggested.TM-A`."""
    variable_name, _point, rest = rule_id.partition(".")
    name, _point, code = rest.partition(".")
    variable = spec.by_name.get(variable_name)
    if variable is None or name not in codelists.standard("messages"):
        return None
    problem = name
    if code:
        item = codelists.load(variable.codelist).by_code.get(code) if variable.codelist else None
        if item is None:
            return None
        successor = f":{item.successor}" if name == "succeeded" and item.successor else ""
        problem = f"{name}:{code}{successor}"
    severity, message = said_of(variable, problem)
    if severity == UNREADABLE:
        severity = "error" if variable.holds_rows else "warning"
    return _of_engine(rule_id, name, severity, message, (variable,))


def _of_engine(
    rule_id: str, name: str, severity: str, message: Labels, variables: tuple[Variable, ...]
) -> Explained:
    texts = codelists.standard("why")
    example = texts.get(f"{name}.example", {})
    return Explained(rule_id, severity, message, variables, texts.get(name, {}), example)


def _compared(rule: Rule) -> set[str]:
    """Return the names of the variables that the conditions of a rule look at."""
    named = {value for c in rule.when for value in c.values() if isinstance(value, str)}
    return {rule.variable, *named}
