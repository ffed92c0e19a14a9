"""Files that come in parts and answered requests, behind the second lock; a row stays with its agency."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

SETTING = "(SELECT NULLIF(current_setting('portal.{}', true), ''))"
PLACES = (
    "(SELECT string_to_array(NULLIF(current_setting('portal.records', true), ''), ',')::bigint[])"
)
ORDINARY = "(SELECT string_to_array(NULLIF(NULLIF(current_setting('portal.ordinary', true), ''), 'all'), ',')::bigint[])"
NAMED = "(SELECT string_to_array(current_setting('portal.named', true), ','))"
COVERED = f"""(
    coalesce({SETTING.format("named")} = 'all', false)
    OR (({SETTING.format("ordinary")} = 'all' OR agency_id = ANY ({ORDINARY}::bigint[]))
        AND instrument_id NOT IN (SELECT instrument FROM agencies_restrictedinstrument))
    OR agency_id || ':' || instrument_id = ANY ({NAMED}::text[])
    OR '*:' || instrument_id = ANY ({NAMED}::text[])
)"""
OWN = f"agency_id = ANY ({PLACES}::bigint[])"
RULES = {"fileinparts": f"{OWN} AND {COVERED}", "part": OWN, "answeredrequest": OWN}
STAY = tuple(RULES)
LOCK = """
ALTER TABLE records_{table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE records_{table} FORCE ROW LEVEL SECURITY;
CREATE POLICY scope ON records_{table} TO migdata_app USING ({rule}) WITH CHECK ({rule});
CREATE POLICY owner ON records_{table} TO migdata_owner USING (true) WITH CHECK (true);
CREATE TRIGGER stays_with_its_agency BEFORE UPDATE ON records_{table} FOR EACH ROW
    WHEN (OLD.agency_id IS DISTINCT FROM NEW.agency_id) EXECUTE FUNCTION row_stays_with_its_agency();
"""
LOCKS = "".join(LOCK.format(table=table, rule=rule) for table, rule in RULES.items())
TOGETHER = """
ALTER TABLE records_part ADD CONSTRAINT part_of_its_own_file FOREIGN KEY (file_id, agency_id)
    REFERENCES records_fileinparts (id, agency_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE records_fileinparts ADD CONSTRAINT upload_of_its_own_file FOREIGN KEY (upload_id, agency_id)
    REFERENCES records_upload (id, agency_id) DEFERRABLE INITIALLY DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0012_tokens"),
        ("records", "0020_known_files"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FileInParts",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("given_names", models.BinaryField()),
                ("size", models.BigIntegerField()),
                ("received", models.BigIntegerField(default=0)),
                ("begun_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField()),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.agency",
                    ),
                ),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="records.instrument",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "token",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.token",
                    ),
                ),
                (
                    "upload",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="records.upload",
                    ),
                ),
            ],
            options={
                "ordering": ["-begun_at"],
            },
        ),
        migrations.CreateModel(
            name="Part",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("begin", models.BigIntegerField()),
                ("name", models.CharField(max_length=32)),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.agency",
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="records.fileinparts",
                    ),
                ),
            ],
            options={
                "ordering": ["begin"],
            },
        ),
        migrations.CreateModel(
            name="AnsweredRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=255)),
                ("fingerprint", models.CharField(max_length=64)),
                ("status", models.PositiveSmallIntegerField(default=0)),
                ("body", models.JSONField(default=dict)),
                ("location", models.CharField(blank=True, default="", max_length=200)),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.agency",
                    ),
                ),
                (
                    "token",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.token",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("token", "agency", "key"), name="request_answered_once"
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="fileinparts",
            constraint=models.UniqueConstraint(
                fields=("id", "agency"), name="agency_of_a_file_in_parts"
            ),
        ),
        migrations.AddConstraint(
            model_name="part",
            constraint=models.UniqueConstraint(
                fields=("file", "agency", "begin"), name="part_once"
            ),
        ),
        migrations.RunSQL(LOCKS + TOGETHER, migrations.RunSQL.noop),
    ]
