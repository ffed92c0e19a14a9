"""Fingerprints of the secrets in use: appended, never changed, not even by the portal itself."""

from django.db import migrations, models

APPEND_ONLY = """
REVOKE UPDATE, DELETE ON agencies_secretfingerprint FROM migdata_app;
CREATE TRIGGER fingerprint_append_only BEFORE UPDATE OR DELETE ON agencies_secretfingerprint
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("agencies", "0003_one_office_and_languages")]
    operations = [
        migrations.CreateModel(
            name="SecretFingerprint",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("purpose", models.CharField(max_length=12)),
                ("number", models.PositiveSmallIntegerField()),
                ("salt", models.CharField(max_length=32)),
                ("digest", models.CharField(max_length=64)),
                ("since", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("purpose", "number"), name="fingerprint_once")
                ],
            },
        ),
        migrations.RunSQL(APPEND_ONLY, migrations.RunSQL.noop),
    ]
