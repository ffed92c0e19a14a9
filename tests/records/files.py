"""Files as agencies send them, built from rows of texts; and roads to take them in."""

import csv
import io
from pathlib import Path

import xlsxwriter
from django.conf import settings
from django.db import connection

from agencies import scope
from jobs import worker
from records.collection import processing, uploads
from records.instruments import reader
from records.models import Record, Upload
from records.reading import __main__ as reading
from records.reading import child, identity, outgoing
from records.reading.child import Limits

ALL = {path.stem.upper(): reader.read(path) for path in reader.paths()}
# Those with a valid row written by hand (VALID); what holds of every instrument is tested with rows that are worked out.
SPECS = {code: ALL[code] for code in ("SMS-BCR", "SMS-WPF", "STA-SLP")}
LIMITS = vars(Limits())
WPF = {
    "record_ref": "WP-1",
    "event_date": "05.03.2026",
    "sex": "F",
    "birth_date": "12.04.1990",
    "citizenship": "TUR",
    "region": "TM-S",
    "decision": "ISS",
    "occupation": "71",
    "activity": "F",
    "employer_type": "PRIV_NAT",
    "valid_from": "05.03.2026",
    "valid_to": "05.03.2027",
}
BCR = {
    "record_ref": "B-1",
    "event_date": "05.03.2026",
    "sex": "F",
    "birth_date": "12.04.1990",
    "citizenship": "TUR",
    "region": "TM-S",
    "direction": "IN",
    "crossing_point": "ASB",
    "traveller": "FOR",
    "doc_class": "ORD",
    "purpose": "WORK",
    "visa_class": "WP",
}
SLP = {
    "record_ref": "S-1",
    "event_date": "05.03.2026",
    "sex": "F",
    "birth_date": "12.04.1990",
    "citizenship": "TUR",
    "region": "TM-S",
    "flow": "IN",
    "prev_residence": "TUR",
    "next_residence": "TKM",
    "reason": "WORK",
    "dur_intended": "D_GE12",
}
VALID = {"SMS-WPF": WPF, "SMS-BCR": BCR, "STA-SLP": SLP}


def table(count=1, base=WPF, **columns):
    """Headers and `count` rows like `base`; a column is one text, or a list that is repeated."""
    names = list(dict.fromkeys([*base, *columns]))
    given = {**base, "record_ref": [f"R-{k + 1}" for k in range(count)], **columns}
    cells = {n: v if isinstance(v, list) else [v] for n, v in given.items()}
    return [names, *([cells[n][k % len(cells[n])] for n in names] for k in range(count))]


def text(rows, delimiter=",", end="\n", quoting=csv.QUOTE_MINIMAL):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(rows)
    return out.getvalue()


def plain(rows, **format):
    return text(rows, **format).encode()


def xlsx(**sheets):
    """A workbook; a sheet is a list of rows of texts, numbers or dates."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "dd.mm.yyyy"}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for k, row in enumerate(rows):
                sheet.write_row(k, 0, row)
    return out.getvalue()


def opened(content, folder, instrument="SMS-WPF", answers=None):
    """What the child would see in a file, without the child. Raises FileRefused."""
    path = folder / "file"
    path.write_bytes(content)
    request = {"path": str(path), "answers": answers or {}, "limits": LIMITS}
    return reading.opened_file(request, ALL[instrument])


def rows_of(source, instrument="SMS-WPF", key=b"key"):
    """The data rows that would leave the child: a list of variable -> text, with `_row`."""
    sieve = outgoing.OutgoingColumns(source.layout.columns, SPECS[instrument], key)
    found = [row for block in source.blocks for row in sieve.batch(block).to_pylist()]
    return sorted(found, key=lambda row: row["_row"])


def send(content, *, by, agency, instrument, name="file.csv", answers=None):
    """Take a file in as a worker does; returns the upload when it is finished."""
    with scope.acting(by):
        upload = uploads.receive(
            [content],
            agency=agency,
            instrument=instrument,
            file_name=name,
            by=by,
            answers=answers,
        )
    return finish(upload, by=by)


def finish(upload, *, by):
    """Do the work that waits for the upload."""
    worker.work(upload.job_id)
    with scope.acting(by):
        return Upload.objects.select_related("job").get(pk=upload.pk)


def hashed(agency, document):
    """The person reference that this document number gets in this agency."""
    return identity.keyed(processing.person_key(agency), identity.pa.array([document]))[0].as_py()


def incoming():
    """Files that wait for a worker."""
    folder = Path(settings.PRIVATE_ROOT) / "incoming"
    return list(folder.iterdir()) if folder.exists() else []


def workbook(path, instrument="SMS-WPF", **limits):
    """Open a file in a real child. Close what is returned."""
    return child.open(
        path,
        spec=SPECS[instrument],
        answers={},
        person_key=b"key",
        limits=Limits(**limits),
    )


def facts(record):
    """What a record says, without where it came from."""
    skipped = {"id", "upload_id", "row_no"}
    return {
        f.attname: getattr(record, f.attname)
        for f in Record._meta.fields
        if f.attname not in skipped
    }


def leaks(texts):
    """Where the texts stand: tables of the database and files of the portal."""
    places = []
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        for (name,) in cursor.fetchall():
            for text in texts:
                cursor.execute(
                    f"SELECT count(*) FROM {name} t WHERE t::text ILIKE %s", [f"%{text}%"]
                )
                places += [(name, text)] * cursor.fetchone()[0]
        cursor.execute("SET ROLE migdata_app")
    for path in Path(settings.PRIVATE_ROOT).rglob("*"):
        content = path.read_bytes().lower() if path.is_file() else b""
        places += [(path.name, text) for text in texts if text.lower().encode() in content]
    return places
