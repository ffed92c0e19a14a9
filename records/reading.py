"""The child process that reads an untrusted file: `python -m records.reading`, started by `workbook.open`.

It takes a request on stdin, limits itself, and answers on stdout: a JSON head (what was seen, what
must be asked, or why the file is refused), Arrow blocks of texts, and a JSON tail. Nothing of the
file is written to disk; forbidden columns never leave this process.
"""

import csv
import ctypes
import io
import json
import os
import resource
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from records import mapping, sniffing, spreadsheet
from records.identity import person_refs
from records.mapping import Layout, Refusal
from records.refusals import refusal
from records.spec import Spec
from records.workbook import LENGTH

SAMPLE = 256 * 1024
BLOCK = 1 << 20
ROWS = 16_384
CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000
MARKED = "|".join((*mapping.TOTALS, *mapping.SIGNATURES))


class Refused(Exception):
    """Carries the Refusal out of whatever depth it was found in."""

    def __init__(self, why: Refusal) -> None:
        self.why = why
        super().__init__(why.code)


@dataclass
class Source:
    """A file made ready: what was seen of it, its columns, and its rows as blocks of texts.

    `blocks` yields (first row number, columns by position, row numbers, broken rows).
    """

    file: dict[str, Any]
    layout: Layout
    blocks: Iterator[tuple[dict[int, pa.Array], pa.Array, pa.Array]] = field(
        default_factory=lambda: iter(())
    )


def main() -> None:
    request = json.load(sys.stdin)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing but the protocol reaches the parent
    limit(request["limits"], Path(request["path"]).stat().st_size)
    spec = Spec.from_content(request["spec"])
    try:
        source = look(request, spec)
    except Refused as refused:
        _say(out, _head({}, Layout(0, []), refused.why))
        return
    _say(out, _head(source.file, source.layout, source.layout.refusal))
    if source.layout.refusal or source.layout.questions:
        return
    tail = stream(source, spec, bytes.fromhex(request["person_key"]), out)
    _say(out, tail)


def limit(limits: Mapping[str, int], size: int) -> None:
    """Bind this process before it touches the file."""
    memory = limits["memory_mb"] * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    cpu = limits["cpu_seconds"] + limits["cpu_seconds_per_100_mb"] * size // (100 * 2**20)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError):  # best effort: where namespaces are allowed there is no network at all
        ctypes.CDLL(None).unshare(CLONE_NEWUSER | CLONE_NEWNET)


def look(request: Mapping[str, Any], spec: Spec) -> Source:
    """Say what the file is. Raises Refused."""
    path = Path(request["path"])
    if path.stat().st_size == 0:
        raise Refused(refusal("empty"))
    if spreadsheet.wrapped(path):
        return _workbook(path, spec, request["answers"], request["limits"])
    return _text_file(path, spec, request["answers"], request["limits"])


def stream(source: Source, spec: Spec, key: bytes, out: IO[bytes]) -> dict[str, Any]:
    """Send the blocks: mapped columns only, person references made, totals and signatures left out."""
    columns = source.layout.columns
    mapped = {c.position: c.variable for c in columns if c.variable}
    documents, names = mapping.identity_columns(columns)
    wanted_key = "person_ref" in spec.by_name and "person_ref" not in mapped.values()
    keyed = wanted_key and bool(documents or names)
    texts = pa.dictionary(pa.int32(), pa.string())
    fields = [pa.field(str(v), texts) for v in mapped.values()]
    fields += [pa.field("person_ref", pa.string())] if keyed else []
    schema = pa.schema([*fields, pa.field("_row", pa.int32()), pa.field("_broken", pa.bool_())])
    skipped, why = 0, None
    with pa.ipc.new_stream(out, schema) as writer:
        try:
            for cells, rows, broken in source.blocks:
                keep = _data_rows(cells, list(mapped), len(rows))
                skipped += len(rows) - len(keep)
                if not len(keep):
                    continue
                arrays = [_dictionary(cells[p].take(keep)) for p in mapped]
                if keyed:
                    found = {p: cells[p].take(keep) for p in (*documents, *names)}
                    birth = next((p for p, v in mapped.items() if v == "birth_date"), None)
                    extra = cells[birth].take(keep) if birth is not None else None
                    arrays.append(person_refs(key, found, documents, extra))
                batch = [*arrays, rows.take(keep), broken.take(keep)]
                writer.write_batch(pa.record_batch(batch, schema=schema))
        except Refused as refused:
            why = refused.why
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            why = refusal(
                "encoding" if "UTF8" in str(error) or "codec" in str(error) else "truncated"
            )
    return {"skipped": skipped, "notes": {}, "refusal": asdict(why) if why else None}


def _text_file(
    path: Path, spec: Spec, answers: Mapping[str, Any], limits: Mapping[str, int]
) -> Source:
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
    if sniffing.looks_binary(sample):
        raise Refused(refusal("binary"))
    if sample.lstrip()[:200].lower().startswith((b"<html", b"<!doctype", b"<?xml", b"<table")):
        raise Refused(refusal("unsupported"))
    encoding = _encoding(sample, spec, answers)
    text = sample.decode(encoding, errors="ignore" if len(sample) == SAMPLE else "strict")
    if not text.strip():
        raise Refused(refusal("empty"))
    delimiter = sniffing.delimiter_of(text)
    rows, ends = _first_rows(text, delimiter, whole=len(sample) < SAMPLE)
    _refuse_width(rows, limits)
    layout = mapping.map_columns(rows, spec, answers)
    seen = {
        "encoding": encoding,
        "delimiter": delimiter,
        "sheet": None,
        "header_row": layout.header_row + 1,
    }
    if layout.refusal or layout.questions:
        return Source(seen, layout)
    if len(sample) < SAMPLE:
        _refuse_cut(rows, len(layout.columns), text)
    return Source(
        seen, layout, _csv_blocks(path, encoding, delimiter, layout, ends[layout.header_row])
    )


def _first_rows(text: str, delimiter: str, *, whole: bool) -> tuple[list[list[str]], list[int]]:
    """Return the rows of the sample and, for each, the number of the line on which it ends."""
    lines = csv.reader(io.StringIO(text), delimiter=delimiter)
    rows, ends = [], []
    for row in lines:
        rows.append(row)
        ends.append(lines.line_num)
    if not whole:  # the last line of the sample is cut
        rows, ends = rows[:-1], ends[:-1]
    if rows and rows[0] and rows[0][0].lower().startswith("sep"):
        rows[0] = []
    return rows, ends


def _encoding(sample: bytes, spec: Spec, answers: Mapping[str, Any]) -> str:
    if chosen := answers.get("encoding"):
        return str(chosen)
    guess = sniffing.encoding_of(sample, list(spec.header_aliases()))
    if guess is None:
        raise Refused(refusal("encoding"))
    try:
        sample.rsplit(b"\n", 1)[0].decode(guess.encoding)
    except UnicodeDecodeError as error:
        raise Refused(refusal("encoding", where=f"byte {error.start}")) from error
    return guess.encoding


def _csv_blocks(
    path: Path, encoding: str, delimiter: str, layout: Layout, header_line: int
) -> Iterator[tuple[dict[int, pa.Array], pa.Array, pa.Array]]:
    """Read the rows below the headers in blocks; rows of another width are mended and marked."""
    names = [str(c.position) for c in layout.columns]
    odd: list[tuple[int, str]] = []

    def other_width(row: pacsv.InvalidRow) -> str:
        odd.append((row.number, row.text))
        return "skip"

    reader = pacsv.open_csv(
        path,
        read_options=pacsv.ReadOptions(
            block_size=BLOCK,
            use_threads=False,  # row numbers are known only in order
            skip_rows=header_line,
            column_names=names,
            encoding=encoding,
        ),
        parse_options=pacsv.ParseOptions(
            delimiter=delimiter,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=other_width,
        ),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    # The first line after the headers is `first`; pyarrow counts from 1 at the start of its input.
    first, done = layout.header_row + 2, 0
    for batch in reader:
        numbers, done = _row_numbers(batch.num_rows, done, odd, header_line)
        rows = pa.array([n + first for n in numbers], pa.int32())
        yield (
            {k: batch.column(k) for k in range(len(names))},
            rows,
            pa.array([False] * len(numbers)),
        )
        yield from _mended(odd, delimiter, len(names), first, header_line)
        odd.clear()
    yield from _mended(odd, delimiter, len(names), first, header_line)


def _row_numbers(
    count: int, done: int, odd: list[tuple[int, str]], header_line: int
) -> tuple[list[int], int]:
    """Number the rows of a block from `done`, leaving out the places of rows of another width."""
    if not odd:
        return list(range(done, done + count)), done + count
    gaps = {number - header_line - 1 for number, _text in odd}
    numbers: list[int] = []
    while len(numbers) < count:
        if done not in gaps:
            numbers.append(done)
        done += 1
    while done in gaps:
        done += 1
    return numbers, done


def _mended(
    odd: list[tuple[int, str]], delimiter: str, width: int, first: int, header_line: int
) -> Iterator[tuple[dict[int, pa.Array], pa.Array, pa.Array]]:
    """Rows with fewer cells get empty ones; rows with more are marked, so that they are held."""
    if not odd:
        return
    parsed = [next(csv.reader([text.rstrip("\r\n")], delimiter=delimiter), []) for _n, text in odd]
    broken = [any(cell.strip() for cell in row[width:]) for row in parsed]
    padded = [(row + [""] * width)[:width] for row in parsed]
    cells = {k: pa.array([row[k] for row in padded], pa.string()) for k in range(width)}
    yield (
        cells,
        pa.array([n - header_line - 1 + first for n, _t in odd], pa.int32()),
        pa.array(broken),
    )


def _workbook(
    path: Path, spec: Spec, answers: Mapping[str, Any], limits: Mapping[str, int]
) -> Source:
    if why := spreadsheet.what_is_wrong(path, limits["unpacked_mb"]):
        raise Refused(why)
    sheets = spreadsheet.sheets(path)
    if not sheets:
        raise Refused(refusal("empty"))
    layouts = {name: mapping.map_columns(rows, spec, answers) for name, rows in sheets.items()}
    tables = [
        n for n, m in layouts.items() if not (m.refusal and m.refusal.code == "header_missing")
    ]
    name = answers.get("sheet") or (tables or list(sheets))[0]
    layout, rows = layouts[name], sheets[name]
    _refuse_width(rows, limits)
    if len(rows) in spreadsheet.FULL_SHEETS:
        raise Refused(refusal("full_sheet", where=f"{name}!A{len(rows)}"))
    if len(rows) > limits["workbook_rows"]:
        raise Refused(refusal("too_large", where=f"{name}!A{len(rows)}"))
    if len(tables) > 1 and not answers.get("sheet"):
        layout = Layout(layout.header_row, layout.columns, None, [_which_sheet(tables, sheets)])
    seen = {"encoding": None, "delimiter": None, "sheet": name, "header_row": layout.header_row + 1}
    return Source(seen, layout, _sheet_blocks(rows, layout))


def _which_sheet(tables: list[str], sheets: Mapping[str, list[list[str]]]) -> mapping.Question:
    return mapping.Question(
        "sheet",
        {
            "en": "Several sheets hold tables. Which one is to be taken in?",
            "ru": "Таблицы есть на нескольких листах. Какой взять?",
            "tk": "Birnäçe sahypada tablisa bar. Haýsysyny almaly?",
        },
        [{"value": name, "label": name} for name in tables],
        [f"{name}: {len(sheets[name])}" for name in tables],
    )


def _sheet_blocks(
    rows: list[list[str]], layout: Layout
) -> Iterator[tuple[dict[int, pa.Array], pa.Array, pa.Array]]:
    start, width = layout.header_row + 1, len(layout.columns)
    for k in range(start, len(rows), ROWS):
        part = [(row + [""] * width)[:width] for row in rows[k : k + ROWS]]
        cells = {j: pa.array([row[j] for row in part], pa.string()) for j in range(width)}
        numbers = pa.array(range(k + 1, k + 1 + len(part)), pa.int32())
        yield cells, numbers, pa.array([False] * len(part))


def _data_rows(cells: Mapping[int, pa.Array], mapped: list[int], count: int) -> pa.Array:
    """Return the positions of rows that are data: not blank, no total, no signature, no numbering."""
    blank = pa.array([True] * count)
    for position in mapped:
        trimmed = pc.utf8_trim_whitespace(cells[position])
        blank = pc.and_(blank, pc.equal(trimmed, ""))
    keep = pc.invert(blank)
    looked_at = sorted({*list(cells)[:3], *mapped[:2]})
    doubtful = set()
    for position in looked_at:
        lower = pc.utf8_lower(cells[position])
        marked = pc.or_(
            pc.match_substring_regex(lower, MARKED),
            pc.match_substring_regex(lower, r"^\s*[12]\s*$"),
        )
        doubtful.update(pc.indices_nonzero(pc.and_(marked, keep)).to_pylist())
    out = set()
    for k in doubtful:
        row = [cells[p][k].as_py() for p in sorted(cells)]
        first = next((c for c in row if c.strip()), "")
        if mapping.kind_of_row(first, row) != "data":
            out.add(k)
    positions = pc.indices_nonzero(keep)
    return (
        positions.filter(pa.array([p not in out for p in positions.to_pylist()]))
        if out
        else positions
    )


def _dictionary(texts: pa.Array) -> pa.DictionaryArray:
    return texts.dictionary_encode()


def _refuse_width(rows: list[list[str]], limits: Mapping[str, int]) -> None:
    if max((len(row) for row in rows[:1000]), default=0) > limits["columns"]:
        raise Refused(refusal("too_large"))


def _refuse_cut(rows: list[list[str]], width: int, text: str) -> None:
    """A last line without an end, and with fewer cells than the others, was cut off."""
    if text.endswith(("\n", "\r")) or len(rows) < 2:
        return
    last = rows[-1]
    is_data = mapping.kind_of_row(next(iter(last), ""), last) == "data"
    if is_data and 1 < len(last) < width == len(rows[-2]):
        raise Refused(refusal("truncated", where=str(len(rows))))


def _head(file: dict[str, Any], layout: Layout, why: Refusal | None) -> dict[str, Any]:
    return {
        "file": file,
        "columns": [asdict(c) for c in layout.columns if c.header or c.variable],
        "questions": [asdict(q) for q in layout.questions],
        "refusal": asdict(why) if why else None,
    }


def _say(out: IO[bytes], message: dict[str, Any]) -> None:
    body = json.dumps(message).encode()
    out.write(LENGTH.pack(len(body)) + body)
    out.flush()


if __name__ == "__main__":
    main()
