"""What cannot be answered now, though the question is right: 503 on pages, in files and in the API."""

from django.utils.translation import gettext as _


class Unavailable(Exception):
    """The message is written for the reader. `seconds`: when to ask again; None where time does not help."""

    seconds: int | None = None


class Withheld(Unavailable):
    """A release is not the one that was built, so it is not shown."""

    def __init__(self, name: str) -> None:
        super().__init__(
            _(
                "Release %(name)s is withheld: what is stored does not match its checksum. "
                "Those who publish it are told. Please come back later, or read another release."
            )
            % {"name": name}
        )


class Busy(Unavailable):
    """As many answers are being made as this portal makes at once."""

    seconds = 5

    def __init__(self) -> None:
        super().__init__(
            _(
                "Many readers ask for large tables now. Please ask again in %(n)s seconds, or for "
                "fewer dimensions."
            )
            % {"n": self.seconds}
        )
