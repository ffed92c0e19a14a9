"""Practice never becomes data: a row stays with its agency, nothing of practice is accepted or compared, all of it goes.

`reset_practice` empties one practice agency, of steps, deeds and history too, which `app` may only append: it
runs as the owner and refuses every other agency. It goes by the columns of the tables, so a new table
that names an agency or a submission is emptied with the others.
"""

from django.db import migrations

STAY = (
    "submission",
    "upload",
    "record",
    "heldrow",
    "handling",
    "numberdigest",
    "sharednumbers",
    "extension",
    "duerule",
    "notice",
    "numbering",
    "submissioncounts",
    "thread",
    "comment",
    "warninganswer",
    "entryrule",
    "entrydraft",
    "secondentry",
    "codeproposal",
    "learnedword",
)
LOCKS = """
CREATE FUNCTION row_stays_with_its_agency() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a row of % stays with its agency', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;

CREATE FUNCTION practice_is_not_accepted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF is_practice(NEW.agency_id) THEN
        PERFORM refuse_practice('a submission of practice is never accepted');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER practice_is_not_accepted BEFORE INSERT OR UPDATE ON records_submission
    FOR EACH ROW WHEN (NEW.state = 'ACCEPTED' OR NEW.accepted_version IS NOT NULL OR NEW.accepted_by_id IS NOT NULL)
    EXECUTE FUNCTION practice_is_not_accepted();

CREATE FUNCTION practice_is_not_compared() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF is_practice(NEW.agency_id) OR is_practice(NEW.other_agency_id) THEN
        PERFORM refuse_practice('its numbers are compared with nobody''s');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER practice_is_not_compared BEFORE INSERT OR UPDATE ON records_sharednumbers
    FOR EACH ROW EXECUTE FUNCTION practice_is_not_compared();

CREATE FUNCTION reset_practice(place bigint) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    emptied record;
BEGIN
    IF NOT is_practice(place) THEN
        PERFORM refuse_practice('only a practice agency is emptied');
    END IF;
    -- Rows that hang on a submission, a file or a deed of one, then those that name the agency; history at the end,
    -- because deleting a record writes some. Keys to rows that are gone are asked for when it is committed.
    FOR emptied IN
        SELECT t.relname AS name, a.attname AS key,
               CASE a.attname WHEN 'submission_id' THEN 'records_submission' WHEN 'upload_id' THEN 'records_upload' END AS parent
          FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND NOT a.attisdropped
         WHERE t.relnamespace = 'public'::regnamespace AND t.relkind = 'r' AND starts_with(t.relname, 'records_')
           AND a.attname IN ('submission_id', 'upload_id', 'agency_id')
         ORDER BY a.attname = 'agency_id', t.relname LIKE '%event', t.relname
    LOOP
        IF emptied.parent IS NULL THEN
            EXECUTE format('DELETE FROM %I WHERE agency_id = $1', emptied.name) USING place;
        ELSE
            EXECUTE format('DELETE FROM %I WHERE %I IN (SELECT id FROM %I WHERE agency_id = $1)',
                           emptied.name, emptied.key, emptied.parent) USING place;
        END IF;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION reset_practice(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reset_practice(bigint) TO migdata_app;
""" + "".join(
    f"CREATE TRIGGER stays_with_its_agency BEFORE UPDATE ON records_{table} FOR EACH ROW"
    " WHEN (OLD.agency_id IS DISTINCT FROM NEW.agency_id) EXECUTE FUNCTION row_stays_with_its_agency();"
    for table in STAY
)
UNLOCK = (
    "".join(f"DROP TRIGGER stays_with_its_agency ON records_{table};" for table in STAY)
    + """
DROP FUNCTION reset_practice(bigint);
DROP TRIGGER practice_is_not_compared ON records_sharednumbers;
DROP TRIGGER practice_is_not_accepted ON records_submission;
DROP FUNCTION practice_is_not_compared, practice_is_not_accepted, row_stays_with_its_agency;
"""
)


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0016_threads_and_counts"),
        ("agencies", "0011_practice"),
    ]
    operations = [migrations.RunSQL(LOCKS, UNLOCK)]
