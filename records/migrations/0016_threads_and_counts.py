"""Threads, answers to warnings, coded reasons, the counts of what was submitted; the second lock on them."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

SUBMISSIONS = "agency_id = ANY ((SELECT string_to_array(NULLIF(current_setting('portal.submissions', true), ''), ',')::bigint[])::bigint[])"
RECORDS = SUBMISSIONS.replace("portal.submissions", "portal.records")
EVERYTHING = "coalesce((SELECT NULLIF(current_setting('portal.named', true), '')) = 'all', false)"
OPEN = f"({EVERYTHING} OR submission_id IN (SELECT id FROM records_submission))"
OF_A_THREAD = f"{SUBMISSIONS} AND thread_id IN (SELECT id FROM records_thread)"
# (table, name of the policy, what it is for, rule). Only who sees the records has them counted.
POLICIES = [
    ("submissioncounts", "seen", "SELECT", f"{SUBMISSIONS} AND {OPEN}"),
    ("submissioncounts", "made", "INSERT", f"{RECORDS} AND {OPEN}"),
    ("submissioncounts", "replaced", "UPDATE", f"{RECORDS} AND {OPEN}"),
    ("thread", "scope", "ALL", f"{SUBMISSIONS} AND {OPEN}"),
    ("comment", "scope", "ALL", OF_A_THREAD),
    ("warninganswer", "seen", "SELECT", f"{SUBMISSIONS} AND {OPEN}"),
    ("warninganswer", "made", "INSERT", f"{RECORDS} AND {OPEN}"),
]
TABLES = ("submissioncounts", "thread", "comment", "warninganswer")
# Agency and what the row is about are held together: nothing is put beside a foreign submission.
TOGETHER = [
    ("submissioncounts", "submission_id", "submission", "ON DELETE CASCADE"),
    ("thread", "submission_id", "submission", ""),
    ("comment", "thread_id", "thread", ""),
    ("warninganswer", "submission_id", "submission", ""),
]


def clauses(command, rule):
    using = "" if command == "INSERT" else f" USING ({rule})"
    check = f" WITH CHECK ({rule})" if command != "SELECT" else ""
    return using + check


LOCK = (
    "".join(
        f"ALTER TABLE records_{table} ENABLE ROW LEVEL SECURITY;"
        f"ALTER TABLE records_{table} FORCE ROW LEVEL SECURITY;"
        f"CREATE POLICY owner ON records_{table} TO migdata_owner USING (true) WITH CHECK (true);"
        for table in TABLES
    )
    + "".join(
        f"CREATE POLICY {name} ON records_{table} FOR {command} TO migdata_app{clauses(command, rule)};"
        for table, name, command, rule in POLICIES
    )
    + "".join(
        f"ALTER TABLE records_{table} ADD CONSTRAINT {table}_{column.removesuffix('_id')}_of_its_own"
        f" FOREIGN KEY ({column}, agency_id) REFERENCES records_{named} (id, agency_id) {on_delete}"
        " DEFERRABLE INITIALLY DEFERRED;"
        for table, column, named, on_delete in TOGETHER
    )
)
APPENDED = """
REVOKE UPDATE, DELETE ON records_comment, records_warninganswer FROM migdata_app;
REVOKE DELETE ON records_thread, records_submissioncounts FROM migdata_app;
"""


# What was submitted before counts were kept: as much as its profile tells.
EARLIER = """
INSERT INTO records_submissioncounts (agency_id, submission_id, facts, by_sex, odd)
SELECT s.agency_id, s.id, jsonb_build_object('rows', n, 'records', n, 'no_sex', unknown,
    'held', coalesce(s.profile->'held', '0'), 'women_men', jsonb_build_array(women, men)), '{}', 0
FROM records_submission s, LATERAL (
    SELECT coalesce(sum(number), 0) AS n,
        coalesce(sum(number) FILTER (WHERE sex = 'F'), 0) AS women,
        coalesce(sum(number) FILTER (WHERE sex = 'M'), 0) AS men,
        coalesce(sum(number) FILTER (WHERE sex IN ('_U', '_N')), 0) AS unknown
    FROM (SELECT key AS sex, value::bigint AS number FROM jsonb_each_text(s.profile->'sex')) counted
) numbers WHERE s.profile ? 'sex';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0010_events_that_are_read"),
        ("records", "0015_typed_entry"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="reviewstep",
            name="reason_code",
            field=models.CharField(blank=True, default="", max_length=32),
        ),
        migrations.CreateModel(
            name="Thread",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("variable", models.CharField(blank=True, default="", max_length=60)),
                ("record", models.BigIntegerField(null=True)),
                ("begun_at", models.DateTimeField(auto_now_add=True)),
                ("resolved_at", models.DateTimeField(null=True)),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.agency",
                    ),
                ),
                (
                    "begun_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "resolved_by",
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="threads",
                        to="records.submission",
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="Comment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.TextField()),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("mentioned", models.JSONField(default=list)),
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
                    "thread",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="comments",
                        to="records.thread",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="WarningAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rule", models.CharField(max_length=100)),
                ("variable", models.CharField(max_length=60)),
                ("count", models.PositiveIntegerField()),
                ("text", models.TextField()),
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
                    "submission",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="warning_answers",
                        to="records.submission",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="SubmissionCounts",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("facts", models.JSONField()),
                ("by_sex", models.JSONField()),
                ("odd", models.PositiveSmallIntegerField(default=0)),
                ("days_late", models.SmallIntegerField(null=True)),
                (
                    "agency",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
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
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="counts",
                        to="records.submission",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("submission", "agency"), name="submission_counts_once"
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="thread",
            constraint=models.UniqueConstraint(fields=("id", "agency"), name="agency_of_a_thread"),
        ),
        migrations.AddConstraint(
            model_name="thread",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("resolved_at", None), ("resolved_by", None)),
                    models.Q(("resolved_at__isnull", False), ("resolved_by__isnull", False)),
                    _connector="OR",
                ),
                name="thread_resolved_by_somebody",
            ),
        ),
        migrations.RunSQL(LOCK, migrations.RunSQL.noop),
        migrations.RunSQL(APPENDED, migrations.RunSQL.noop),
        migrations.RunSQL(EARLIER, migrations.RunSQL.noop),
    ]
