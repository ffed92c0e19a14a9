"""One settings file. Everything that differs between machines is an environment variable."""

import os
import sys
from pathlib import Path

import yaml
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from migdata.environment import address, database, flag, limits, process, secret, secrets

BASE_DIR = Path(__file__).resolve().parent.parent
# What is delivered for one country, where the environment says nothing.
HOME = yaml.safe_load((BASE_DIR / "standards" / "data" / "home.yaml").read_text())


TESTING = "pytest" in sys.modules
DEMO = flag("DEMO")
DEBUG = flag("DEBUG")
# One secret for each purpose: sessions and links in letters, rounding seeds (reports.releases), person
# references, uploaded files (records.collection), second factors and letters of accounts (agencies), and
# seals of releases (reports.published). Each may lie in a file: NAME_FILE. `agencies.secrets` says which
# process needs which, and stops one that has a wrong one.
SECRET_KEY = secret("SECRET_KEY")
DISCLOSURE_SECRET = secret("DISCLOSURE_SECRET")
PERSON_REF_SECRET = secret("PERSON_REF_SECRET")
FILES_SECRET = secret("FILES_SECRET")
ACCOUNTS_SECRET = secret("ACCOUNTS_SECRET")
SEALS_SECRET = secret("SEALS_SECRET")
# Older secrets, one a line, that still open what was closed with them (manage.py rotate).
SECRET_KEY_FALLBACKS = secrets("SECRET_KEY_FALLBACKS")
FILES_SECRET_FALLBACKS = secrets("FILES_SECRET_FALLBACKS")
ACCOUNTS_SECRET_FALLBACKS = secrets("ACCOUNTS_SECRET_FALLBACKS")
# Uploaded files on their way to a worker, and slices. Never served.
PRIVATE_ROOT = Path(os.environ.get("PRIVATE_ROOT", BASE_DIR / ".local" / "private"))
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "127.0.0.1,localhost").split(",")
# Where the portal is reached: links in letters and calendars, which no request asks for, begin with it.
PORTAL_ADDRESS = os.environ.get("PORTAL_ADDRESS", f"https://{ALLOWED_HOSTS[0]}")
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("CSRF_TRUSTED_ORIGINS", "").split(",") if o]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "guardian",
    "pgtrigger",
    "pghistory",
    "rest_framework",
    "drf_spectacular",
    "csp",
    "django_htmx",
    "standards",
    "jobs",
    "agencies",
    "records",
    "reports",
    "migdata",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "migdata.middleware.PrivateIsNotStored",
    "migdata.middleware.KnownMethods",
    "migdata.health.HealthFirst",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "agencies.middleware.ProgramsActByToken",
    "agencies.middleware.WorksInPractice",
    # Around the transaction: allauth writes some letters and messages when it is committed.
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "migdata.middleware.RejectMalformed",
    "agencies.middleware.RefusalsAreLogged",
    "agencies.scope.ScopeMiddleware",
    "agencies.middleware.SignInFirst",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "agencies.middleware.SecondFactorFirst",
    "reports.pages.unavailable.AnsweredInWords",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "migdata.urls"
WSGI_APPLICATION = "migdata.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "agencies.navigation.navigation",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "standards.templatetags.words",
                "standards.templatetags.components",
                "standards.templatetags.guidance",
            ],
        },
    }
]

# Migrations and flushes connect as the owner; web and workers as `app`, which owns nothing.
_role = "DATABASE_OWNER" if flag("MIGDATA_AS_OWNER") else "DATABASE"
_url = address(f"{_role}_URL", f"{_role}_PASSWORD")
# How long, in seconds, a statement may take, wait for a lock, and leave its transaction idle (docs/adr/0014).
# Migrations and commands take their time.
DATABASE_SECONDS = {
    "web": {
        "statement_timeout": int(os.environ.get("WEB_STATEMENT_SECONDS", 15)),
        "lock_timeout": 5,
        "idle_in_transaction_session_timeout": 300,
    },
    "worker": {
        "statement_timeout": int(os.environ.get("WORKER_STATEMENT_SECONDS", 600)),
        "lock_timeout": 60,
        "idle_in_transaction_session_timeout": 3600,
    },
    "command": {},
}["command" if flag("MIGDATA_AS_OWNER") else process()]
DATABASES = {
    "default": database(_url, limits=DATABASE_SECONDS, CONN_MAX_AGE=60),
    # Autocommits: events, progress and heartbeats are kept whatever the main transaction does.
    "side": database(_url, limits=DATABASE_SECONDS, TEST={"MIRROR": "default"}),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "agencies.Person"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
ANONYMOUS_USER_NAME = None  # guardian: nobody holds grants without signing in
GUARDIAN_MONKEY_PATCH_USER = False
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "records:home"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_FORMS = {
    "login": "agencies.forms.SignIn",
    "reset_password": "agencies.forms.ForgottenPassword",
}
ACCOUNT_SESSION_REMEMBER = True  # as long as SESSION_COOKIE_AGE; nobody is asked
ACCOUNT_ADAPTER = "agencies.sign_in.InvitedOnly"
ACCOUNT_EMAIL_VERIFICATION = "none"  # an invitation is answered from the address it went to
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "agencies.links.Links"  # noqa: S105
# Passwords are counted by agencies.lockout, which locks nobody out of her own account; codes of the
# second factor, which only who knows the password can try, by allauth.
ACCOUNT_RATE_LIMITS = {"login": "", "login_failed": "30/m/ip,5/300s/key"}
MFA_ADAPTER = "agencies.second_factor.Encrypted"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
# Letters are written down with what they tell; a worker hands them to this backend.
EMAIL_BACKEND = "agencies.letters.Post"
LETTERS_BACKEND = os.environ.get("EMAIL_BACKEND", "agencies.letter_files.PrivateFiles")
# In the folder of the demonstration (migdata.local.place).
EMAIL_FILE_PATH = Path(os.environ.get("MIGDATA_LOCAL") or BASE_DIR / ".local").absolute() / "mail"
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", 25))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = secret("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = flag("EMAIL_USE_TLS")
EMAIL_TIMEOUT = 20  # seconds
# A process does not call a mail server again for so long after it did not answer.
EMAIL_LEFT_ALONE_SECONDS = float(os.environ.get("EMAIL_LEFT_ALONE_SECONDS", 30))
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "portal@localhost")

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ru", "Русский"), ("tk", "Türkmençe")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_TZ = True
TIME_ZONE = os.environ.get("TIME_ZONE") or HOME["time_zone"]
USE_THOUSAND_SEPARATOR = True
FORMAT_MODULE_PATH = ["migdata.number_formats"]

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / ".local" / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# Without collected files (tests, development) they are found where they lie.
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = DEBUG or TESTING
UPLOAD_LIMIT = int(os.environ.get("UPLOAD_LIMIT", 2 * 1024**3))  # bytes of one file
# Nothing is written in the clear: each piece of a file is encrypted as it comes.
FILE_UPLOAD_HANDLERS = ["records.collection.receiving.EncryptingUploadHandler"]
# How many files may wait for a worker, be sent in 24 hours, and how many bytes may wait on disk: of
# one person, and of one agency (records.collection.quotas).
UPLOADS_WAITING = limits("UPLOADS_WAITING", person=100, agency=200)
UPLOADS_A_DAY = limits("UPLOADS_A_DAY", person=500, agency=2000)
UPLOAD_BYTES_WAITING = limits("UPLOAD_BYTES_WAITING", person=4 * 1024**3, agency=8 * 1024**3)
# How many rows with an error one file may leave to be corrected, and one agency in all (…ceiling); from
# so many rows on, a file of which more than half are in error is refused.
HELD_ROWS = int(os.environ.get("HELD_ROWS", 100_000))
HELD_BYTES = int(os.environ.get("HELD_BYTES", 128 * 1024**2))
HELD_ROWS_OF_AGENCY = int(os.environ.get("HELD_ROWS_OF_AGENCY", 500_000))
HELD_BYTES_OF_AGENCY = int(os.environ.get("HELD_BYTES_OF_AGENCY", 512 * 1024**2))
HELD_SHARE_FROM = int(os.environ.get("HELD_SHARE_FROM", 10_000))
# Bytes of a form without a file, or of what stands in it beside the file.
FORM_LIMIT = DATA_UPLOAD_MAX_MEMORY_SIZE = 1 << 20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# The door (migdata.server, docs/adr/0012). Seconds without a byte, of a body or of a reader:
DOOR_PATIENCE = float(os.environ.get("DOOR_PATIENCE", 20))
# Threads of each web process: for people who are signed in, for everybody else, for signing in.
DOOR_THREADS = {
    "people": int(os.environ.get("DOOR_THREADS_PEOPLE", 4)),
    "public": int(os.environ.get("DOOR_THREADS_PUBLIC", 2)),
    "entrance": 2,
}
# Requests a minute: pages, costly answers (filtered figures, downloads, the API), forms that change
# something, and cookies nobody has looked at yet. An office of fifty may share one address.
REQUESTS_A_MINUTE = {
    who: {
        kind: int(os.environ.get(f"{kind}_A_MINUTE_BY_{who}".upper(), most))
        for kind, most in kinds.items()
    }
    for who, kinds in {
        "address": {"pages": 1200, "costly": 240, "forms": 240, "cookies": 600},
        "account": {"pages": 600, "costly": 120, "forms": 240},
    }.items()
}

REDIS_URL = address("REDIS_URL", "REDIS_PASSWORD")
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_DEFAULT_QUEUE = os.environ.get("JOB_QUEUE", "migdata")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A worker's process is replaced when it has grown, and now and then; a job that does not end is ended
# (`jobs.worker` says so on its row), and where even that is not heard, its process is.
CELERY_WORKER_MAX_MEMORY_PER_CHILD = int(os.environ.get("WORKER_MEMORY_MB", 384)) * 1024  # kB
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_TASK_SOFT_TIME_LIMIT = float(os.environ.get("JOB_MINUTES", 60)) * 60  # seconds
CELERY_TASK_TIME_LIMIT = CELERY_TASK_SOFT_TIME_LIMIT + 60
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for the broker as long as it takes
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# The row in PostgreSQL is the truth: what Redis delivers late or twice does no harm.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 6 * 3600,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    # A broker that hangs, or whose machine is gone, is left and called again.
    "socket_connect_timeout": 5,
    "socket_timeout": 30,
    "socket_keepalive": True,
}
JOB_LEASE_SECONDS = int(os.environ.get("JOB_LEASE_SECONDS", 30))
CELERY_BEAT_SCHEDULE = {
    "reap": {"task": "migdata.reap", "schedule": JOB_LEASE_SECONDS / 2},
    "expire": {"task": "records.expire", "schedule": 3600},
    "expire letters": {"task": "agencies.expire", "schedule": 3600},
    "scan": {"task": "reports.scan", "schedule": 3600},
    "announce": {"task": "reports.announce", "schedule": 60},
    "remind": {"task": "records.remind", "schedule": 3600},
    "digest": {"task": "records.digest", "schedule": 60},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(BASE_DIR / ".local" / "beat")
# Counts of wrong passwords are shared and lie in the database: the broker may be full or gone.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "migdata_cache",
        # Django's 300 would let anybody push counts out by asking for many.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
}
# Large tables and drawings of releases are made once and kept as files (reports.published.kept): so many
# bytes of them; so many made at once on a machine; so many askers of a process that wait for one.
ANSWERS_LIMIT = int(os.environ.get("ANSWERS_LIMIT", 2 * 1024**3))
TABLES_AT_ONCE = int(os.environ.get("TABLES_AT_ONCE", 2))
TABLES_ASKED_AT_ONCE = int(os.environ.get("TABLES_ASKED_AT_ONCE", 3))
# Whether the person who asked for a build may release it herself; the release then says so.
RELEASE_BY_BUILDER = flag("RELEASE_BY_BUILDER")
# Whether everybody reads the figures, or whoever has signed in: a shared dashboard (agencies.readers).
FIGURES_ARE_PUBLIC = flag("FIGURES_ARE_PUBLIC", default=True)
DATABASE_ROUTERS = ["migdata.routing.CacheOnTheSide"]

REST_FRAMEWORK = {
    # Nobody signs in to an API with a password. That of figures has released ones only; that of intake
    # (records.api) asks for a token.
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Migration in figures",
    "DESCRIPTION": "Released, protected figures by sex. Every count is a sum of protected cells.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
# Behind the TLS proxy; the demonstration runs on plain http on this machine.
SECURE = not (DEBUG or DEMO or TESTING)
# The address of the visitor, not of the proxy, whose only address all visitors would share.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if SECURE else 0
# People with national roles set up a second factor before anything else.
REQUIRE_SECOND_FACTOR = (
    flag("REQUIRE_SECOND_FACTOR") if "REQUIRE_SECOND_FACTOR" in os.environ else SECURE
)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_AGE = 12 * 3600
SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]
PGHISTORY_INSTALL_CONTEXT_FUNC_ON_MIGRATE = True

PORTAL_NAME = _("Migration in figures")
DATA_LICENSE = os.environ.get("DATA_LICENSE", "")  # address of the licence of what is published
CONTACT_EMAIL = os.environ.get("CONTACT_EMAIL", "")  # whom readers of the figures may write to
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "WARNING")},
}
