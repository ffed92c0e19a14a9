"""Writing validated rows in bulk: COPY into a temporary table, then one INSERT … SELECT under RLS.

COPY itself is refused for a role under row-level security, so rows pass through `incoming`, a
table of this transaction. Everything here works on columns; the database does the rest.
"""

import io
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from django.db import connection

from records.instruments.spec import Spec
from records.validation import personal
from records.validation.findings import Checked, Finding, head_of

CORE = {
    "record_ref": "varchar(40)",
    "person_ref": "varchar(64)",
    "event_date": "date",
    "sex": "varchar(2)",
    "sex_basis": "varchar(4)",
    "birth_year": "smallint",
    "age": "smallint",
    "age_precision": "varchar(1)",
    "citizenship": "varchar(3)",
    "country_birth": "varchar(3)",
    "region": "varchar(7)",
    "education": "varchar(3)",
    "civil_status": "varchar(2)",
    "count": "bigint",
}
to_json = json.JSONEncoder(ensure_ascii=False).encode  # made once: json.dumps makes one per call
COLUMNS = ", ".join(CORE)  # of a record, in the order of every statement
STAGED = ["row_no", "period", *CORE, "extras"]


def prepare() -> None:
    """Create the temporary tables of this transaction: good rows and held rows.

    `held_id` is the held row that a row was, where it is corrected in its place.
    """
    columns = ", ".join(f"{name} {kind}" for name, kind in CORE.items())
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMP TABLE incoming (row_no int, period varchar(7), {columns}, extras jsonb,"
            " held_id bigint) ON COMMIT DROP"
        )
        cursor.execute(
            "CREATE TEMP TABLE incoming_held (row_no int, period varchar(7), raw jsonb,"
            " findings jsonb, held_id bigint) ON COMMIT DROP"
        )


def clear() -> None:
    """Drop the temporary tables of staging and admission, so that this transaction can take in other rows."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS incoming, incoming_held, place, twice, known")


def stage(raw: pa.Table, checked: Checked, spec: Spec, cells: dict[str, str]) -> int:
    """Copy one block: good rows to `incoming`, rows with an error to `incoming_held`.

    Returns how many bytes of text the rows with an error take.

    `raw` holds the texts as read (for held rows); `cells` maps a variable to its column letter, and
    "" to what stands before it (`Sheet!`). Where both have a column `_held`, rows are corrected in their place.
    """
    good, held_bytes = checked.good, 0
    if checked.held.any():
        held_bytes = _stage_held(raw, checked, cells)
    if good.num_rows:
        _stage_good(good, spec)
    return held_bytes


def _stage_good(good: pa.Table, spec: Spec) -> None:
    columns = {
        "row_no": good["_row"],
        "period": good["period"],
        **{name: _column(good, name) for name in CORE},
        "extras": _json(
            [(v.name, good[v.name]) for v in spec.extras() if v.name in good.column_names],
            good.num_rows,
        ),
    }
    staged = {name: columns[name] for name in STAGED}
    _copy("incoming", pa.table(staged | _of_held(good)))


def _of_held(rows: pa.Table) -> dict[str, pa.ChunkedArray]:
    """Return the column of the held rows that the rows were, where they are corrected in their place."""
    return {"held_id": rows["_held"]} if "_held" in rows.column_names else {}


def add_up() -> int:
    """Add the good rows of the same cell together, each at the place of the first; return how many rows are fewer.

    Rows that differ in anything else than their count stay apart.
    """
    same = ", ".join(name for name in CORE if name != "count")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE added_up ON COMMIT DROP AS"
            f" SELECT min(row_no) AS row_no, period, {same}, sum(count)::bigint AS count, extras"
            f" FROM incoming GROUP BY period, {same}, extras"
        )
        cursor.execute("SELECT (SELECT count(*) FROM incoming) - (SELECT count(*) FROM added_up)")
        fewer = int(cursor.fetchone()[0])
        if fewer:
            cursor.execute("DELETE FROM incoming")
            names = ", ".join(STAGED)
            cursor.execute(f"INSERT INTO incoming ({names}) SELECT {names} FROM added_up")
    return fewer


def rows_as_json(table: pa.Table) -> pa.Array:
    """Return each row of a table of texts as one JSON object, empty texts left out."""
    return _json(
        [(n, table[n]) for n in table.column_names if not n.startswith("_")], table.num_rows
    )


def _column(table: pa.Table, name: str) -> pa.ChunkedArray | pa.Array:
    if name in table.column_names:
        return table[name]
    if name == "count":  # one record is one
        return pa.repeat(1, table.num_rows)
    return pa.nulls(table.num_rows, pa.string())


def _copy(target: str, table: pa.Table) -> int:
    """Copy the rows to a table of this transaction; returns how many bytes of text they were."""
    buffer = io.BytesIO()
    flat = [
        pc.cast(c, c.type.value_type) if pa.types.is_dictionary(c.type) else c
        for c in table.columns
    ]
    pacsv.write_csv(
        pa.table(flat, names=table.column_names), buffer, pacsv.WriteOptions(include_header=False)
    )
    names = ", ".join(table.column_names)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {target} ({names}) FROM STDIN (FORMAT csv)") as copy,
    ):
        copy.write(buffer.getbuffer())
    return buffer.tell()


def _json(columns: list[tuple[str, pa.ChunkedArray]], rows: int) -> pa.Array:
    """Build JSON objects column-wise: each distinct value is written as JSON once."""
    parts = [part for name, column in columns for part in [_fragments(name, column)]]
    if not parts:
        return pa.array(["{}"] * rows)
    body = pc.binary_join_element_wise(*parts, "")
    body = pc.utf8_slice_codeunits(body, 1)  # every fragment begins with a comma
    return pc.binary_join_element_wise("{", body, "}", "")


def _fragments(name: str, column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_dictionary(
        whole.type
    ):  # only what occurs here: not the whole code list or block
        whole = whole.cast(whole.type.value_type)
    coded, head = whole.dictionary_encode(), f",{to_json(name)}:"
    texts = [
        "" if value is None or value == "" else head + to_json(_plain(value))
        for value in coded.dictionary.to_pylist()
    ]
    fragments = pa.array([*texts, ""], pa.string())
    return fragments.take(pc.fill_null(coded.indices.cast(pa.int32()), len(texts)))


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) else str(value)


def _stage_held(raw: pa.Table, checked: Checked, cells: dict[str, str]) -> int:
    keep = pa.array(checked.held)
    if "record_ref" in raw.column_names:  # as it is compared: a later file may bring it again
        raw = raw.set_column(
            raw.column_names.index("record_ref"),
            "record_ref",
            pc.coalesce(checked.typed["record_ref"], raw["record_ref"].cast(pa.string())),
        )
    for name in checked.hidden.keys() & set(raw.column_names):
        texts = personal.masked(raw[name], checked.hidden[name])
        raw = raw.set_column(raw.column_names.index(name), name, texts)
    held = raw.filter(keep)
    table = pa.table(
        {
            "row_no": held["_row"],
            "period": checked.typed["period"].filter(keep),
            "raw": rows_as_json(held),
            "findings": _findings_as_json(checked, cells).filter(keep),
            **_of_held(held),
        }
    )
    return _copy("incoming_held", table)


def _findings_as_json(checked: Checked, cells: dict[str, str]) -> pa.Array:
    """Return (n,) JSON lists of the errors of each row, put together finding by finding."""
    row_numbers = checked.typed["_row"].combine_chunks().cast(pa.string())
    letters = None
    if "_letter" in checked.typed.column_names:
        letters = checked.typed["_letter"].combine_chunks().cast(pa.string())
    columns = [
        _spread(_one_finding(finding, row_numbers, cells, letters), finding.rows, len(row_numbers))
        for finding in checked.findings
        if finding.severity == "error"
    ]
    lists = pc.binary_join_element_wise(*columns, "", "")
    lists = pc.utf8_slice_codeunits(lists, 1)  # every finding begins with a comma
    return pc.binary_join_element_wise("[", lists, "]", "")


def _one_finding(
    finding: Finding, row_numbers: pa.Array, cells: dict[str, str], letters: pa.Array | None
) -> pa.Array:
    """The JSON of a finding at each of its rows: only cell and value differ.

    `letters` (n,) are the columns that rows were made of, where a variable stands in several (`F:H`).
    """
    same = "," + json.dumps(head_of(finding), ensure_ascii=False).removesuffix("}")
    parts: list[Any] = [pa.repeat(same, len(finding.rows)), ', "cell": "']
    if letter := cells.get(finding.variable):
        sheet = json.dumps(cells.get("", ""), ensure_ascii=False)[1:-1]
        places = pa.array(finding.rows)
        own = letters.take(places) if letters is not None and ":" in letter else letter
        parts += [sheet, own, row_numbers.take(places)]
    parts += ['", "value": ', _as_json(finding.values), "}", ""]
    return pc.binary_join_element_wise(*parts)


def _as_json(values: pa.Array | None) -> Any:
    if values is None:
        return "null"
    coded = values.dictionary_encode()
    texts = [json.dumps(text, ensure_ascii=False) for text in [*coded.dictionary.to_pylist(), None]]
    places = pc.fill_null(coded.indices, len(texts) - 1)
    return pa.array(texts, pa.string()).take(places)


def _spread(texts: pa.Array, places: np.ndarray[Any, Any], rows: int) -> pa.Array:
    """Put texts at their places among so many rows, empty ones between."""
    where = np.zeros(rows, dtype=np.int64)
    filled = np.zeros(rows, dtype=bool)
    where[places], filled[places] = np.arange(len(places)), True
    return pc.fill_null(texts.take(pa.array(where, mask=~filled)), "")
