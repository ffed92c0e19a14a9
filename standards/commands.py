"""What the commands of the portal have in common."""

from django.core.management.base import BaseCommand


class QuickCommand(BaseCommand):
    """A command that begins at once.

    Django would check the whole site first, for which every page and definition is loaded; `manage.py check` does
    that, and the build runs it.
    """

    requires_system_checks = ()
