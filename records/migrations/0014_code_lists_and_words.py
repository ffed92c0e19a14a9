"""Editions of code lists, and words that agencies have taught; the second lock on the words."""

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
ALTER TABLE records_learnedword ENABLE ROW LEVEL SECURITY;
ALTER TABLE records_learnedword FORCE ROW LEVEL SECURITY;
CREATE POLICY scope ON records_learnedword TO migdata_app USING ({RULE}) WITH CHECK ({RULE});
CREATE POLICY owner ON records_learnedword TO migdata_owner USING (true) WITH CHECK (true);
REVOKE DELETE ON records_learnedword FROM migdata_app;
REVOKE UPDATE, DELETE ON records_listedition FROM migdata_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0013_due_dates_and_notices"),
        ("agencies", "0008_duties_by_instrument"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ListEdition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40)),
                ("number", models.PositiveIntegerField()),
                ("codes", models.JSONField(default=dict)),
                ("reason", models.TextField(blank=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "ordering": ["-pk"],
                "constraints": [models.UniqueConstraint(fields=("name", "number"), name="list_edition_once")],
            },
        ),
        migrations.CreateModel(
            name="LearnedWord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("variable", models.CharField(max_length=40)),
                ("text", models.CharField(max_length=150)),
                ("key", models.CharField(max_length=150)),
                ("code", models.CharField(max_length=32)),
                ("taught_at", models.DateTimeField(auto_now_add=True)),
                ("changed_at", models.DateTimeField(null=True)),
                ("is_revoked", models.BooleanField(default=False)),
                ("agency", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="agencies.agency")),
                ("changed_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("instrument", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="records.instrument")),
                ("taught_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("agency", "instrument", "variable", "key"), name="learned_word_once")
                ],
            },
        ),
        migrations.RunSQL(LOCK, migrations.RunSQL.noop),
    ]  # fmt: skip
