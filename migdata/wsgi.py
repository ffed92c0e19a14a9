"""The portal as a WSGI application, for the live server of tests; the web process is migdata.server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migdata.settings")

application = get_wsgi_application()
