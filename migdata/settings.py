"""One settings file. Everything that differs between machines is an environment variable."""

import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent


def env_flag(name: str) -> bool:
    """Read a yes/no variable; anything but 0 or 1 is a mistake worth stopping for."""
    return {"0": False, "1": True}[os.environ.get(name, "0")]


def database(url: str, **extra: Any) -> dict[str, Any]:
    """Read postgresql://user:password@host:port/name?host=/socket/folder."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host") or parts.hostname or "",
        "PORT": query.get("port") or parts.port or "",
        # Public figures live in the schema `pub`; everything else is created in `public`.
        # Values travel beside the statement, not in it: no list of running statements shows a record.
        "OPTIONS": {"options": "-c search_path=public,pub", "server_side_binding": True},
        "CONN_HEALTH_CHECKS": True,
        **extra,
    }


TESTING = "pytest" in sys.modules
DEMO = env_flag("DEMO")
DEBUG = env_flag("DEBUG")
SECRET_KEY = os.environ["SECRET_KEY"]
# One secret for each purpose: rounding seeds (reports.releases), person references, uploaded files
# (records.collection), and the second factors of accounts (agencies).
DISCLOSURE_SECRET = os.environ["DISCLOSURE_SECRET"]
PERSON_REF_SECRET = os.environ["PERSON_REF_SECRET"]
FILES_SECRET = os.environ["FILES_SECRET"]
ACCOUNTS_SECRET = os.environ["ACCOUNTS_SECRET"]
# Uploaded files on their way to a worker, and slices. Never served.
PRIVATE_ROOT = Path(os.environ.get("PRIVATE_ROOT", BASE_DIR / ".local" / "private"))
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "127.0.0.1,localhost").split(",")
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
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # Around the transaction: allauth writes letters and messages when it is committed.
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "migdata.middleware.RejectMalformed",
    "agencies.middleware.RefusalsAreLogged",
    "agencies.scope.ScopeMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "agencies.middleware.SecondFactorFirst",
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
            ],
        },
    }
]

# Migrations and flushes connect as the owner; web and workers as `app`, which owns nothing.
_url = os.environ["DATABASE_OWNER_URL" if env_flag("MIGDATA_AS_OWNER") else "DATABASE_URL"]
DATABASES = {
    "default": database(_url, CONN_MAX_AGE=60),
    # Autocommits: events, progress and heartbeats are kept whatever the main transaction does.
    "side": database(_url, TEST={"MIRROR": "default"}),
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
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
EMAIL_BACKEND = os.environ.get("EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend")
EMAIL_FILE_PATH = BASE_DIR / ".local" / "mail"
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", 25))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env_flag("EMAIL_USE_TLS")
EMAIL_TIMEOUT = 20  # seconds
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "portal@localhost")

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ru", "Русский"), ("tk", "Türkmençe")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_TZ = True
TIME_ZONE = os.environ.get("TIME_ZONE", "Asia/Ashgabat")
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
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

REDIS_URL = os.environ["REDIS_URL"]
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_DEFAULT_QUEUE = os.environ.get("JOB_QUEUE", "migdata")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# The row in PostgreSQL is the truth: what Redis delivers late or twice does no harm.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 6 * 3600,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
}
JOB_LEASE_SECONDS = int(os.environ.get("JOB_LEASE_SECONDS", 30))
CELERY_BEAT_SCHEDULE = {
    "reap": {"task": "migdata.reap", "schedule": JOB_LEASE_SECONDS / 2},
    "expire": {"task": "records.expire", "schedule": 3600},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(BASE_DIR / ".local" / "beat")
# Counts of wrong passwords are shared and lie in the database: the broker may be full or gone.
# Drawings are whatever readers ask for: each process keeps the latest few hundred in memory.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "migdata_cache",
    },
    "drawings": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "drawings",
        "OPTIONS": {"MAX_ENTRIES": 400},
    },
}
DATABASE_ROUTERS = ["migdata.routing.CacheOnTheSide"]

REST_FRAMEWORK = {
    # Nobody signs in to the API: it has released figures only. A password is asked in one place.
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
    env_flag("REQUIRE_SECOND_FACTOR") if "REQUIRE_SECOND_FACTOR" in os.environ else SECURE
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
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "WARNING")},
}
