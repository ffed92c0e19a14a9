"""The portal as a WSGI application. The web process stands before it (migdata.asgi, migdata.server).

It does not start with secrets that are not those used before.
"""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migdata.settings")

application = get_wsgi_application()

from agencies import secrets  # noqa: E402 - its model needs Django's app registry
from records import tasks  # noqa: E402

secrets.require_known()
tasks.sweep_at_start()
