"""The portal as an ASGI application: the door, and Django behind it (python -m migdata.server)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migdata.settings")

django = get_wsgi_application()  # reads the settings, so what needs them is imported after it

from migdata.server.door import Door  # noqa: E402

application = Door(django)
