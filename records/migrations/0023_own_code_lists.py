"""Lists of codes of agencies, by version, behind the second lock; a version stays with its agency and is never changed."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

PLACES = "(SELECT string_to_array(NULLIF(current_setting('portal.submissions', true), ''), ',')::bigint[])"
RULE = f"agency_id = ANY ({PLACES}::bigint[])"
LOCK = f"""
ALTER TABLE records_owncodelist ENABLE ROW LEVEL SECURITY;
ALTER TABLE records_owncodelist FORCE ROW LEVEL SECURITY;
CREATE POLICY scope ON records_owncodelist TO migdata_app USING ({RULE}) WITH CHECK ({RULE});
CREATE POLICY owner ON records_owncodelist TO migdata_owner USING (true) WITH CHECK (true);
REVOKE DELETE, UPDATE ON records_owncodelist FROM migdata_app;
GRANT UPDATE (withdrawn_by_id, withdrawn_at) ON records_owncodelist TO migdata_app;
CREATE TRIGGER stays_with_its_agency BEFORE UPDATE ON records_owncodelist FOR EACH ROW
    WHEN (OLD.agency_id IS DISTINCT FROM NEW.agency_id) EXECUTE FUNCTION row_stays_with_its_agency();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0022_searched_records"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="OwnCodeList",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60)),
                ("version", models.PositiveIntegerField()),
                ("codelist", models.CharField(max_length=40)),
                ("codes", models.JSONField()),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                ("withdrawn_at", models.DateTimeField(null=True)),
                ("agency", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="agencies.agency")),
                ("made_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("withdrawn_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "ordering": ["agency", "name", "-version"],
                "constraints": [
                    models.UniqueConstraint(fields=["agency", "name", "version"], name="own_code_list_version_once"),
                ],
            },
        ),
        migrations.RunSQL(LOCK, migrations.RunSQL.noop),
    ]  # fmt: skip
