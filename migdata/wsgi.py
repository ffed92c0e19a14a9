"""The portal as a WSGI application. The web process stands before it (migdata.asgi, migdata.server).

It does not start with secrets that are not those used before.
"""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migdata.settings")

application = get_wsgi_application()

from django.urls import get_resolver  # noqa: E402 - what follows needs Django's app registry

from agencies import secrets  # noqa: E402
from records import tasks  # noqa: E402

secrets.require_known()
tasks.sweep_at_start()
get_resolver().url_patterns  # noqa: B018 - loads the pages, so that nobody's first request waits for it
