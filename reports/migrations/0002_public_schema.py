"""Released figures in the schema `pub`: the role `public` sees what is released and past its embargo."""

from django.db import migrations

OPEN = "state = 'RELEASED' AND (embargo_at IS NULL OR embargo_at <= now())"
SQL = f"""
GRANT SELECT ON pub.release, pub.blob TO migdata_public;
GRANT SELECT, INSERT, UPDATE, DELETE ON pub.release, pub.blob TO migdata_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA pub TO migdata_app;
ALTER TABLE pub.release ENABLE ROW LEVEL SECURITY;
ALTER TABLE pub.blob ENABLE ROW LEVEL SECURITY;
CREATE POLICY reader ON pub.release FOR SELECT TO migdata_public USING ({OPEN});
CREATE POLICY reader ON pub.blob FOR SELECT TO migdata_public
    USING (EXISTS (SELECT FROM pub.release r WHERE r.id = release_id AND r.{OPEN.replace("embargo_at", "r.embargo_at", 1).replace("OR embargo_at", "OR r.embargo_at")}));
CREATE POLICY desk ON pub.release TO migdata_app USING (true) WITH CHECK (true);
CREATE POLICY desk ON pub.blob TO migdata_app USING (true) WITH CHECK (true);
CREATE POLICY owner ON pub.release TO migdata_owner USING (true) WITH CHECK (true);
CREATE POLICY owner ON pub.blob TO migdata_owner USING (true) WITH CHECK (true);
"""


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_initial")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
