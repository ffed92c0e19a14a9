"""Files that are sent again: what they would change, to be shown; whose deed a change was; statistics after large loads."""

from importlib import import_module

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

LOCK = import_module("records.migrations.0010_duties_by_instrument")
DIFFERENCES = f"{LOCK.OF_RECORDS} AND {LOCK.OPEN_SUBMISSION}"
LOCKS = f"""
ALTER TABLE records_difference ENABLE ROW LEVEL SECURITY;
ALTER TABLE records_difference FORCE ROW LEVEL SECURITY;
CREATE POLICY scope ON records_difference TO migdata_app USING ({DIFFERENCES}) WITH CHECK ({DIFFERENCES});
CREATE POLICY owner ON records_difference TO migdata_owner USING (true) WITH CHECK (true);
ALTER TABLE records_difference
    ADD CONSTRAINT difference_of_its_upload FOREIGN KEY (upload_id, agency_id)
        REFERENCES records_upload (id, agency_id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT difference_of_its_submission FOREIGN KEY (submission_id, agency_id)
        REFERENCES records_submission (id, agency_id) DEFERRABLE INITIALLY DEFERRED;
CREATE TRIGGER stays_with_its_agency BEFORE UPDATE ON records_difference FOR EACH ROW
    WHEN (OLD.agency_id IS DISTINCT FROM NEW.agency_id) EXECUTE FUNCTION row_stays_with_its_agency();
CREATE INDEX context_of_a_file ON pghistory_context (((metadata->>'upload')::bigint));

-- Only its owner may look at a table for the planner; `app` may ask the owner to. Nothing is read or changed by it.
CREATE FUNCTION analyse_records() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    ANALYZE records_record, records_heldrow, records_recordevent;
$$;
REVOKE ALL ON FUNCTION analyse_records() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION analyse_records() TO migdata_app;
"""


class Migration(migrations.Migration):
    dependencies = [("records", "0017_practice_stays_apart")]
    operations = [
        migrations.CreateModel(
            name="Difference",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("record_ref", models.CharField(max_length=40)),
                (
                    "kind",
                    models.CharField(
                        choices=[("CHANGED", "changed"), ("GONE", "no longer there")], max_length=7
                    ),
                ),
                ("before", models.JSONField()),
                ("now", models.JSONField(null=True)),
                (
                    "variables",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), size=None
                    ),
                ),
                ("by_hand", models.BooleanField()),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.agency",
                    ),
                ),
                (
                    "submission",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="records.submission",
                    ),
                ),
                (
                    "upload",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="differences",
                        to="records.upload",
                    ),
                ),
            ],
            options={"ordering": ["kind", "submission", "record_ref"]},
        ),
        migrations.RunSQL(LOCKS, migrations.RunSQL.noop),
    ]
