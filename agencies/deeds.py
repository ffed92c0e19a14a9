"""Every kind of event in a plain sentence: the table that pages and exports of the event log read."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from agencies.roles import Role
from standards import numbers
from standards.languages import marked
from standards.translation import in_language


class Kind(StrEnum):
    """What sort of deed it is: what the log can be limited to."""

    ACCOUNT = "account"
    PEOPLE = "people"
    READ = "read"
    DELIVERY = "delivery"
    REVIEW = "review"
    FIGURES = "figures"
    TAKEN = "taken"
    REFUSED = "refused"
    RUNNING = "running"

    @property
    def label(self) -> str:
        """What the page calls it, in the language of the reader."""
        return _(KINDS[self])


K = Kind
KINDS = {
    K.ACCOUNT: marked("Signing in and own account"),
    K.PEOPLE: marked("People, roles and agencies"),
    K.READ: marked("Records that were read"),
    K.DELIVERY: marked("Files and records"),
    K.REVIEW: marked("Steps of submissions"),
    K.FIGURES: marked("Tables and releases"),
    K.TAKEN: marked("Downloads and exports"),
    K.REFUSED: marked("Refusals"),
    K.RUNNING: marked("Running the portal"),
}
# What an event can be about: the kind of its subject.
THINGS = {
    "person": marked("a person"),
    "invitation": marked("an invitation"),
    "agency": marked("an agency"),
    "instrument": marked("an instrument"),
    "upload": marked("an upload"),
    "held": marked("a held row"),
    "record": marked("a record"),
    "submission": marked("a submission"),
    "dataset": marked("a dataset"),
    "release": marked("a release"),
    "file": marked("a file"),
    "page": marked("a page"),
    "change": marked("a change of an agency"),
    "holiday": marked("a holiday"),
    "calendar": marked("the calendar"),
    "codelist": marked("a code list"),
    "setting": marked("a setting of the site"),
    "word": marked("a word of an agency"),
    "layout": marked("a layout of an agency"),
    "token": marked("a token"),
    "own_list": marked("a list of codes of an agency"),
    "log": marked("this log"),
    "secret": marked("a secret of the portal"),
}
# Kind of the subject and verb: kind of the deed, and its sentence. `who` did it, `what` it was done to.
DEEDS: dict[str, tuple[Kind, str]] = {
    "person sign_in": (K.ACCOUNT, marked("%(who)s signed in.")),
    "person sign_out": (K.ACCOUNT, marked("%(who)s signed out.")),
    "person sign_in_failed": (
        K.REFUSED,
        marked("A wrong password or code was given for %(what)s."),
    ),
    "person password": (K.ACCOUNT, marked("%(who)s chose a new password.")),
    "person factor_on": (K.ACCOUNT, marked("%(who)s set up a second factor.")),
    "person factor_off": (K.ACCOUNT, marked("%(who)s removed a second factor.")),
    "person subscribe": (K.ACCOUNT, marked("%(who)s chose which releases to have letters on.")),
    "person unsubscribe": (K.ACCOUNT, marked("%(who)s ended letters on releases.")),
    "person invite": (K.PEOPLE, marked("%(who)s sent %(what)s another link for a password.")),
    "person roles": (K.PEOPLE, marked("%(who)s changed the roles of %(what)s.")),
    "person activate": (K.PEOPLE, marked("%(who)s let %(what)s sign in again.")),
    "person deactivate": (K.PEOPLE, marked("%(who)s stopped the account of %(what)s.")),
    "person duties": (K.PEOPLE, marked("%(who)s changed which instruments %(what)s works on.")),
    "person ends": (K.PEOPLE, marked("%(who)s changed until when %(what)s holds a role.")),
    "person hand_over": (
        K.PEOPLE,
        marked("%(who)s handed the open work of %(what)s over to a colleague."),
    ),
    "person letters": (K.ACCOUNT, marked("%(who)s chose when to have reminders by letter.")),
    "person calendar_address": (
        K.ACCOUNT,
        marked("%(who)s gave the own calendar another address."),
    ),
    "token make": (K.ACCOUNT, marked("%(who)s made the token %(what)s.")),
    "token revoke": (K.ACCOUNT, marked("%(who)s revoked the token %(what)s.")),
    "agency review": (K.PEOPLE, marked("%(who)s reviewed who has access in %(what)s.")),
    "agency change": (K.PEOPLE, marked("%(who)s approved a change of the agency %(what)s.")),
    "change propose": (K.PEOPLE, marked("%(who)s proposed a change of the agency %(what)s.")),
    "change withdraw": (
        K.PEOPLE,
        marked("%(who)s took back a proposal to change the agency %(what)s."),
    ),
    "instrument extend": (
        K.REVIEW,
        marked("%(who)s gave a later due date for a period of %(what)s."),
    ),
    "instrument due_rule": (K.REVIEW, marked("%(who)s changed when %(what)s is due.")),
    "holiday add": (K.REVIEW, marked("%(who)s added the holiday %(what)s.")),
    "holiday rename": (K.REVIEW, marked("%(who)s changed the name of the holiday %(what)s.")),
    "holiday remove": (K.REVIEW, marked("%(who)s removed the holiday %(what)s.")),
    "calendar rest_days": (K.REVIEW, marked("%(who)s changed the days of rest of the week.")),
    "setting edition": (K.REVIEW, marked("%(who)s changed a setting of the site: %(what)s.")),
    "codelist edition": (K.REVIEW, marked("%(who)s changed the code list %(what)s.")),
    "word change": (K.REVIEW, marked("%(who)s changed what a word means: %(what)s.")),
    "word revoke": (K.REVIEW, marked("%(who)s revoked a word: %(what)s.")),
    "word everybody": (K.REVIEW, marked("%(who)s made a word hold for all agencies: %(what)s.")),
    "own_list create": (K.REVIEW, marked("%(who)s loaded a list of codes: %(what)s.")),
    "own_list revoke": (K.REVIEW, marked("%(who)s withdrew a list of codes: %(what)s.")),
    "layout change": (K.REVIEW, marked("%(who)s changed what is remembered of a file: %(what)s.")),
    "layout revoke": (K.REVIEW, marked("%(who)s had forgotten how a file is read: %(what)s.")),
    "person letter": (K.PEOPLE, marked("%(who)s had a letter to %(what)s sent again.")),
    "invitation invite": (K.PEOPLE, marked("%(who)s invited %(what)s.")),
    "invitation approve": (K.PEOPLE, marked("%(who)s approved the invitation of %(what)s.")),
    "invitation withdraw": (K.PEOPLE, marked("%(who)s withdrew the invitation of %(what)s.")),
    "invitation decline": (K.PEOPLE, marked("%(what)s declined an invitation.")),
    "agency practise": (K.ACCOUNT, marked("%(who)s began to practise.")),
    "agency reset_practice": (K.ACCOUNT, marked("%(who)s emptied the own practice agency.")),
    "agency create": (K.PEOPLE, marked("%(who)s added the agency %(what)s.")),
    "instrument search": (K.READ, marked("%(who)s searched records of %(what)s.")),
    "instrument export": (K.TAKEN, marked("%(who)s took records of %(what)s as a file.")),
    "instrument fetch": (K.TAKEN, marked("%(who)s fetched a file of records of %(what)s.")),
    "instrument numbering": (
        K.DELIVERY,
        marked("%(who)s declared how the cases of %(what)s are numbered."),
    ),
    "instrument entry_rule": (
        K.DELIVERY,
        marked("%(who)s changed how records of %(what)s are typed."),
    ),
    "codelist propose": (K.DELIVERY, marked("%(who)s proposed a word for the code list %(what)s.")),
    "codelist answer_proposal": (
        K.DELIVERY,
        marked("%(who)s answered a proposal for the code list %(what)s."),
    ),
    "upload upload": (K.DELIVERY, marked("%(who)s uploaded the file %(what)s.")),
    "upload answer": (K.DELIVERY, marked("%(who)s answered questions about the file %(what)s.")),
    "upload correct": (
        K.DELIVERY,
        marked("%(who)s corrected held rows of the file %(what)s."),
    ),
    "upload undo": (K.DELIVERY, marked("%(who)s took back the file %(what)s.")),
    "upload expire": (
        K.DELIVERY,
        marked("Nobody answered the questions about the file %(what)s, so it was refused."),
    ),
    "held discard": (K.DELIVERY, marked("%(who)s removed a held row of %(what)s.")),
    "submission discard": (K.DELIVERY, marked("%(who)s removed held rows of %(what)s.")),
    "record enter": (K.DELIVERY, marked("%(who)s typed the record %(what)s.")),
    "record correct": (K.DELIVERY, marked("%(who)s corrected the record %(what)s.")),
    "record second_entry": (
        K.DELIVERY,
        marked("%(who)s typed the record %(what)s a second time."),
    ),
    "record delete": (K.DELIVERY, marked("%(who)s deleted the record %(what)s.")),
    "submission admit": (K.DELIVERY, marked("%(who)s took in the late rows of %(what)s.")),
    "record read": (K.READ, marked("%(who)s read the record %(what)s.")),
    "record read_history": (
        K.READ,
        marked("%(who)s read the history of the record %(what)s."),
    ),
    "held read": (K.READ, marked("%(who)s read a held row of %(what)s.")),
    "submission decide_duplicate": (
        K.DELIVERY,
        marked("%(who)s decided about a likely duplicate of %(what)s."),
    ),
    "submission read": (K.READ, marked("%(who)s read records of %(what)s.")),
    "submission read_held": (K.READ, marked("%(who)s read held rows of %(what)s.")),
    "submission read_history": (
        K.READ,
        marked("%(who)s read what was changed in the records of %(what)s."),
    ),
    "upload read_differences": (
        K.READ,
        marked("%(who)s read what the file %(what)s would change."),
    ),
    "upload take_held": (
        K.READ,
        marked("%(who)s took the held rows of the file %(what)s as a workbook."),
    ),
    "upload read_held": (K.READ, marked("%(who)s read held rows of the file %(what)s.")),
    "submission begin": (K.REVIEW, marked("%(who)s began %(what)s.")),
    "submission submit": (K.REVIEW, marked("%(who)s submitted %(what)s.")),
    "submission sign": (K.REVIEW, marked("%(who)s signed %(what)s.")),
    "submission accept": (K.REVIEW, marked("%(who)s accepted %(what)s.")),
    "submission return": (K.REVIEW, marked("%(who)s returned %(what)s.")),
    "submission reopen": (K.REVIEW, marked("%(who)s reopened %(what)s.")),
    "submission comment": (K.REVIEW, marked("%(who)s wrote about %(what)s.")),
    "submission impact": (
        K.TAKEN,
        marked("%(who)s had counted what accepting %(what)s would change."),
    ),
    "submission impact_expire": (
        K.RUNNING,
        marked("What accepting %(what)s would have changed was removed."),
    ),
    "submission resolve": (K.REVIEW, marked("%(who)s closed a thread about %(what)s.")),
    "submission answer": (K.REVIEW, marked("%(who)s answered a warning of %(what)s.")),
    "dataset design": (K.FIGURES, marked("%(who)s measured a design of the dataset %(what)s.")),
    "dataset build": (K.FIGURES, marked("%(who)s had a release of the dataset %(what)s built.")),
    "dataset tabulate-exact": (
        K.TAKEN,
        marked("%(who)s made an exact table of the dataset %(what)s."),
    ),
    "release read": (K.READ, marked("%(who)s read how the release %(what)s is protected.")),
    "release sign_conflicts": (
        K.FIGURES,
        marked("%(who)s signed that the release %(what)s may come out as it is."),
    ),
    "release verify": (
        K.FIGURES,
        marked("%(who)s verified the release %(what)s against what was counted."),
    ),
    "release release": (K.FIGURES, marked("%(who)s released %(what)s.")),
    "release withdraw": (K.FIGURES, marked("%(who)s withdrew the release %(what)s.")),
    "file download": (K.TAKEN, marked("%(who)s downloaded the file %(what)s.")),
    "log export": (K.TAKEN, marked("%(who)s exported this log.")),
    "page denied": (K.REFUSED, marked("%(who)s was refused the page %(what)s.")),
    "person denied": (
        K.REFUSED,
        marked("%(who)s was refused to change roles or the account of %(what)s."),
    ),
    "agency denied": (K.REFUSED, marked("%(who)s was refused to give roles in %(what)s.")),
    "secret rotate": (K.RUNNING, marked("%(who)s changed the secret “%(what)s”.")),
}
UNKNOWN = marked("%(who)s did something with %(what)s.")


def of_kind(kind: str, thing: str) -> list[str]:
    """Return the deeds of a kind and about a kind of thing; an empty word limits nothing."""
    return [
        deed
        for deed, (theirs, _sentence) in DEEDS.items()
        if (not kind or theirs == kind) and (not thing or deed.split(" ")[0] == thing)
    ]


def sentence(deed: str, subject: str, detail: Mapping[str, Any], who: str, what: str) -> str:
    """Say an event in the language of the reader. `who` and `what` are names; "" where none is known."""
    thing, _colon, number = subject.partition(":")
    text = _(DEEDS[deed][1] if deed in DEEDS else UNKNOWN) % {
        "who": who or _("The portal"),
        "what": what or unnamed(thing, number),
        "number": number,
    }
    return " ".join([text, *_more(detail)])


def actor(person: str, detail: Mapping[str, Any]) -> str:
    """Name who did it: a person, or the token of hers with which a program did."""
    if not detail.get("token"):
        return person
    return _("The token “%(token)s” of %(person)s") % {"token": detail["token"], "person": person}


def unnamed(thing: str, number: str) -> str:
    """Name something by its kind and number, where nothing else is known of it."""
    if not number.isdecimal():
        return _("somebody unknown") if thing == "person" else number
    return f"{_(THINGS[thing])} ({number})" if thing in THINGS else number


def _more(detail: Mapping[str, Any]) -> list[str]:
    """Say what the event keeps beside its object, as far as it is for readers."""
    words = {role.value: role.label for role in Role}
    told = {
        "given": _("Given: %(list)s."),
        "taken": _("Taken: %(list)s."),
        "roles": _("Roles: %(list)s."),
    }
    more = [_("Practice: it counts nowhere.")] if detail.get("practice") else []
    more += [
        text % {"list": ", ".join(words.get(code, code) for code in detail[key])}
        for key, text in told.items()
        if detail.get(key)
    ]
    if "searched" in detail:
        more.append(
            _("What was looked for: %(limits)s.") % {"limits": in_language(detail["searched"])}
        )
        more.append(_about(detail["rows"]))
    if detail.get("reason"):
        more.append(_("Reason: %(reason)s") % {"reason": detail["reason"]})
    if detail.get("pattern"):
        more.append(_("Pattern: %(pattern)s.") % {"pattern": detail["pattern"]})
    return more


def _about(rows: int) -> str:
    """Say how many rows somebody saw or took, as the log knows it: in tens."""
    if not rows:
        return _("No row was found.")
    if rows < 10:
        return _("Fewer than 10 rows.")
    return _("About %(n)s rows.") % {"n": numbers.count(rows)}
