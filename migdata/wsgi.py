"""The portal as a WSGI application (gunicorn migdata.wsgi)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migdata.settings")

application = get_wsgi_application()
