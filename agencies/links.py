"""Links in letters with which a person chooses a password."""

from django.contrib.auth.tokens import PasswordResetTokenGenerator

from agencies.models import Person


class Links(PasswordResetTokenGenerator):
    """Django's links, which also end when the account is deactivated: for good, not only meanwhile."""

    def check_token(self, user: Person | None, token: str | None) -> bool:
        return bool(user and user.is_active) and super().check_token(user, token)

    def _make_hash_value(self, user: Person, timestamp: int) -> str:
        return f"{super()._make_hash_value(user, timestamp)}{user.stopped_at}"
