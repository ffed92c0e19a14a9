"""What the role `app` may touch: everything the owner makes, but never TRUNCATE, never change the log."""

from django.db import migrations

GRANTS = """
CREATE SCHEMA IF NOT EXISTS pub;
GRANT USAGE ON SCHEMA public, pub TO migdata_app;
GRANT USAGE ON SCHEMA pub TO migdata_public;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO migdata_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO migdata_app;
ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO migdata_app;
ALTER DEFAULT PRIVILEGES GRANT USAGE, SELECT ON SEQUENCES TO migdata_app;
REVOKE UPDATE, DELETE ON agencies_event FROM migdata_app;
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append only', TG_TABLE_NAME; END $$;
CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON agencies_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("agencies", "0001_initial")]
    operations = [migrations.RunSQL(GRANTS, migrations.RunSQL.noop)]
