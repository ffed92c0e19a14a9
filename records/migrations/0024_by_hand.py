"""A record that a person put right while it was held is known as such: the next file does not overwrite it unseen."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0023_own_code_lists"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="record",
            name="change_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="record",
            name="delete_delete",
        ),
        migrations.AddField(
            model_name="record",
            name="by_hand",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="recordevent",
            name="by_hand",
            field=models.BooleanField(db_default=False, default=False),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="record",
            trigger=pgtrigger.compiler.Trigger(
                name="change_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "records_recordevent" ("age", "age_precision", "agency_id", "birth_year", "by_hand", "citizenship", "civil_status", "count", "country_birth", "education", "event_date", "extras", "id", "person_ref", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "record_ref", "region", "row_no", "sex", "sex_basis", "submission_id", "upload_id") SELECT old_values."age", old_values."age_precision", old_values."agency_id", old_values."birth_year", old_values."by_hand", old_values."citizenship", old_values."civil_status", old_values."count", old_values."country_birth", old_values."education", old_values."event_date", old_values."extras", old_values."id", old_values."person_ref", _pgh_attached_context.value, NOW(), \'change\', old_values."id", old_values."record_ref", old_values."region", old_values."row_no", old_values."sex", old_values."sex_basis", old_values."submission_id", old_values."upload_id" FROM ( SELECT old_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS old_values, _pgh_attached_context; RETURN NULL;',
                    hash="0da807e4855fedc7e5c8ca51225c182f261cc7b7",
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
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "records_recordevent" ("age", "age_precision", "agency_id", "birth_year", "by_hand", "citizenship", "civil_status", "count", "country_birth", "education", "event_date", "extras", "id", "person_ref", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "record_ref", "region", "row_no", "sex", "sex_basis", "submission_id", "upload_id") SELECT old_values."age", old_values."age_precision", old_values."agency_id", old_values."birth_year", old_values."by_hand", old_values."citizenship", old_values."civil_status", old_values."count", old_values."country_birth", old_values."education", old_values."event_date", old_values."extras", old_values."id", old_values."person_ref", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."record_ref", old_values."region", old_values."row_no", old_values."sex", old_values."sex_basis", old_values."submission_id", old_values."upload_id" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;',
                    hash="0936fdd47fec86671cecc799f34f4ba24e45554d",
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
