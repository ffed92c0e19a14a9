"""Published instruments: read from their definitions once in a run, copied for every test that wants them.

Their contents are megabytes of JSON. To write them anew takes half a second, and most tests begin with that; the
database copies its own rows in a small part of it. The copies lie in a schema of their own, which no flush knows.
"""

from django.db import connections

from records.instruments import versions
from records.models import Instrument, InstrumentVersion

SCHEMA = "published_instruments"
TABLES = ("records_instrument", "records_instrumentversion", "agencies_restrictedinstrument")
GIVE = f"""
INSERT INTO records_instrument_agencies (instrument_id, agency_id)
SELECT d.instrument_id, a.id FROM {SCHEMA}.delivers d JOIN agencies_agency a USING (code)
"""
_codes: list[str] = []  # of the instruments, without their aggregate forms


def keep() -> None:
    """Publish all instruments and keep copies of the rows; to be called as the owner, before any test."""
    published = versions.publish_all()
    _codes[:] = [version.instrument.code for version in published]
    contents = InstrumentVersion.objects.values_list("instrument_id", "content__agencies")
    delivers = [(instrument, code) for instrument, codes in contents for code in codes or ()]
    with connections["default"].cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        cursor.execute(f"CREATE SCHEMA {SCHEMA}")
        for table in TABLES:
            cursor.execute(f"CREATE TABLE {SCHEMA}.{table} AS TABLE {table}")
        cursor.execute(f"CREATE TABLE {SCHEMA}.delivers (instrument_id bigint, code text)")
        cursor.executemany(f"INSERT INTO {SCHEMA}.delivers VALUES (%s, %s)", delivers)
        cursor.execute(f"GRANT USAGE ON SCHEMA {SCHEMA} TO PUBLIC")
        cursor.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO PUBLIC")


def instruments() -> dict[str, Instrument]:
    """Return all instruments by code, given to the agencies there are, as `publish_all` would leave them."""
    with connections["default"].cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"INSERT INTO {table} SELECT * FROM {SCHEMA}.{table}")
        cursor.execute(GIVE)
    return Instrument.objects.in_bulk(_codes, field_name="code")
