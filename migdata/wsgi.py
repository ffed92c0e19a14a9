"""The portal as a WSGI application (gunicorn migdata.wsgi)."""

import logging
import os

from django.core.wsgi import get_wsgi_application
from django.db import DatabaseError, connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migdata.settings")


def remove_what_was_left() -> None:
    """Remove files of requests that a killed process never finished; beat does the same every hour."""
    from records.collection import uploads  # its models need Django's app registry

    try:
        uploads.sweep()
    except DatabaseError as error:  # pages say so themselves; beat tries again
        logging.getLogger(__name__).warning("no sweep at start: %s", type(error).__name__)
    finally:
        connections.close_all()


application = get_wsgi_application()
remove_what_was_left()
