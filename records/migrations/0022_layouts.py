"""Layouts that agencies have taught, behind the second lock; a row stays with its agency and with its upload."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

SETTING = "(SELECT NULLIF(current_setting('portal.{}', true), ''))"
PLACES = "(SELECT string_to_array(NULLIF(current_setting('portal.submissions', true), ''), ',')::bigint[])"
ORDINARY = "(SELECT string_to_array(NULLIF(NULLIF(current_setting('portal.ordinary', true), ''), 'all'), ',')::bigint[])"
NAMED = "(SELECT string_to_array(current_setting('portal.named', true), ','))"
COVERED = f"""(
    coalesce({SETTING.format("named")} = 'all', false)
    OR (({SETTING.format("ordinary")} = 'all' OR agency_id = ANY ({ORDINARY}::bigint[]))
        AND instrument_id NOT IN (SELECT instrument FROM agencies_restrictedinstrument))
    OR agency_id || ':' || instrument_id = ANY ({NAMED}::text[])
    OR '*:' || instrument_id = ANY ({NAMED}::text[])
)"""
RULE = f"agency_id = ANY ({PLACES}::bigint[]) AND {COVERED}"
LOCK = f"""
ALTER TABLE records_learnedlayout ENABLE ROW LEVEL SECURITY;
ALTER TABLE records_learnedlayout FORCE ROW LEVEL SECURITY;
CREATE POLICY scope ON records_learnedlayout TO migdata_app USING ({RULE}) WITH CHECK ({RULE});
CREATE POLICY owner ON records_learnedlayout TO migdata_owner USING (true) WITH CHECK (true);
REVOKE DELETE ON records_learnedlayout FROM migdata_app;
ALTER TABLE records_learnedlayout ADD CONSTRAINT layout_of_its_own_upload
    FOREIGN KEY (upload_id, agency_id) REFERENCES records_upload (id, agency_id) DEFERRABLE INITIALLY DEFERRED;
CREATE TRIGGER stays_with_its_agency BEFORE UPDATE ON records_learnedlayout FOR EACH ROW
    WHEN (OLD.agency_id IS DISTINCT FROM NEW.agency_id) EXECUTE FUNCTION row_stays_with_its_agency();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0017_practice_stays_apart"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="LearnedLayout",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64)),
                ("keys", models.JSONField()),
                ("headers", models.JSONField()),
                ("answers", models.JSONField()),
                ("taught_at", models.DateTimeField(auto_now_add=True)),
                ("changed_at", models.DateTimeField(null=True)),
                ("is_revoked", models.BooleanField(default=False)),
                ("agency", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="agencies.agency")),
                ("changed_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("instrument", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="records.instrument")),
                ("taught_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("upload", models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="layouts", to="records.upload")),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [models.Index(fields=["agency", "instrument", "key"], name="layout_of_an_agency")],
            },
        ),
        migrations.RunSQL(LOCK, migrations.RunSQL.noop),
    ]  # fmt: skip
