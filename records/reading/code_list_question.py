"""Which list the codes of a column follow: what the column proves, and the question where it does not."""

from collections.abc import Mapping, Sequence
from typing import Any

from records.instruments.spec import Spec, Variable
from records.reading.evidence import values_of
from records.reading.layout import FileColumn, Question
from records.reading.questions import EVIDENCE, ask
from standards import code_systems, codelists, languages
from standards.code_systems import OWN, OwnList, Verdict

MEANS_NOTHING = "?"  # stands where a list does not have a text


def verdict_of(variable: Variable, texts: Sequence[str], own: Sequence[OwnList]) -> Verdict:
    """Return what the distinct texts of a column say of the list that they follow."""
    return code_systems.judge(systems_for(variable, own), texts)


def systems_for(variable: Variable, own: Sequence[OwnList]) -> tuple[code_systems.System, ...]:
    """Return the lists that the codes of a variable may follow; of sex none, where each number is declared."""
    if variable.kind != "code" or variable.name == "sex":
        return ()
    return code_systems.systems_of(variable.codelist, own)


def proven_lists(
    columns: Sequence[FileColumn],
    body: Sequence[Sequence[str]],
    spec: Spec,
    answers: Mapping[str, Any],
    own: Sequence[OwnList],
) -> tuple[dict[str, str], list[Question]]:
    """Return variable -> the list that its column proves, and the questions about the columns that prove none."""
    proven: dict[str, str] = {}
    questions = []
    for column in columns:
        variable = spec.by_name.get(column.variable or "")
        if variable is None:
            continue
        texts = list(dict.fromkeys(values_of(column, body, variable.codelist)))
        if (
            column.part == "known"
        ):  # of an address the part that a list knows is a name, never a number
            texts = [text for text in texts if not code_systems.is_number(text)]
        verdict = verdict_of(variable, texts, own)
        if verdict.proven:
            proven[variable.name] = verdict.proven
        given = dict(answers.get("codes") or {}).get(variable.name)
        if verdict.asks or _is_away(variable, given, own):
            questions.append(ask_which_list(variable, verdict, own, answer=given))
    return proven, questions


def _is_away(variable: Variable, given: Any, own: Sequence[OwnList]) -> bool:
    """Say whether the list that was named for a column is none of those of the agency that are in use."""
    named = str(given or "")
    return named.startswith(OWN) and named not in _fitting(variable, own)


def _fitting(variable: Variable, own: Sequence[OwnList]) -> list[str]:
    """Return the lists of the agency whose codes a variable may have."""
    base = code_systems.base_of(variable.codelist)
    return [o.key for o in own if code_systems.base_of(o.codelist) == base]


def ask_which_list(
    variable: Variable, verdict: Verdict, own: Sequence[OwnList], *, answer: Any = None
) -> Question:
    """Ask which list the codes of a column follow, with what each list says of the codes that tell them apart."""
    alike = _alike(verdict, first=answer)
    rivals = [*alike] or [code_systems.PORTAL]
    added = [name for name in _fitting(variable, own) if name not in verdict.rivals]
    choices = [
        {"value": name, "label": _titles_of(alike.get(name, [name]))} for name in (*rivals, *added)
    ]
    evidence = [
        f"{text}: {', '.join(_said(name, readings) for name in alike)}"
        for text, readings in list(verdict.evidence.items())[:EVIDENCE]
    ]
    return ask(
        "codes", choices, evidence, what=variable.label, variable=variable.name, answer=answer
    )


def _alike(verdict: Verdict, first: Any) -> dict[str, list[str]]:
    """Return the standard rivals that say the same of all texts, under the one that was answered (`first`) or else the first;
    every other rival alone."""
    groups: dict[tuple[str | None, ...], list[str]] = {}
    for name in verdict.rivals:
        readings = (said.get(name) for said in verdict.evidence.values())
        alone = "" if name in code_systems.STANDARD else name
        groups.setdefault((alone, *(r and r.code for r in readings)), []).append(name)
    return {first if first in names else names[0]: names for names in groups.values()}


def _titles_of(names: Sequence[str]) -> languages.Labels:
    """Return what lists that say the same are called."""
    titles = [title_of(name) for name in names]
    return {language: " / ".join(t[language] for t in titles) for language in languages.LANGUAGES}


def _said(name: str, readings: Mapping[str, code_systems.Reading]) -> str:
    reading = readings.get(name)
    short = name.removeprefix(OWN) if name.startswith(OWN) else SHORT[name]
    return f"{short} = {(reading and reading.code) or MEANS_NOTHING}"


SHORT = {
    code_systems.ALPHA2: "ISO-2",
    code_systems.ALPHA3: "ISO-3",
    code_systems.ICAO: "ICAO",
    code_systems.GEC: "GEC",
    code_systems.M49: "M49",
    code_systems.OKSM: "ОКСМ",
    code_systems.PORTAL: "portal",
}


def title_of(name: str) -> languages.Labels:
    """Return what a list is called: a standard one in words, that of an agency by its name."""
    if name.startswith(OWN):
        return dict.fromkeys(languages.LANGUAGES, name.removeprefix(OWN))
    return languages.say(codelists.standard("questions")[f"codes.{name}"])
