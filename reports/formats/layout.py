"""How the columns of a file are laid out: sexes as columns or as rows, codes, labels or both."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext, override
from django.utils.translation import gettext as _

from reports.formats import flat, worked_out
from reports.published.figures import MISSING, Row, Table
from reports.published.structure import SEX, TOTAL, Dimension, Unknown
from reports.published.views import More
from standards.languages import LANGUAGES, Labels, marked

CROSS, TIDY = "cross", "tidy"
CODES, LABELS, BOTH = "codes", "labels", "both"
YES, NO = "yes", "no"
# Parameter -> what it may be; the first is what no choice means.
CHOICES = {"form": (CROSS, TIDY), "labels": (BOTH, CODES, LABELS), "bom": (NO, YES)}
SEX_CODES = ("F", "M", "_OU", TOTAL)
VALUE = "OBS_VALUE"  # as in SDMX-CSV
TEXT, COUNT, SHARE = "string", "integer", "decimal"  # datatypes of XML Schema, as CSVW names them
TITLES = {
    "F": marked("Women"),
    "M": marked("Men"),
    "_OU": marked("Other or not stated"),
    "_T": marked("Total"),
    "FEMALE_SHARE": marked("Women, % of those with sex stated"),
    "SEX_COVERAGE": marked("Sex stated, %"),
    SEX: marked("Sex"),
    VALUE: marked("Figure"),
    flat.STATUS: marked("Status of the figure"),
}
Cell = str | int | float | None


@dataclass(frozen=True)
class Layout:
    """What a reader chose of a file. bom: whether it begins with a byte order mark, by which Excel knows UTF-8."""

    form: str = CROSS
    labels: str = BOTH
    bom: bool = False

    @property
    def tidy(self) -> bool:
        """Say whether every figure has a row of its own."""
        return self.form == TIDY

    @property
    def breadth(self) -> int:
        """Return how many times more values than the cross form this one may have, at most."""
        return 3 if self.tidy else 1

    @property
    def marks(self) -> list[str]:
        """Return the choices that differ from what no choice means, for the name of a file."""
        said = {"form": self.form, "labels": self.labels, "bom": "bom" if self.bom else NO}
        return [value for name, value in said.items() if value != CHOICES[name][0]]


USUAL = Layout()


@dataclass(frozen=True)
class Column:
    """A column of a file: the name in its header, its titles by language, its datatype. is_key: it tells rows apart."""

    name: str
    titles: Labels
    datatype: str
    is_key: bool = False


def layout_of(query: QueryDict) -> Layout:
    """Return the layout that a question names. Raises Unknown for a choice that there is not."""
    chosen = {}
    for name, allowed in CHOICES.items():
        if len(query.getlist(name)) > 1:
            raise Unknown(_("“%(name)s” is given more than once.") % {"name": name}, name)
        value = query.get(name) or allowed[0]
        if value not in allowed:
            raise Unknown(
                _("“%(name)s” is one of %(allowed)s, not “%(value)s”.")
                % {"name": name, "allowed": ", ".join(allowed), "value": value[:40]},
                name,
            )
        chosen[name] = value
    return Layout(chosen["form"], chosen["labels"], chosen["bom"] == YES)


def columns(table: Table, layout: Layout) -> list[Column]:
    """Return the columns of a table: its dimensions, then the figures and their status.

    Across, as `flat.header`: a column for each sex and share, for what is worked out from them, a status where rows are
    periods. Tidy: SEX, OBS_VALUE, a column for each further measure, and OBS_STATUS, as in SDMX-CSV.
    """
    known = table.edition.structure.by_name
    found = [part for name in table.by for part in _of_dimension(name, known[name].labels, layout)]
    if layout.tidy:
        found += _of_dimension(SEX, _titles(SEX), layout)
        further = [_further(name, name, kind, table) for name, kind in _measures(table).items()]
        return [*found, _column(VALUE, COUNT), *further, _column(flat.STATUS, TEXT)]
    kinds = {name: SHARE if name in flat.SHARES else COUNT for name in flat.MEASURES}
    found += [_column(name, kind) for name, kind in kinds.items()]
    found += [_further(more.name, more, _kind(more), table) for more in table.more]
    return [*found, _column(flat.STATUS, TEXT)] if table.time else found


def rows(table: Table, layout: Layout, language: str) -> Iterator[list[Cell]]:
    """Yield the rows under `columns`, labels in this language; no figure where nothing was delivered."""
    structure = table.edition.structure
    dimensions = [structure.by_name[name] for name in table.by]
    sexes = [_coded(code, gettext(TITLES[code]), layout) for code in SEX_CODES]
    for row in table.rows:
        named = _named(row, dimensions, layout, language)
        values = flat.measures_of(row)
        status = _status(table, row)
        if layout.tidy:
            # Shares are no counts of a sex.
            for code, sex, value in zip(SEX_CODES, sexes, values, strict=False):
                further = [_of_sex(table, row, name, code) for name in _measures(table)]
                yield [*named, *sex, value, *further, status]
        else:
            more = flat.more_of(table, row)
            yield [*named, *values, *more, *((status,) if table.time else ())]


def count(table: Table, layout: Layout) -> int:
    """Return how many rows a table has in a layout, without its header."""
    return len(table.rows) * (len(SEX_CODES) if layout.tidy else 1)


def notes(table: Table, layout: Layout) -> list[str]:
    """Return the notes of a table, in the active language; of a tidy one, that its totals are rows too."""
    texts = flat.notes(table)
    if layout.tidy:
        texts.append(
            _("Rows whose SEX is _T are the sums of the other three: do not add all rows up.")
        )
    return texts


def _named(row: Row, dimensions: list[Dimension], layout: Layout, language: str) -> list[Cell]:
    pairs = zip(dimensions, row.codes, strict=True)
    return [part for d, code in pairs for part in _coded(code, d.label(code, language), layout)]


def _coded(code: str, label: str, layout: Layout) -> Sequence[Cell]:
    return {CODES: [code], LABELS: [label], BOTH: [code, label]}[layout.labels]


def _status(table: Table, row: Row) -> str:
    """Return the status of a row: of one that is no period, whether a delivery is missing from the whole table."""
    return MISSING if not table.time and table.missing else row.status


def _measures(table: Table) -> dict[str, str]:
    """Return what is worked out from figures, measure -> datatype: in the tidy form a measure has one column."""
    return {more.measure: _kind(more) for more in table.more}


def _kind(more: More) -> str:
    return SHARE if more.decimals else COUNT


def _of_sex(table: Table, row: Row, measure: str, sex: str) -> int | float | None:
    """Return what a measure says of a sex; nothing where it speaks of others only."""
    name = next((m.name for m in table.more if (m.measure, m.sex) == (measure, sex)), "")
    return None if row.gap else row.more.get(name)


def _further(name: str, titled: More | str, datatype: str, table: Table) -> Column:
    titles = {}
    for language in LANGUAGES:
        with override(language):
            titles[language] = worked_out.title(titled, table)
    return Column(name, titles, datatype)


def _column(name: str, datatype: str) -> Column:
    return Column(name, _titles(name), datatype)


def _of_dimension(name: str, labels: Labels, layout: Layout) -> list[Column]:
    code = Column(name, labels, TEXT, is_key=True)
    label = Column(f"{name}_LABEL", _label_titles(labels), TEXT, is_key=layout.labels == LABELS)
    return {CODES: [code], LABELS: [label], BOTH: [code, label]}[layout.labels]


def _titles(name: str) -> Labels:
    titles = {}
    for language in LANGUAGES:
        with override(language):
            titles[language] = gettext(TITLES[name])
    return titles


def _label_titles(labels: Labels) -> Labels:
    titles = {}
    for language in LANGUAGES:
        with override(language):
            titles[language] = _("%(name)s, label") % {"name": labels.get(language) or labels["en"]}
    return titles
