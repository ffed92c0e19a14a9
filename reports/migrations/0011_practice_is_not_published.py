"""Nothing of practice reaches a figure: neither a slice, nor the inputs of a build, nor the list of what is missing.

The functions are the owner's, so that they see the submission whatever the scope of the transaction is.
"""

from django.db import migrations

LOCKS = """
CREATE FUNCTION practice_is_not_sealed() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF is_practice((SELECT agency_id FROM records_submission WHERE id = NEW.submission_id)) THEN
        PERFORM refuse_practice('no exact cells are made of it');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER practice_is_not_sealed BEFORE INSERT OR UPDATE ON reports_slice
    FOR EACH ROW EXECUTE FUNCTION practice_is_not_sealed();

CREATE FUNCTION practice_is_not_built() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM jsonb_array_elements(NEW.inputs) pinned
          JOIN records_submission s ON s.id = (pinned->>'submission')::bigint
         WHERE is_practice(s.agency_id)
    ) THEN
        PERFORM refuse_practice('no release is built of it');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER practice_is_not_built BEFORE INSERT OR UPDATE OF inputs ON reports_build
    FOR EACH ROW EXECUTE FUNCTION practice_is_not_built();

CREATE FUNCTION practice_is_not_expected() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM jsonb_array_elements(NEW.missing) late
          JOIN agencies_agency a ON a.code = late->>'agency'
         WHERE a.practice
    ) THEN
        PERFORM refuse_practice('no release expects anything of it');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER practice_is_not_expected BEFORE INSERT OR UPDATE OF missing ON pub.release
    FOR EACH ROW EXECUTE FUNCTION practice_is_not_expected();
"""
UNLOCK = """
DROP TRIGGER practice_is_not_expected ON pub.release;
DROP TRIGGER practice_is_not_built ON reports_build;
DROP TRIGGER practice_is_not_sealed ON reports_slice;
DROP FUNCTION practice_is_not_expected, practice_is_not_built, practice_is_not_sealed;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0010_editions_of_lists"),
        ("records", "0017_practice_stays_apart"),
    ]
    operations = [migrations.RunSQL(LOCKS, UNLOCK)]
