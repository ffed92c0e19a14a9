"""Row-level security: `app` sees the rows of the agencies in its transaction's scope (agencies.scope)."""

from django.db import migrations

RECORDS = "agency_id = ANY (string_to_array(NULLIF(current_setting('portal.records', true), ''), ',')::bigint[])"
SUBMISSIONS = RECORDS.replace("portal.records", "portal.submissions")
OWN_SUBMISSION = "EXISTS (SELECT 1 FROM records_submission s WHERE s.id = submission_id)"
OWN_UPLOAD = "EXISTS (SELECT 1 FROM records_upload u WHERE u.id = upload_id)"
POLICIES = {
    "records_submission": SUBMISSIONS,
    "records_passage": OWN_SUBMISSION,
    "records_upload": RECORDS,
    "records_upload_submissions": OWN_UPLOAD,
    "records_record": RECORDS,
    "records_recordevent": RECORDS,
    "records_heldrow": RECORDS,
}


def policies() -> str:
    # The owner needs a policy of its own: without it FORCE would make its data migrations change nothing.
    return "".join(
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
        f"CREATE POLICY scope ON {table} TO migdata_app USING ({rule}) WITH CHECK ({rule});"
        f"CREATE POLICY owner ON {table} TO migdata_owner USING (true) WITH CHECK (true);"
        for table, rule in POLICIES.items()
    )


IMMUTABLE = """
CREATE TRIGGER version_is_published BEFORE UPDATE OR DELETE ON records_instrumentversion
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("records", "0001_initial"), ("agencies", "0002_database_roles")]
    operations = [
        migrations.RunSQL(policies(), migrations.RunSQL.noop),
        migrations.RunSQL(IMMUTABLE, migrations.RunSQL.noop),
    ]
