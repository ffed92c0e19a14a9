"""The second lock by instrument: what the duties of a person do not cover stays closed (ADR 24).

Records have no instrument of their own. Where not everything is open they are looked up among the
submissions that are, which PostgreSQL hashes once for a statement (never once for a row). Settings
stand in sub-selects, so that they are read once for a statement too.
"""

from django.db import migrations

SETTING = "(SELECT NULLIF(current_setting('portal.{}', true), ''))"
IDS = "(SELECT string_to_array(NULLIF(current_setting('portal.{}', true), ''), ',')::bigint[])"
# `all` is no number: it must not be read as one where it stands.
ORDINARY = "(SELECT string_to_array(NULLIF(NULLIF(current_setting('portal.ordinary', true), ''), 'all'), ',')::bigint[])"
NAMED = "(SELECT string_to_array(current_setting('portal.named', true), ','))"
EVERYTHING = f"coalesce({SETTING.format('named')} = 'all', false)"
COVERED = f"""(
    {EVERYTHING}
    OR (({SETTING.format("ordinary")} = 'all' OR agency_id = ANY ({ORDINARY}::bigint[]))
        AND instrument_id NOT IN (SELECT instrument FROM agencies_restrictedinstrument))
    OR agency_id || ':' || instrument_id = ANY ({NAMED}::text[])
    OR '*:' || instrument_id = ANY ({NAMED}::text[])
)"""
OF_RECORDS = f"agency_id = ANY ({IDS.format('records')}::bigint[])"
OF_SUBMISSIONS = f"agency_id = ANY ({IDS.format('submissions')}::bigint[])"
OTHER = OF_SUBMISSIONS.replace("agency_id", "other_agency_id")


def in_open(column, table):
    return f"({EVERYTHING} OR {column} IN (SELECT id FROM {table}))"


OPEN_SUBMISSION = in_open("submission_id", "records_submission")
# What was done to a file before anybody knew its submissions is told with the file.
OPEN_DEED = f"""({EVERYTHING} OR CASE WHEN submission_id IS NULL
    THEN upload_id IN (SELECT id FROM records_upload)
    ELSE submission_id IN (SELECT id FROM records_submission) END)"""

# (table, name of the policy, what it is for, rule)
POLICIES = [
    ("submission", "scope", "ALL", f"{OF_SUBMISSIONS} AND {COVERED}"),
    ("upload", "scope", "ALL", f"{OF_RECORDS} AND {COVERED}"),
    ("heldrow", "scope", "ALL", f"{OF_RECORDS} AND {COVERED}"),
    ("record", "scope", "ALL", f"{OF_RECORDS} AND {OPEN_SUBMISSION}"),
    ("recordevent", "scope", "ALL", f"{OF_RECORDS} AND {OPEN_SUBMISSION}"),
    ("handling", "seen", "SELECT", f"{OF_SUBMISSIONS} AND {OPEN_DEED}"),
    ("handling", "done", "INSERT", f"{OF_RECORDS} AND {OPEN_DEED}"),
    ("numberdigest", "compared", "SELECT", f"{OF_SUBMISSIONS} AND {OPEN_SUBMISSION}"),
    ("numberdigest", "made", "INSERT", f"{OF_RECORDS} AND {OPEN_SUBMISSION}"),
    ("numberdigest", "replaced", "DELETE", f"{OF_RECORDS} AND {OPEN_SUBMISSION}"),
    ("sharednumbers", "scope", "ALL", f"{OF_SUBMISSIONS} AND {OTHER} AND {OPEN_SUBMISSION}"),
]


def clauses(command, rule):
    using = "" if command == "INSERT" else f" USING ({rule})"
    check = f" WITH CHECK ({rule})" if command in ("ALL", "INSERT") else ""
    return using + check


LOCK = "".join(
    f"DROP POLICY {name} ON records_{table};"
    f"CREATE POLICY {name} ON records_{table} FOR {command} TO migdata_app{clauses(command, rule)};"
    for table, name, command, rule in POLICIES
)


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0009_neutral_names_and_numbering"),
        ("agencies", "0008_duties_by_instrument"),
    ]
    operations = [migrations.RunSQL(LOCK, migrations.RunSQL.noop)]
