"""The history of a record keeps what was before a change: what came after is the record itself."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0010_duties_by_instrument"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="record",
            name="update_update",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="record",
            trigger=pgtrigger.compiler.Trigger(
                name="change_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "records_recordevent" ("age", "age_precision", "agency_id", "birth_year", "citizenship", "civil_status", "country_birth", "education", "event_date", "extras", "id", "person_ref", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "record_ref", "region", "row_no", "sex", "sex_basis", "submission_id", "upload_id") VALUES (OLD."age", OLD."age_precision", OLD."agency_id", OLD."birth_year", OLD."citizenship", OLD."civil_status", OLD."country_birth", OLD."education", OLD."event_date", OLD."extras", OLD."id", OLD."person_ref", _pgh_attach_context(), NOW(), \'change\', OLD."id", OLD."record_ref", OLD."region", OLD."row_no", OLD."sex", OLD."sex_basis", OLD."submission_id", OLD."upload_id"); RETURN NULL;',
                    hash="051ead8ca0830777da3f4bfac4b4b7f0343f00c4",
                    operation="UPDATE",
                    pgid="pgtrigger_change_update_c6fa6",
                    table="records_record",
                    when="AFTER",
                ),
            ),
        ),
    ]
