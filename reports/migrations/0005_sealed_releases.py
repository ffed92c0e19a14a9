"""Seals, faults that scans find, and who may change a release: `app` takes its steps, nothing else."""

from django.db import migrations, models

from reports.published import seals

RIGHTS = """
REVOKE UPDATE, DELETE ON pub.release, pub.blob FROM migdata_app;
GRANT UPDATE (state, released_at, embargo_at, released_by_builder, withdrawn_at, withdrawn_because)
    ON pub.release TO migdata_app;

DROP POLICY desk ON pub.release;
CREATE POLICY desk ON pub.release FOR SELECT TO migdata_app USING (true);
CREATE POLICY building ON pub.release FOR INSERT TO migdata_app
    WITH CHECK (state = 'BUILT' AND released_at IS NULL);
CREATE POLICY deciding ON pub.release FOR UPDATE TO migdata_app
    USING (state <> 'WITHDRAWN') WITH CHECK (state <> 'BUILT');
DROP POLICY desk ON pub.blob;
CREATE POLICY desk ON pub.blob FOR SELECT TO migdata_app USING (true);
CREATE POLICY building ON pub.blob FOR INSERT TO migdata_app
    WITH CHECK (EXISTS (SELECT FROM pub.release r WHERE r.id = release_id AND r.state = 'BUILT'));

CREATE FUNCTION pub.release_takes_a_step() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER takes_a_step BEFORE UPDATE ON pub.release
    FOR EACH ROW EXECUTE FUNCTION pub.release_takes_a_step();
"""
WITHDRAWN_RIGHTS = """
DROP TRIGGER takes_a_step ON pub.release;
DROP FUNCTION pub.release_takes_a_step();
DROP POLICY building ON pub.blob;
DROP POLICY desk ON pub.blob;
CREATE POLICY desk ON pub.blob TO migdata_app USING (true) WITH CHECK (true);
DROP POLICY building ON pub.release;
DROP POLICY deciding ON pub.release;
DROP POLICY desk ON pub.release;
CREATE POLICY desk ON pub.release TO migdata_app USING (true) WITH CHECK (true);
GRANT UPDATE, DELETE ON pub.release, pub.blob TO migdata_app;
"""


def seal_what_is_sound(apps, schema_editor):
    """Seal the releases that are there, as they are now; one that lost its checksum stays without, and is withheld."""
    Blob = apps.get_model("reports", "Blob")
    for release in apps.get_model("reports", "Release").objects.all():
        stored = Blob.objects.filter(release_id=release.pk)
        files = [(blob.name, blob.media_type, bytes(blob.content)) for blob in stored]
        cells = [content for name, _kind, content in files if name == seals.CELLS]
        if len(cells) == 1 and seals.is_content(cells[0], release.checksum):
            release.seal = seals.seal(release, files)
            release.save(update_fields=["seal"])


def say_who_released_alone(apps, schema_editor):
    """Say of earlier releases too that the person who built them released them."""
    same = models.F("released_by")
    builds = apps.get_model("reports", "Build").objects.filter(built_by=same)
    apps.get_model("reports", "Release").objects.filter(pk__in=builds.values("release_id")).update(
        released_by_builder=True
    )


class Migration(migrations.Migration):
    dependencies = [("reports", "0004_errors_and_acknowledgement")]

    operations = [
        migrations.AddField("release", "seal", models.CharField(default="", max_length=80)),
        migrations.AddField("release", "released_by_builder", models.BooleanField(default=False)),
        migrations.AddField("build", "scanned_at", models.DateTimeField(null=True)),
        migrations.AddField("build", "fault", models.CharField(blank=True, max_length=10)),
        migrations.RunPython(say_who_released_alone, migrations.RunPython.noop),
        migrations.RunPython(seal_what_is_sound, migrations.RunPython.noop),
        migrations.RunSQL(RIGHTS, WITHDRAWN_RIGHTS),
    ]
