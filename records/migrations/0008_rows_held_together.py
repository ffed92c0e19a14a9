"""A row's agency is its submission's; steps, deeds and history are appended; whose hands were in the rows."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

PROTECT, NOTHING = django.db.models.deletion.PROTECT, django.db.models.deletion.DO_NOTHING
PERSON, AGENCY = settings.AUTH_USER_MODEL, "agencies.agency"
SUBMISSION, UPLOAD = "records.submission", "records.upload"


def key(to, on_delete=PROTECT, **options):
    return models.ForeignKey(to, on_delete, **{"related_name": "+", **options})


def held_by_hand(to, on_delete=PROTECT, **options):
    """A key that the database holds together with the agency: see TOGETHER."""
    return key(to, on_delete, db_constraint=False, **options)


# (table, its columns, the table they name, its columns, what happens when the row named is deleted).
# Each takes the place of a key of one column, so it costs no check more. Drafts without rows may be
# deleted: what was done to them goes with them, by the right of the owner.
TOGETHER = [
    (
        "submission",
        "instrument_version_id, instrument_id",
        "instrumentversion",
        "id, instrument_id",
        "",
    ),
    ("record", "submission_id, agency_id", "submission", "id, agency_id", ""),
    ("record", "upload_id, agency_id", "upload", "id, agency_id", ""),
    ("heldrow", "submission_id, agency_id", "submission", "id, agency_id", ""),
    ("heldrow", "upload_id, agency_id", "upload", "id, agency_id", ""),
    ("heldrow", "closed_by_id, agency_id", "upload", "id, agency_id", ""),
    ("handling", "submission_id, agency_id", "submission", "id, agency_id", "ON DELETE CASCADE"),
    ("handling", "upload_id, agency_id", "upload", "id, agency_id", ""),
    (
        "numberdigest",
        "submission_id, agency_id",
        "submission",
        "id, agency_id",
        "ON DELETE CASCADE",
    ),
    (
        "sharednumbers",
        "submission_id, agency_id",
        "submission",
        "id, agency_id",
        "ON DELETE CASCADE",
    ),
    (
        "sharednumbers",
        "other_id, other_agency_id",
        "submission",
        "id, agency_id",
        "ON DELETE CASCADE",
    ),
]


def keys():
    return "".join(
        f"ALTER TABLE records_{table} ADD CONSTRAINT {table}_{columns.split('_id,')[0]}_of_its_own"
        f" FOREIGN KEY ({columns}) REFERENCES records_{named} ({names}) {on_delete}"
        " DEFERRABLE INITIALLY DEFERRED;"
        for table, columns, named, names, on_delete in TOGETHER
    )


IN_SCOPE = (
    "{} = ANY (string_to_array(NULLIF(current_setting('portal.{}', true), ''), ',')::bigint[])"
)
RECORDS = IN_SCOPE.format("agency_id", "records")
SUBMISSIONS = IN_SCOPE.format("agency_id", "submissions")
BOTH = f"{SUBMISSIONS} AND {IN_SCOPE.format('other_agency_id', 'submissions')}"
LOCKED = "".join(
    f"ALTER TABLE records_{table} ENABLE ROW LEVEL SECURITY;"
    f"ALTER TABLE records_{table} FORCE ROW LEVEL SECURITY;"
    f"CREATE POLICY owner ON records_{table} TO migdata_owner USING (true) WITH CHECK (true);"
    for table in ("handling", "numberdigest", "sharednumbers")
)
# An upload feeds submissions of its own agency. Said by the policy, as the table has no agency: it
# answers the same whether the other submission is somebody else's or nobody's.
POLICIES = f"""
DROP POLICY scope ON records_upload_submissions;
CREATE POLICY scope ON records_upload_submissions TO migdata_app
    USING (EXISTS (SELECT 1 FROM records_upload u WHERE u.id = upload_id))
    WITH CHECK (EXISTS (SELECT 1 FROM records_upload u JOIN records_submission s USING (agency_id)
        WHERE u.id = upload_id AND s.id = submission_id));
CREATE POLICY seen ON records_handling FOR SELECT TO migdata_app USING ({SUBMISSIONS});
CREATE POLICY done ON records_handling FOR INSERT TO migdata_app WITH CHECK ({RECORDS});
CREATE POLICY compared ON records_numberdigest FOR SELECT TO migdata_app USING ({SUBMISSIONS});
CREATE POLICY made ON records_numberdigest FOR INSERT TO migdata_app WITH CHECK ({RECORDS});
CREATE POLICY replaced ON records_numberdigest FOR DELETE TO migdata_app USING ({RECORDS});
CREATE POLICY scope ON records_sharednumbers TO migdata_app USING ({BOTH}) WITH CHECK ({BOTH});
"""
APPENDED = """
REVOKE UPDATE, DELETE ON records_reviewstep, records_recordevent, records_handling FROM migdata_app;
REVOKE UPDATE ON records_numberdigest, records_sharednumbers FROM migdata_app;
"""
# Whose hands were in what is open or waits: uploads say who sent them, the log says who typed. What
# was done before the last reopening belongs to an earlier version.
EARLIER_HANDS = """
INSERT INTO records_handling (agency_id, submission_id, version, upload_id, person_id, deed, rows, at)
SELECT s.agency_id, s.id, s.version, u.id, u.uploaded_by_id, 'UPLOAD', 0, u.uploaded_at
FROM records_submission s JOIN records_upload_submissions fed ON fed.submission_id = s.id
JOIN records_upload u ON u.id = fed.upload_id
WHERE u.state = 'COMMITTED' AND s.state <> 'ACCEPTED' AND EXISTS (
    SELECT 1 FROM records_record r WHERE r.submission_id = s.id AND r.upload_id = u.id);
INSERT INTO records_handling (agency_id, submission_id, version, person_id, deed, rows, at)
SELECT s.agency_id, s.id, s.version, p.id,
    CASE e.verb WHEN 'enter' THEN 'ENTER' WHEN 'delete' THEN 'DELETE' ELSE 'CORRECT' END, count(*), max(e.at)
FROM agencies_event e JOIN agencies_person p ON p.id = e.person_id
JOIN (SELECT id, submission_id FROM records_record UNION SELECT id, submission_id FROM records_recordevent) r
    ON e.subject = 'record:' || r.id
JOIN records_submission s ON s.id = r.submission_id AND s.state <> 'ACCEPTED'
WHERE e.verb IN ('enter', 'correct', 'delete') AND e.at > coalesce((SELECT max(step.at)
    FROM records_reviewstep step WHERE step.submission_id = s.id AND step.verb = 'reopen'), '-infinity')
GROUP BY s.agency_id, s.id, s.version, p.id, e.verb;
-- No check may be left for later: tables with open ones cannot be altered in this transaction.
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""

ID = (
    "id",
    models.BigAutoField(primary_key=True, serialize=False, auto_created=True, verbose_name="ID"),
)
DEEDS = ["UPLOAD", "ANSWER", "ENTER", "CORRECT", "DELETE", "DISCARD", "ADMIT", "UNDO"]
HANDLING = [
    ID,
    ("version", models.PositiveSmallIntegerField(null=True)),
    (
        "deed",
        models.CharField(choices=[(deed, deed.capitalize()) for deed in DEEDS], max_length=7),
    ),
    ("rows", models.PositiveIntegerField(default=1)),
    ("at", models.DateTimeField(auto_now_add=True)),
    ("agency", key(AGENCY)),
    ("person", key(PERSON, db_index=False)),
    ("submission", held_by_hand(SUBMISSION, NOTHING, null=True, related_name="handlings")),
    ("upload", held_by_hand(UPLOAD, NOTHING, null=True)),
]
NUMBER_DIGEST = [
    (
        "pk",
        models.CompositePrimaryKey(
            "submission",
            "digest",
            "agency",
            blank=True,
            editable=False,
            primary_key=True,
            serialize=False,
        ),
    ),
    ("digest", models.BinaryField(max_length=16)),
    ("agency", held_by_hand(AGENCY, db_index=False)),
    ("submission", held_by_hand(SUBMISSION, NOTHING, db_index=False)),
]
SHARED_NUMBERS = [
    ID,
    ("shared", models.PositiveIntegerField()),
    ("numbers", models.PositiveIntegerField()),
    ("agency", key(AGENCY)),
    ("submission", held_by_hand(SUBMISSION, NOTHING, related_name="shared_numbers")),
    ("other_agency", key(AGENCY)),
    ("other", held_by_hand(SUBMISSION, NOTHING)),
]


def once(model, name, *fields):
    return migrations.AddConstraint(model, models.UniqueConstraint(fields=fields, name=name))


class Migration(migrations.Migration):
    dependencies = [("records", "0007_held_rows_hide_nothing")]
    operations = [
        migrations.CreateModel("Handling", HANDLING, options={"ordering": ["pk"]}),
        migrations.CreateModel("NumberDigest", NUMBER_DIGEST),
        migrations.CreateModel(
            "SharedNumbers", SHARED_NUMBERS, options={"ordering": ["-shared", "pk"]}
        ),
        once(
            "sharednumbers",
            "shared_numbers_once",
            *("submission", "agency", "other", "other_agency"),
        ),
        migrations.AlterField(
            "reviewstep", "submission", key(SUBMISSION, related_name="review_steps")
        ),
        # Keys of one column give way to those of two.
        migrations.AlterField(
            "submission", "instrument_version", held_by_hand("records.instrumentversion")
        ),
        migrations.AlterField("record", "agency", held_by_hand(AGENCY, db_index=False)),
        migrations.AlterField(
            "record", "submission", held_by_hand(SUBMISSION, related_name="records", db_index=False)
        ),
        migrations.AlterField(
            "record", "upload", held_by_hand(UPLOAD, related_name="records", null=True)
        ),
        migrations.AlterField(
            "heldrow", "submission", held_by_hand(SUBMISSION, related_name="held_rows", null=True)
        ),
        migrations.AlterField(
            "heldrow", "upload", held_by_hand(UPLOAD, related_name="held_rows", null=True)
        ),
        migrations.AlterField("heldrow", "closed_by", held_by_hand(UPLOAD, null=True)),
        once("instrumentversion", "instrument_of_a_version", "id", "instrument"),
        once("submission", "agency_of_a_submission", "id", "agency"),
        once("upload", "agency_of_an_upload", "id", "agency"),
        # No unique key tells an agency what another one has.
        migrations.RemoveConstraint("record", "record_ref_once"),
        once("record", "record_ref_once", "submission", "agency", "record_ref"),
        migrations.AlterField(
            "upload", "job", key("jobs.job", django.db.models.deletion.SET_NULL, null=True)
        ),
        once("upload", "upload_job_once", "agency", "job"),
        migrations.RunSQL(keys() + LOCKED + POLICIES + APPENDED, migrations.RunSQL.noop),
        migrations.RunSQL(EARLIER_HANDS, migrations.RunSQL.noop),
    ]
