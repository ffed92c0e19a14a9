-- The roles and the database of the portal; run once by a superuser, safe to run again.
-- Embedded server: migdata.local. Production: mounted into the image's initdb folder.
-- With MIGDATA_OWNER_PASSWORD and MIGDATA_APP_PASSWORD in the environment, or the files that hold them named
-- by …_FILE, the two logins get passwords.
\set ON_ERROR_STOP on
\getenv owner_password MIGDATA_OWNER_PASSWORD
\getenv app_password MIGDATA_APP_PASSWORD
\getenv owner_password_file MIGDATA_OWNER_PASSWORD_FILE
\getenv app_password_file MIGDATA_APP_PASSWORD_FILE
\if :{?owner_password_file}
\set owner_password `cat "$MIGDATA_OWNER_PASSWORD_FILE"`
\endif
\if :{?app_password_file}
\set app_password `cat "$MIGDATA_APP_PASSWORD_FILE"`
\endif

-- One client at a time: two first starts must not both create.
SELECT pg_advisory_lock(7731) \g /dev/null

SELECT format('CREATE ROLE %I', name)
  FROM unnest(ARRAY['migdata_owner', 'migdata_app', 'migdata_public']) AS name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

-- owner: migrations; CREATEDB for the test database. app: web and workers, owns nothing.
-- public: what a public page may read; app puts it on with SET LOCAL ROLE and gets nothing by itself.
ALTER ROLE migdata_owner LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS;
ALTER ROLE migdata_app LOGIN NOSUPERUSER NOBYPASSRLS;
ALTER ROLE migdata_public NOLOGIN NOSUPERUSER NOBYPASSRLS;

-- Rows stand in the details of errors (“Key (…)=(…) already exists”), in the statement that failed and in
-- its parameters. None of that is written to the log of the server, whatever its configuration says.
SELECT format('ALTER ROLE %I SET %s = %L', role, name, setting)
  FROM unnest(ARRAY['migdata_owner', 'migdata_app']) AS role,
       (VALUES ('log_error_verbosity', 'terse'), ('log_min_error_statement', 'panic'),
               ('log_parameter_max_length', '0'), ('log_parameter_max_length_on_error', '0'))
       AS quiet (name, setting)
\gexec
GRANT migdata_app TO migdata_owner WITH SET TRUE, INHERIT FALSE;
GRANT migdata_public TO migdata_app WITH SET TRUE, INHERIT FALSE;

\if :{?owner_password}
ALTER ROLE migdata_owner PASSWORD :'owner_password';
\endif
\if :{?app_password}
ALTER ROLE migdata_app PASSWORD :'app_password';
\endif

SELECT 'CREATE DATABASE migdata OWNER migdata_owner'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'migdata')
\gexec
