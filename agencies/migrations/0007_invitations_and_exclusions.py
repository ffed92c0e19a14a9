"""Invitations, of which only the course may change; roles that exclude each other, refused by a trigger."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

# `agencies_exclusion` is written after each migration from agencies/roles.py. The lock on the person
# lets two roles that are given at the same moment see each other.
LOCKS = """
REVOKE UPDATE, DELETE ON agencies_invitation FROM migdata_app;
GRANT UPDATE (state, approved_by_id, expires_at, answered_at, digest) ON agencies_invitation TO migdata_app;

CREATE TABLE agencies_exclusion (
    role text NOT NULL, other text NOT NULL, elsewhere boolean NOT NULL, PRIMARY KEY (role, other)
);
REVOKE INSERT, UPDATE, DELETE ON agencies_exclusion FROM migdata_app;

CREATE FUNCTION refuse_excluded_role() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM agencies_person WHERE id = NEW.user_id FOR NO KEY UPDATE;
    IF EXISTS (
        SELECT FROM agencies_agencypermission held
          JOIN auth_permission theirs ON theirs.id = held.permission_id
          JOIN auth_permission given ON given.id = NEW.permission_id
          JOIN agencies_exclusion pair
            ON pair.role = given.codename AND pair.other = theirs.codename
         WHERE held.user_id = NEW.user_id AND held.id <> NEW.id
           AND (NOT pair.elsewhere OR held.content_object_id <> NEW.content_object_id)
    ) THEN
        RAISE EXCEPTION 'this person holds a role that excludes it' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER roles_exclude_each_other BEFORE INSERT OR UPDATE ON agencies_agencypermission
    FOR EACH ROW EXECUTE FUNCTION refuse_excluded_role();
"""
UNLOCK = """
DROP TRIGGER roles_exclude_each_other ON agencies_agencypermission;
DROP FUNCTION refuse_excluded_role;
DROP TABLE agencies_exclusion;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0006_signing_in"),
    ]

    operations = [
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.EmailField(max_length=254)),
                ("name", models.CharField(blank=True, max_length=150)),
                ("language", models.CharField(blank=True, max_length=2)),
                ("roles", models.JSONField(default=list)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("PROPOSED", "waits for a second national administrator"),
                            ("OPEN", "invited"),
                            ("ACCEPTED", "accepted"),
                            ("DECLINED", "declined"),
                            ("WITHDRAWN", "withdrawn"),
                        ],
                        max_length=9,
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(null=True)),
                ("digest", models.CharField(blank=True, max_length=64)),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="agencies.agency"
                    ),
                ),
                (
                    "approved_by",
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
                "ordering": ["pk"],
                "indexes": [models.Index(models.F("email"), name="invitation_email")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("approved_by", models.F("by")), _negated=True),
                        name="invitation_approved_by_another",
                    )
                ],
            },
        ),
        migrations.RunSQL(LOCKS, UNLOCK),
    ]
