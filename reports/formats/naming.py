"""What a file is called: its name says which figures it holds, in letters that every system takes."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence

from reports.formats.layout import Layout
from reports.published.figures import periods_in
from reports.published.groups import Grouping
from reports.published.query import Question, with_headline
from reports.published.structure import TIME

OTHER = re.compile(r"[^A-Za-z0-9.-]+")
MOST = 80  # letters that conditions may have; longer ones are named by their SHA-256


def stem(
    question: Question,
    table: str,
    fixed: Mapping[str, Sequence[str]],
    layout: Layout,
    language: str,
    groupings: Iterable[Grouping] = (),
) -> str:
    """Return the name of a file without its suffix, the same for the same question, ASCII only.

    migdata_T14_WPF-3_2025-01_2025-12_en: the named table if it is one, the release, first and last period, the language. A
    table of a dataset has its dimensions (by-REGION-SEX), and any file what it is limited to beyond the headline and the
    conditions `fixed` of a named table, a mark of a reader's own groups, and how it is laid out.
    """
    periods = periods_in(question.edition.structure, question.where)
    parts = [
        "migdata",
        table,
        question.edition.name,
        *(["by-" + "-".join(question.by)] if question.by and not table else []),
        periods[0],
        periods[-1],
        _conditions(question, fixed, periods),
        _grouped(groupings),
        *layout.marks,
        language,
    ]
    return "_".join(OTHER.sub("-", part) for part in parts if part)


def _conditions(
    question: Question, fixed: Mapping[str, Sequence[str]], periods: Sequence[str]
) -> str:
    """Return what a question is limited to beyond what nobody has to choose: decision-OTHER; codes in their order."""
    structure, where = question.edition.structure, question.where
    usual = with_headline(structure, {n: list(codes) for n, codes in fixed.items()}, question.by)
    said = []
    for name in structure.by_name:
        chosen = where.get(name)
        if name == TIME or set(chosen or ()) == set(usual.get(name, ())):
            continue
        codes = [code for code in structure.by_name[name].by_code if code in (chosen or ())]
        said.append("-".join([name, *(codes or ["all"])]))
    between = structure.periods[
        structure.periods.index(periods[0]) : structure.periods.index(periods[-1]) + 1
    ]
    if between != list(periods):  # some between the first and the last are left out
        said.append("-".join(["of", *periods]))
    text = "_".join(said)
    return text if len(text) <= MOST else hashlib.sha256(text.encode()).hexdigest()[:16]


def _grouped(groupings: Iterable[Grouping]) -> str:
    text = "&".join(text for grouping in groupings for text in grouping.texts)
    return f"grouped-{hashlib.sha256(text.encode()).hexdigest()[:8]}" if text else ""
