"""Due dates, holidays, extensions and the inbox; the second lock on what belongs to an agency."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

SUBMISSIONS = "agency_id = ANY (string_to_array(NULLIF(current_setting('portal.submissions', true), ''), ',')::bigint[])"
# A rule says nothing of anybody; who may set one is said in agencies.roles.
POLICIES = {
    "records_duerule": "true",
    "records_extension": SUBMISSIONS,
    "records_notice": SUBMISSIONS,
}


def policies() -> str:
    return "".join(
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
        f"CREATE POLICY scope ON {table} TO migdata_app USING ({rule}) WITH CHECK ({rule});"
        f"CREATE POLICY owner ON {table} TO migdata_owner USING (true) WITH CHECK (true);"
        for table, rule in POLICIES.items()
    )


APPENDED = "REVOKE UPDATE, DELETE ON records_extension FROM migdata_app;"


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0007_invitations_and_exclusions"),
        ("records", "0012_counts_and_stocks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Reader",
            fields=[
                (
                    "person",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "letters",
                    models.CharField(
                        choices=[
                            ("AT_ONCE", "at once"),
                            ("DAILY", "once a day"),
                            ("WEEKLY", "once a week"),
                            ("NEVER", "never"),
                        ],
                        default="DAILY",
                        max_length=7,
                    ),
                ),
                ("last_letter_on", models.DateField(null=True)),
                ("calendar", models.PositiveIntegerField(default=1)),
            ],
        ),
        migrations.CreateModel(
            name="Holiday",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("year", models.PositiveSmallIntegerField(null=True)),
                ("month", models.PositiveSmallIntegerField()),
                ("day", models.PositiveSmallIntegerField()),
                ("names", models.JSONField()),
            ],
            options={
                "ordering": ["month", "day", "year"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("year", "month", "day"), name="holiday_once", nulls_distinct=False
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RestDay",
            fields=[
                ("weekday", models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
            ],
            options={
                "ordering": ["weekday"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("weekday__gte", 1), ("weekday__lte", 7)),
                        name="rest_day_is_a_weekday",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DueRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("days", models.PositiveSmallIntegerField(null=True)),
                ("counted", models.CharField(blank=True, default="", max_length=8)),
                ("grace", models.PositiveSmallIntegerField(null=True)),
                ("first_period", models.CharField(blank=True, default="", max_length=7)),
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
                    models.UniqueConstraint(fields=("agency", "instrument"), name="due_rule_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Extension",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("period", models.CharField(max_length=7)),
                ("until", models.DateField()),
                ("reason", models.TextField()),
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
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(
                        models.F("agency"),
                        models.F("instrument"),
                        models.F("period"),
                        name="extension_of",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("DUE", "due soon"),
                            ("LATE", "late"),
                            ("RETURNED", "returned"),
                            ("REOPENED", "reopened"),
                            ("EXTENDED", "new date"),
                            ("MENTIONED", "mentioned"),
                            ("PUBLISHED", "published"),
                        ],
                        max_length=9,
                    ),
                ),
                ("key", models.CharField(max_length=120)),
                ("told", models.JSONField()),
                ("link", models.CharField(max_length=300)),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("read_at", models.DateTimeField(null=True)),
                ("lettered_at", models.DateTimeField(null=True)),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.agency",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(
                        models.F("person"),
                        condition=models.Q(("lettered_at__isnull", True)),
                        name="notice_unlettered",
                    ),
                    models.Index(
                        models.F("person"),
                        condition=models.Q(("read_at__isnull", True)),
                        name="notice_unread",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("person", "agency", "key"), name="notice_once")
                ],
            },
        ),
        migrations.RunSQL(policies(), migrations.RunSQL.noop),
        migrations.RunSQL(APPENDED, migrations.RunSQL.noop),
    ]
