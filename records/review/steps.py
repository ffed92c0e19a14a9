"""How a submission moves from draft to accepted, and who may move it."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from agencies.roles import Permission
from records.models import Submission

State = Submission.State


@dataclass(frozen=True)
class Step:
    """One row of the state table: from which state who may lead it where, with a reason or not."""

    needs: dict[State, Permission]
    target: State
    label: object  # the button
    done: object  # the history
    reason: bool = False


STEPS: dict[str, Step] = {
    "submit": Step(
        {State.DRAFT: Permission.ENTER, State.RETURNED: Permission.ENTER},
        State.SUBMITTED,
        gettext_lazy("Submit"),
        gettext_lazy("submitted"),
    ),
    "sign": Step(
        {State.SUBMITTED: Permission.SIGN},
        State.SIGNED,
        gettext_lazy("Sign"),
        gettext_lazy("signed"),
    ),
    "accept": Step(
        {State.SIGNED: Permission.ACCEPT},
        State.ACCEPTED,
        gettext_lazy("Accept"),
        gettext_lazy("accepted"),
    ),
    "return": Step(
        {State.SUBMITTED: Permission.SIGN, State.SIGNED: Permission.ACCEPT},
        State.RETURNED,
        gettext_lazy("Return"),
        gettext_lazy("returned"),
        reason=True,
    ),
    "reopen": Step(
        {State.ACCEPTED: Permission.ACCEPT},
        State.DRAFT,
        gettext_lazy("Reopen"),
        gettext_lazy("reopened"),
        reason=True,
    ),
}
BY_FIELD = {
    State.SUBMITTED: "submitted_by",
    State.SIGNED: "signed_by",
    State.ACCEPTED: "accepted_by",
}

# Steps of four eyes, and the steps before them that bar who did them. Who had hands in the rows of
# the version (`review.handlings`) is barred from all of these.
BARRED_BY = {"sign": ("submitted_by",), "accept": ("submitted_by", "signed_by")}
