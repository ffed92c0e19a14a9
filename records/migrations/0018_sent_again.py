"""Files that are sent again: what they would change, whose deed a change was; likely duplicates; statistics after large loads."""

from importlib import import_module

import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

LOCK = import_module("records.migrations.0010_duties_by_instrument")
ROWS = f"{LOCK.OF_RECORDS} AND {LOCK.OPEN_SUBMISSION}"
LOCKS = "".join(
    f"""
ALTER TABLE records_{table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE records_{table} FORCE ROW LEVEL SECURITY;
CREATE POLICY scope ON records_{table} TO migdata_app USING ({ROWS}) WITH CHECK ({ROWS});
CREATE POLICY owner ON records_{table} TO migdata_owner USING (true) WITH CHECK (true);
ALTER TABLE records_{table}
    ADD CONSTRAINT {table}_of_its_upload FOREIGN KEY (upload_id, agency_id)
        REFERENCES records_upload (id, agency_id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT {table}_of_its_submission FOREIGN KEY (submission_id, agency_id)
        REFERENCES records_submission (id, agency_id) DEFERRABLE INITIALLY DEFERRED;
CREATE TRIGGER stays_with_its_agency BEFORE UPDATE ON records_{table} FOR EACH ROW
    WHEN (OLD.agency_id IS DISTINCT FROM NEW.agency_id) EXECUTE FUNCTION row_stays_with_its_agency();
"""
    for table in ("difference", "likelyduplicate")
)
STATISTICS = """
CREATE INDEX context_of_a_file ON pghistory_context (((metadata->>'upload')::bigint));

-- Only its owner may look at a table for the planner; `app` may ask the owner to. Nothing is read or changed by it.
CREATE FUNCTION analyse_records() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    ANALYZE records_record, records_heldrow, records_recordevent;
$$;
REVOKE ALL ON FUNCTION analyse_records() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION analyse_records() TO migdata_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0017_practice_stays_apart"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
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
        migrations.CreateModel(
            name="LikelyDuplicate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("first", models.CharField(max_length=40)),
                ("second", models.CharField(max_length=40)),
                ("same_person", models.BooleanField()),
                (
                    "decision",
                    models.CharField(
                        blank=True,
                        choices=[("BOTH", "both are real"), ("REMOVED", "one was removed")],
                        default="",
                        max_length=7,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.agency",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                        related_name="+",
                        to="records.upload",
                    ),
                ),
            ],
            options={
                "ordering": ["-same_person", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("submission", "agency", "first", "second"),
                        name="likely_duplicate_once",
                    )
                ],
            },
        ),
        migrations.RunSQL(LOCKS, migrations.RunSQL.noop),
        migrations.RunSQL(STATISTICS, migrations.RunSQL.noop),
        # The history is written once a statement: of a row each it took a minute for 50,000.
        pgtrigger.migrations.RemoveTrigger(
            model_name="record",
            name="change_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="record",
            name="delete_delete",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="record",
            trigger=pgtrigger.compiler.Trigger(
                name="change_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "records_recordevent" ("age", "age_precision", "agency_id", "birth_year", "citizenship", "civil_status", "count", "country_birth", "education", "event_date", "extras", "id", "person_ref", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "record_ref", "region", "row_no", "sex", "sex_basis", "submission_id", "upload_id") SELECT old_values."age", old_values."age_precision", old_values."agency_id", old_values."birth_year", old_values."citizenship", old_values."civil_status", old_values."count", old_values."country_birth", old_values."education", old_values."event_date", old_values."extras", old_values."id", old_values."person_ref", _pgh_attached_context.value, NOW(), \'change\', old_values."id", old_values."record_ref", old_values."region", old_values."row_no", old_values."sex", old_values."sex_basis", old_values."submission_id", old_values."upload_id" FROM ( SELECT old_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS old_values, _pgh_attached_context; RETURN NULL;',
                    hash="28e228d2f5f87d4b64de55f610af804d4ea57e5b",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_change_update_c6fa6",
                    referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                    table="records_record",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="record",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "records_recordevent" ("age", "age_precision", "agency_id", "birth_year", "citizenship", "civil_status", "count", "country_birth", "education", "event_date", "extras", "id", "person_ref", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "record_ref", "region", "row_no", "sex", "sex_basis", "submission_id", "upload_id") SELECT old_values."age", old_values."age_precision", old_values."agency_id", old_values."birth_year", old_values."citizenship", old_values."civil_status", old_values."count", old_values."country_birth", old_values."education", old_values."event_date", old_values."extras", old_values."id", old_values."person_ref", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."record_ref", old_values."region", old_values."row_no", old_values."sex", old_values."sex_basis", old_values."submission_id", old_values."upload_id" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;',
                    hash="312ff89a8785b22fbe839b6ad028d34b1f62c978",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_099dc",
                    referencing="REFERENCING OLD TABLE AS old_values ",
                    table="records_record",
                    when="AFTER",
                ),
            ),
        ),
    ]
