"""What readers are told of a release: its note, the day of the next one, and that it was withdrawn and why."""

from django.db import migrations, models

# A reader sees that a release was withdrawn only if it had been out; its files are closed all the same.
RIGHTS = """
GRANT UPDATE (note, next_on) ON pub.release TO migdata_app;
CREATE POLICY withdrawn ON pub.release FOR SELECT TO migdata_public
    USING (state = 'WITHDRAWN' AND released_at <= withdrawn_at AND coalesce(embargo_at <= withdrawn_at, true));

CREATE OR REPLACE FUNCTION pub.release_takes_a_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'migdata_app' AND NOT (
        (OLD.state = 'BUILT' AND NEW.state = 'RELEASED' AND NEW.released_at IS NOT NULL AND NEW.note <> ''
            AND NEW.withdrawn_at IS NULL AND NEW.withdrawn_because = '')
        OR (OLD.state <> 'WITHDRAWN' AND NEW.state = 'WITHDRAWN' AND NEW.withdrawn_at IS NOT NULL
            AND ROW(NEW.released_at, NEW.embargo_at, NEW.released_by_builder, NEW.note, NEW.next_on)
                IS NOT DISTINCT FROM
                ROW(OLD.released_at, OLD.embargo_at, OLD.released_by_builder, OLD.note, OLD.next_on))
    ) THEN
        RAISE EXCEPTION 'a release is released once and withdrawn once; nothing else changes'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
"""
WITHDRAWN_RIGHTS = """
DROP POLICY withdrawn ON pub.release;
CREATE OR REPLACE FUNCTION pub.release_takes_a_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'migdata_app' AND NOT (
        (OLD.state = 'BUILT' AND NEW.state = 'RELEASED' AND NEW.released_at IS NOT NULL
            AND NEW.withdrawn_at IS NULL AND NEW.withdrawn_because = '')
        OR (OLD.state <> 'WITHDRAWN' AND NEW.state = 'WITHDRAWN' AND NEW.withdrawn_at IS NOT NULL
            AND ROW(NEW.released_at, NEW.embargo_at, NEW.released_by_builder)
                IS NOT DISTINCT FROM ROW(OLD.released_at, OLD.embargo_at, OLD.released_by_builder))
    ) THEN
        RAISE EXCEPTION 'a release is released once and withdrawn once; nothing else changes'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
REVOKE UPDATE (note, next_on) ON pub.release FROM migdata_app;
"""


class Migration(migrations.Migration):
    dependencies = [("reports", "0006_family")]

    operations = [
        migrations.AddField("release", "note", models.TextField(blank=True)),
        migrations.AddField("release", "next_on", models.DateField(null=True)),
        migrations.AddField("build", "span", models.JSONField(default=list)),
        migrations.RunSQL(RIGHTS, WITHDRAWN_RIGHTS),
    ]
