"""Drafts, second entries, proposals for code lists and what agencies chose for typing, with the second lock."""

from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

LOCK = import_module("records.migrations.0010_duties_by_instrument")
PERSON = "(SELECT NULLIF(current_setting('portal.person', true), '')::bigint)"
ROWS = f"{LOCK.OF_RECORDS} AND {LOCK.COVERED}"
# A draft is its person's alone. Where nobody acts, only what has expired is open: so that it can be removed.
OF_DRAFTS = (
    f"(person_id = {PERSON} OR ({PERSON} IS NULL AND saved_at < now() - interval '30 days'))"
)
POLICIES = {
    "records_entryrule": "true",  # it says nothing of anybody; who may set one: collection.entry_rules
    "records_entrydraft": f"{OF_DRAFTS} AND {ROWS}",
    "records_secondentry": ROWS,
    "records_codeproposal": LOCK.OF_SUBMISSIONS,
}


def policies() -> str:
    return "".join(
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
        f"CREATE POLICY scope ON {table} TO migdata_app USING ({rule}) WITH CHECK ({rule});"
        f"CREATE POLICY owner ON {table} TO migdata_owner USING (true) WITH CHECK (true);"
        for table, rule in POLICIES.items()
    )


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0010_events_that_are_read"),
        ("records", "0014_code_lists_and_words"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CodeProposal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("codelist", models.CharField(max_length=40)),
                ("word", models.CharField(max_length=80)),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("answer", models.CharField(blank=True, default="", max_length=300)),
                ("answered_at", models.DateTimeField(null=True)),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.agency",
                    ),
                ),
                (
                    "answered_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("agency", "codelist", "word"), name="code_proposal_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="EntryDraft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("values", models.JSONField(default=dict)),
                ("carried", models.JSONField(default=dict)),
                ("left_out", models.JSONField(default=list)),
                ("turn", models.PositiveIntegerField(default=0)),
                ("saved_at", models.DateTimeField()),
                (
                    "agency",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="agencies.agency",
                    ),
                ),
                (
                    "instrument",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="records.instrument",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("person", "agency", "instrument"), name="entry_draft_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="EntryRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("carried", models.JSONField(default=list)),
                ("twice", models.JSONField(default=list)),
                ("set_at", models.DateTimeField(auto_now=True)),
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
                    "set_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("agency", "instrument"), name="entry_rule_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="SecondEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "record",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="records.record",
                    ),
                ),
                ("done_at", models.DateTimeField(null=True)),
                ("variables", models.JSONField()),
                ("differed", models.JSONField(default=list)),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.agency",
                    ),
                ),
                (
                    "first_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "instrument",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="records.instrument",
                    ),
                ),
                (
                    "second_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("record", "agency"), name="second_entry_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("second_by", None),
                            models.Q(("second_by", models.F("first_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="second_entry_by_another",
                    ),
                ],
            },
        ),
        migrations.RunSQL(policies(), migrations.RunSQL.noop),
    ]
