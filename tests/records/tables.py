"""Tables of counts as agencies have them, and forms of counts of a few variables to take them in."""

import csv

from django.conf import settings
from django.db.models import Sum

from agencies import scope
from records.instruments import reader
from records.instruments.spec import Spec
from records.models import Record
from standards import codelists
from tests.records.files import ALL, LIMITS, reading

DATA = settings.BASE_DIR.parent / "shared" / "data"
COUNTED = ("event_date", "count")


def form_of(code, *cells, **changes):
    """The form of counts of an instrument, with only these variables to tell cells apart."""
    raw = dict(reader.read_aggregate(ALL[code]).raw)
    names = {*cells, *COUNTED}
    own = {v["name"]: v for v in (*ALL[code].raw["variables"], *raw["variables"])}
    raw["variables"] = [own["event_date"], *(own[name] for name in cells), own["count"]]
    raw |= {"cells": list(cells), "rules": [], "checks": [], **changes}
    assert names <= own.keys()
    return Spec.from_content(raw)


def opened(content, folder, spec, answers=None, others=()):
    """What the child would see in a file of this form, without the child. Raises FileRefused."""
    path = folder / "table"
    path.write_bytes(content)
    request = {"path": str(path), "answers": answers or {}, "limits": LIMITS}
    request["others"] = [other.raw for other in others]
    return reading.opened_file(request, spec)


def confirmed(content, folder, spec, answers=None, choice=0):
    """The file after a person has confirmed a picture of its shape."""
    source = opened(content, folder, spec, answers)
    question = next(q for q in source.layout.questions if q.id == "shape")
    shape = question.choices[choice]["value"]
    return opened(content, folder, spec, {**(answers or {}), "shape": shape})


def records_of(source, spec, key=b"key"):
    """The rows that would leave the child: variable -> text, and `cell`, the place of its count."""
    sieve = reading.OutgoingColumns(
        source.layout.columns, spec, key, with_letters=source.plain is not None
    )
    rows = [row for block in source.blocks for row in sieve.batch(block).to_pylist()]
    return [
        {
            **{name: text for name, text in row.items() if not name.startswith("_")},
            "cell": f"{row.get('_letter') or ''}{row['_row']}",
        }
        for row in sorted(rows, key=lambda row: row["_row"])
    ]


def totals(rows, *names):
    """The sums of the counts by these variables."""
    sums = {}
    for row in rows:
        key = tuple(row[name] for name in names)
        sums[key if len(key) > 1 else key[0]] = sums.get(key if len(key) > 1 else key[0], 0) + int(
            row["count"]
        )
    return sums


def rows_of(name, delimiter=",", encoding="utf-8"):
    """The rows of a real file, read by nothing of ours."""
    with (DATA / name).open(encoding=encoding, newline="") as lines:
        return list(csv.reader(lines, delimiter=delimiter))


def of_several(names):
    """Names that stand for several countries: those of New Zealand's parts of the world are written in capitals."""
    parts = {"OCEANIA", "ASIA", "EUROPE", "AMERICAS", "AFRICA AND THE MIDDLE EAST"}
    matches = zip(names, codelists.load("countries").match(list(names)), strict=True)
    return [name for name, match in matches if name in parts or match.note == "ambiguous"]


def sums(upload, clerk, *names):
    """Return how many the records of a file count, by the values of these variables."""
    with scope.acting(clerk):
        counted = (
            Record.objects.filter(upload=upload).values_list(*names).annotate(total=Sum("count"))
        )
        return {row[:-1] if len(names) > 1 else row[0]: row[-1] for row in counted.order_by(*names)}
