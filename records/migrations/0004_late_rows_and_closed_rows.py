"""Held rows that a later file made good stay in the table; submissions know how many rows came late."""

import django.db.models.deletion
from django.db import migrations, models

# Closed rows stood as JSON in the report of the file that closed them.
INTO_THE_TABLE = """
INSERT INTO records_heldrow (id, agency_id, instrument_id, upload_id, submission_id, kind, row_no,
    raw, findings, closed_by_id)
SELECT h.id, h.agency_id, h.instrument_id, h.upload_id, h.submission_id, h.kind, h.row_no,
    h.raw, h.findings, u.id
FROM records_upload u, jsonb_populate_recordset(NULL::records_heldrow, u.report->'closed') h
JOIN records_upload own ON own.id = h.upload_id AND own.state = 'COMMITTED'
WHERE u.state = 'COMMITTED';
UPDATE records_upload SET report = report - 'closed' WHERE report ? 'closed';
UPDATE records_submission s SET late_rows = n FROM (
    SELECT submission_id, count(*) AS n FROM records_heldrow WHERE kind = 'LATE' GROUP BY 1
) late WHERE late.submission_id = s.id;
-- No check may be left for later: tables with open ones cannot be altered in this transaction.
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [("records", "0003_profile_of_a_submission")]
    operations = [
        migrations.AddField("submission", "late_rows", models.PositiveIntegerField(default=0)),
        migrations.AddField(
            "heldrow",
            "closed_by",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="records.upload",
            ),
        ),
        migrations.RunSQL(INTO_THE_TABLE, migrations.RunSQL.noop),
    ]
