"""Why a verb was refused: one exception for all of them."""


class Refused(Exception):
    """The change makes no sense now; the message is written for the person."""
