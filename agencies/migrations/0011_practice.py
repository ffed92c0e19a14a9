"""Practice agencies: apart from all others for ever, with people of their own as whom nobody signs in (ADR 28).

Who plays a colleague in a practice agency holds roles there and nowhere else, and nobody else holds one
there: so no role of a real agency opens practice, and none of practice opens a real one.
"""

import django.db.models.deletion
import django.db.models.manager
from django.conf import settings
from django.db import migrations, models

# Functions of the owner: what they ask lies behind the second lock, which tells `app` of its own scope only.
LOCKS = """
CREATE FUNCTION is_practice(agency bigint) RETURNS boolean LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT coalesce((SELECT practice FROM agencies_agency WHERE id = agency), false) $$;

CREATE FUNCTION refuse_practice(what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'practice: %', what USING ERRCODE = 'check_violation';
END $$;

CREATE FUNCTION agency_stays_apart() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.practice, OLD.practice_of_id) IS DISTINCT FROM (NEW.practice, NEW.practice_of_id) THEN
        PERFORM refuse_practice('an agency is one of practice for ever, or never');
    END IF;
    IF NEW.merged_into_id IS NOT NULL AND is_practice(NEW.merged_into_id) THEN
        PERFORM refuse_practice('no agency is merged into one of practice');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER practice_stays_apart BEFORE INSERT OR UPDATE ON agencies_agency
    FOR EACH ROW EXECUTE FUNCTION agency_stays_apart();

CREATE FUNCTION colleague_stays_apart() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.practice_at_id IS DISTINCT FROM NEW.practice_at_id THEN
        PERFORM refuse_practice('an account plays a colleague for ever, or never');
    END IF;
    IF NEW.practice_at_id IS NOT NULL AND NOT is_practice(NEW.practice_at_id) THEN
        PERFORM refuse_practice('colleagues are played in practice agencies only');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER practice_colleague_stays_apart BEFORE INSERT OR UPDATE ON agencies_person
    FOR EACH ROW EXECUTE FUNCTION colleague_stays_apart();

CREATE FUNCTION role_stays_apart() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    place bigint := CASE WHEN is_practice(NEW.content_object_id) THEN NEW.content_object_id END;
BEGIN
    IF place IS DISTINCT FROM (SELECT practice_at_id FROM agencies_person WHERE id = NEW.user_id) THEN
        PERFORM refuse_practice('roles of a practice agency are held by its own colleagues, and by them alone');
    END IF;
    IF place IS NOT NULL AND NOT EXISTS (
        SELECT FROM auth_permission WHERE id = NEW.permission_id AND codename IN ('clerk', 'reviewer')
    ) THEN
        PERFORM refuse_practice('there are clerks and reviewers in a practice agency, nobody else');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER practice_role_stays_apart BEFORE INSERT OR UPDATE ON agencies_agencypermission
    FOR EACH ROW EXECUTE FUNCTION role_stays_apart();

CREATE FUNCTION refuse_agency_of_practice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF is_practice(NEW.agency_id) THEN
        PERFORM refuse_practice(TG_ARGV[0]);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER practice_is_not_offered BEFORE INSERT OR UPDATE ON agencies_invitation
    FOR EACH ROW EXECUTE FUNCTION refuse_agency_of_practice('nobody is invited to a practice agency');
CREATE TRIGGER practice_is_not_changed BEFORE INSERT OR UPDATE ON agencies_agencychange
    FOR EACH ROW EXECUTE FUNCTION refuse_agency_of_practice('a practice agency is not changed');
"""
UNLOCK = """
DROP TRIGGER practice_is_not_changed ON agencies_agencychange;
DROP TRIGGER practice_is_not_offered ON agencies_invitation;
DROP TRIGGER practice_role_stays_apart ON agencies_agencypermission;
DROP TRIGGER practice_colleague_stays_apart ON agencies_person;
DROP TRIGGER practice_stays_apart ON agencies_agency;
DROP FUNCTION refuse_agency_of_practice, role_stays_apart, colleague_stays_apart, agency_stays_apart;
DROP FUNCTION refuse_practice, is_practice;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0010_events_that_are_read"),
    ]

    operations = [
        migrations.AddField(
            model_name="agency",
            name="practice",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="agency",
            name="practice_of",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="person",
            name="practice_at",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agencies.agency",
            ),
        ),
        migrations.AddConstraint(
            model_name="agency",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("practice", False), ("practice_of", None)),
                    models.Q(
                        ("merged_into", None),
                        ("practice", True),
                        ("practice_of__isnull", False),
                        ("statistics_office", False),
                    ),
                    _connector="OR",
                ),
                name="practice_is_apart",
            ),
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("practice_at", None),
                    models.Q(("is_superuser", False), ("password__startswith", "!")),
                    _connector="OR",
                ),
                name="nobody_signs_in_as_a_practice_colleague",
            ),
        ),
        migrations.RunSQL(LOCKS, UNLOCK),
    ]
