"""The table of the permission matrix: what each address asks of whoever calls it.

A new route fails the matrix until it stands here. Choose the line that says what the page does:

- `public(...)`            anybody reads it; things that are not released are 404 for everybody
- `page(get=P, post=P)`    belongs to no agency; without the permission: 403
- `by_token(THINGS, GET=V)`  is for programs with a token that permits the verb
- `of(THINGS, see=P, ...)` belongs to an agency; who lacks `see` there gets 404, as for an id that
                           does not exist; who sees it but lacks `get` or `post`: 403

`get` or `post` is a Permission, ANYBODY (who comes that far), or None where the page does not take
that method: 405. Everything private sends visitors to the sign-in. `posts` gives a form as a person
fills it in, so that a hole would show as a change.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from agencies.many_invitations import Row
from agencies.many_pages import digest_of
from agencies.roles import Permission, Role
from agencies.tokens import Verb
from records.codelists.changes import cleaned
from records.pages import codelists as code_lists
from reports.charts.kinds import KINDS
from tests.cast import PASSWORD
from tests.matrix.country import CLOSED, FULL, MISSING, OTHER, OWN
from tests.records.files import WPF

P = Permission
ANYBODY = "anybody"
READ, FORM = {"GET", "HEAD"}, {"GET", "HEAD", "POST"}


@dataclass(frozen=True)
class Place:
    """One address of a route: its arguments, whose thing it is, and whether there is such a thing.

    `see` and `post` override the rule of the route for this thing; `lacks` is the status where there is none.
    """

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    agency: str | None = None
    there: bool = True
    lacks: int = 404
    post: Any = ...
    query: str = ""
    changes: bool = True  # what is allowed changes something
    stranger: int = 422  # where a form of no agency names an agency that is not the person's
    form: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """What a route asks."""

    places: Callable[[Any], list[Place]] = lambda country: [Place("")]
    see: P | None = None
    get: Any = ANYBODY
    post: Any = None
    is_public: bool = False
    of_account: bool = False  # open also to those who still lack a second factor
    posts: Callable[[Any, Place], dict[str, Any]] = lambda country, place: {}
    statuses: frozenset[int] = frozenset()  # of allowed answers, where they are unusual
    program: bool = False  # answers OPTIONS too
    verbs: dict[str, Verb] = field(
        default_factory=dict
    )  # asked by token: what it has to permit, by method

    @property
    def methods(self):
        if self.is_by_token:
            return {*self.verbs, "OPTIONS"}
        taken = READ if self.get is not None else set()
        taken = taken | ({"POST"} if self.post is not None else set())
        return taken | ({"OPTIONS"} if self.program else set())

    @property
    def is_by_token(self):
        """A token is asked for, and nothing but a token."""
        return self.program and self.get is None


def by_token(places=None, **verbs):
    """What programs ask: the verb of each method. Without a token 401, without the verb 403, of another agency 404."""
    if "GET" in verbs:
        verbs["HEAD"] = verbs["GET"]
    rule = Rule(program=True, get=None, verbs=verbs)
    return replace(rule, places=places) if places else rule


def page(**rule):
    return Rule(**rule)


def of(places, see, **rule):
    return Rule(places=places, see=see, **rule)


def public(places=None, **rule):
    rule = Rule(is_public=True, **rule)
    return replace(rule, places=places) if places else rule


def account(**rule):
    """A page of allauth: about nobody but oneself."""
    return Rule(of_account=True, post=rule.pop("post", ANYBODY), **rule)


# Things that belong to an agency: each of three agencies has one, and one does not exist.


def things(argument, kind, **more):
    def places(country):
        found = [Place(code, {argument: country.ids[code, kind], **more}, code) for code in FULL]
        if kind in country.closed:  # of an instrument that is named in nobody's duties
            found.append(Place("restricted", {argument: country.closed[kind]}, there=False))
        return [*found, Place("none", {argument: MISSING, **more}, there=False)]

    return places


def without_change(places):
    """The same places, where even what is allowed changes nothing."""
    return lambda country: [replace(place, changes=False) for place in places(country)]


TOKEN = things("token", "token")
A_TOKEN = {"name": "new", "verbs": ["read"], "days": "30", "password": PASSWORD}
SUBMISSION, ASKED_UPLOAD = things("submission_id", "DRAFT"), things("upload_id", "asking")
REFUSED_UPLOAD, UPLOAD = things("upload_id", "refused"), things("upload_id", "upload")
OFFER = things("invitation_id", "offer")
THREAD = things("thread", "thread")
RECORD, HELD = things("record", "record"), things("held", "held")
PROPOSAL = things("proposal", "proposal")
WORD = things("word", "word")
LAYOUT = things("layout", "layout")
OWN_LIST = things("own_list", "own_list")
STEPS = {  # verb: the state in which it is due, and who may take it then
    "submit": ("DRAFT", P.ENTER),
    "sign": ("SUBMITTED", P.SIGN),
    "accept": ("SIGNED", P.ACCEPT),
    "return": ("SUBMITTED", P.SIGN),
    "reopen": ("ACCEPTED", P.ACCEPT),
}


def steps(country):
    """Every step of the review at a submission where it is due; one that is none; one of no submission."""
    found = [
        Place(f"{verb} {code}", {"submission_id": country.ids[code, state], "verb": verb}, code,
              post=needs)
        for verb, (state, needs) in STEPS.items()
        for code in FULL
    ]  # fmt: skip
    no_verb = {"submission_id": country.ids[OWN, "DRAFT"], "verb": "explode"}
    missing = {"submission_id": MISSING, "verb": "submit"}
    return [*found, Place("no step", no_verb, there=False), Place("none", missing, there=False)]


def said_at_a_step(country, place):
    return {"held_acknowledged": "1", "reason": "Because.", "reason_code": "ODD"}


def deliveries(country):
    """Where something can be delivered: by agency and instrument; nothing is, elsewhere."""
    permits = {"instrument_code": "SMS-WPF"}
    found = [Place(code, {**permits, "agency_code": code}, code) for code in FULL]
    return [*found, Place("none", {**permits, "agency_code": "NONE"}, there=False)]


def deliveries_of_files(country):
    """A file for each agency: who enters for another one is not offered it, and may not choose it."""
    return [
        Place(code, agency=code, form={"delivery": f"{code}/SMS-WPF"}, query="?agency=" + OTHER)
        for code in FULL
    ]


def parts(country):
    """Files in parts are of the token that began them, and of no token here."""
    found = [Place(code, {"file": country.ids[code, "parts"]}, code, there=False) for code in FULL]
    return [*found, Place("none", {"file": UUID(int=0)}, there=False)]


def begun(country):
    """The same files for people: whoever enters records of the agency gives them up."""
    return [replace(place, there=place.name != "none") for place in parts(country)]


def new_tokens(country):
    """A token for each agency; who enters for another one may not make it."""
    return [
        Place(code, agency=code, form={"work": f"{code}/SMS-WPF"})
        for code in FULL
        if code != CLOSED
    ]


def numberings(country):
    """A pattern for each agency; who administers another one has no such agency."""
    forms = {code: {"agency": code, "instrument": "SMS-WPF", "pattern": "WP-9999"} for code in FULL}
    return [
        Place(code, agency=code, form=form, changes=False, stranger=404)
        for code, form in forms.items()
    ]


def proposed_words(country):
    """A word for each agency; who enters for another one has no such agency."""
    form = {"codelist": "countries", "word": "zq atlantida"}
    return [Place(code, agency=code, form={**form, "agency": code}, stranger=404) for code in FULL]


def ways_of_typing(country, place):
    return {"carried": ["region", "decision"], "twice": ["sex"]}


def colleagues(country):
    """Those one can play in practice, and one that nobody plays."""
    return [
        Place("clerk", {"role": "clerk"}),
        Place("none", {"role": "statistician"}, there=False),
    ]


def unchanged(country):
    """Where nobody here has practised, there is nothing to leave or to empty."""
    return [Place("", changes=False)]


def files_to_try(country):
    return [Place("none", {"name": "practice.csv"}, there=False)]


def rules_of_dates(country):
    """A rule for each agency that is open; statistics staff set those of all. One that is closed owes nothing."""
    return [
        Place(code, agency=code, form={"rule": f"{code}/SMS-WPF", "days": "12"})
        for code in FULL
        if code != CLOSED
    ]


def a_text(country, place):
    return {"text": "Are these rows right?"}


def without_warnings(country):
    """Submissions in which no warning waits for an answer."""
    return [replace(place, changes=False) for place in SUBMISSION(country)]


def many(state):
    """One submission of each agency that waits; who works for another one does not find it."""

    def places(country):
        ids = country.ids  # as the page of confirmation names them: with the last step
        chosen = {
            code: {"submission": f"{ids[code, state]}:{ids[code, f'last step of {state}']}"}
            for code in FULL
        }
        return [
            Place(code, agency=code, form=form, stranger=404, changes=code != CLOSED)
            for code, form in chosen.items()
        ]

    return places


def to_be_accepted(country):
    """Submissions that are signed: what they would change may be counted, while their agency works."""
    return [
        replace(p, changes=p.there and p.agency != CLOSED)
        for p in things("submission_id", "SIGNED")(country)
    ]


def a_later_date(country, place):
    """A Tuesday that lies a while ahead."""
    ahead = timezone.localdate() + timedelta(days=90)
    day = ahead - timedelta(days=ahead.weekday() - 1)
    return {"until": day.isoformat(), "reason": "The archive moves."}


def a_holiday(country, place):
    return {"year": "", "month": "3", "day": "8", "en": "Day", "ru": "День", "tk": "Gün"}


def holidays_in_a_file(country, place):
    content = "day,en,ru,tk\n*-03-08,Day,День,Gün\n".encode()
    return {"file": SimpleUploadedFile("holidays.csv", content)}


def code_lists_kept(country):
    """A list that is kept here, one that is made of others, and none."""
    return [
        Place("kept", {"name": "crossing_points"}),
        Place("made", {"name": "residences"}, there=False),
        Place("none", {"name": "nothing"}, there=False),
    ]


def codes_kept(country):
    return [
        Place("kept", {"name": "crossing_points", "code": "FRP"}),
        Place("none", {"name": "crossing_points", "code": "NONE"}, there=False),
    ]


def a_code(country, place):
    """A code as it is typed once it was looked at: what was seen is what is saved."""
    typed = {"en": "New", "ru": "Новый", "tk": "Täze", "aliases": "", "base": "1"}
    code = place.arguments.get("code", "NEW")
    content = cleaned({"labels": typed})
    return {**typed, "code": code, "seen": code_lists.digest_of([code, content, 1])}


def a_code_list(country, place):
    return {
        "base": "1",
        "file": SimpleUploadedFile("l.csv", b"code,en,ru,tk,parent\nNEW,N,N,N,ROAD\n"),
    }


def words_of_agencies(country):
    """A word of each agency; statistics staff revoke those of all."""
    forms = {code: {"word": str(country.ids[code, "word"]), "revoke": "1"} for code in FULL}
    return [Place(code, agency=code, form=form) for code, form in forms.items()]


def a_home_country(country, place):
    return {"base": "1", "country": "KAZ", "seen": "KAZ 1"}


def terms_said(country, place):
    return {"base": "1", "en": "The law", "ru": "Закон", "tk": "Kanun", "retention": "5"}


def a_file(country, place):
    return {"file": SimpleUploadedFile("rows.csv", b"record_ref;sex\n1;F\n")}


def a_list_of_codes(country, place):
    return {"name": "Codes of ours", "codelist": "countries", "text": "77\tTUR"}


def periods(country):
    return [
        replace(place, arguments={**place.arguments, "period": country.free_periods[OWN]})
        for place in deliveries(country)
    ]


def a_record(country, place):
    """A record without a mistake: a new one, or the one of the address with another citizenship."""
    number = place.arguments.get("record")
    year, month = country.free_periods[OWN].split("-")
    day = f"05.{month}.{year}"
    times = {"event_date": day, "valid_from": day, "valid_to": f"05.{month}.{int(year) + 1}"}
    return {**WPF, **times, "record_ref": "T-1", "seen": country.seen.get(number, "")}


def a_correction(country, place):
    return {"sex": "F", "valid_to": "", **a_record(country, place)}


def no_rows(country, place):
    """What the grid sends where nothing was typed."""
    return {"rows": "[]"}


def people(country):
    """Somebody of each agency; nobody; and somebody of another agency by way of one's own."""
    found = [
        Place(
            *(code, {"agency": code, "person": country.ids[code, "person"]}, code),
            changes=code != CLOSED,  # nobody is invited to an agency that is closed
        )
        for code in FULL
    ]
    through = {"agency": OWN, "person": country.ids[OTHER, "person"]}
    none = {"agency": OWN, "person": MISSING}
    return [*found, Place("a stranger by way of SMS", through, there=False),
            Place("none", none, there=False)]  # fmt: skip


def administrators(country):
    """A second administrator of each agency, whom her colleague and the national ones may stop."""
    found = [
        Place(code, {"agency": code, "person": country.ids[code, "admin"]}, code) for code in FULL
    ]
    return [*found, Place("none", {"agency": OWN, "person": MISSING}, there=False)]


def reviewed(country):
    """A review of each agency: also of one that is closed."""
    return [replace(place, changes=place.there) for place in offices(country)]


def a_review(country, place):
    pk = country.ids.get((place.agency, "person"), MISSING)
    return {"signed": "on", "person": [pk], f"keep_{pk}": ["clerk"]}


def offices(country):
    found = [Place(code, {"agency": code}, code, changes=code != CLOSED) for code in FULL]
    return [*found, Place("none", {"agency": "none"}, there=False)]


def lists(country):
    """A list, plainly and with the wishes of somebody who guesses."""
    other = country.ids[OTHER, "DRAFT"]
    guesses = ("", f"?agency={OTHER}", f"?agency={OTHER}&agency_id={other}&page=2",
               f"?ids={other}&order_by=agency__names&format=csv", "?q=ZQ")  # fmt: skip
    return [Place(query or "plain", query=query) for query in guesses]


# What is released, and what is not: a release that waits, one under embargo, one that was withdrawn.

NAMES = {"WPF-1": True, "WPF-2": False, "BCR-1": False, "SLP-1": False, "NONE-1": False}
GONE = "SLP-1"  # it was out and is withdrawn, which its own address says
DATASETS = {"WPF": True, "BCR": False, "SLP": False, "NONE": False}
INDICATORS = {"G1": True, "G10": True, "G99": False}
COUNTED = {"G1": True, "G10": False, "G99": False}  # of which there are numbers
SETS = {"sdg": True, "gcm-voluntary": True, "none": False}
ROWS = {"work_permits": True, "returns": True, "none": False}
MATRIX_FILES = {"csv": True, "xlsx": True, "exe": False}
CATALOGUES = {"ttl": True, "jsonld": True, "rdf": False}
LISTS = {"regions": True, "residences": True, "nothing": False}
INSTRUMENTS = {"SMS-WPF": True, "NO": False}
TABLES = {"T14": True, "T08": False, "T07": False, "NONE": False}


def named(argument, names, **more):
    return lambda country: [
        Place(name, {argument: name, **more}, there=there) for name, there in names.items()
    ]


def of_releases(**more):
    """The addresses of releases themselves: that of one that is withdrawn says so."""

    def places(country):
        return [
            replace(place, lacks=410 if place.name == GONE else 404)
            for place in named("release", NAMES, **more)(country)
        ]

    return places


def drawings(country):
    arguments = {"kind": next(iter(KINDS)), "width": "large", "theme": "light"}
    cited = [
        replace(place, arguments=arguments, query=f"?dataset=WPF&release={place.name}")
        for place in of_releases()(country)
    ]
    return [Place("newest", arguments), *cited]


def feeds(country):
    """The feed of everything, and of each dataset: one that was withdrawn tells why."""
    told = {**DATASETS, "SLP": True}
    found = (Place(name, query=f"?dataset={name}", there=there) for name, there in told.items())
    return [Place("all"), *found]


def comparisons(country):
    """Two releases side by side: as it comes, and with each release named."""
    named_ones = (
        replace(place, arguments={}, query=f"?second={place.name}")
        for place in of_releases()(country)
    )
    return [Place("newest"), *named_ones]


def provenances(country):
    """Where a figure of each release comes from: whoever has signed in may ask, of what is out."""
    return [
        replace(place, arguments={}, query=f"?release={place.name}")
        for place in of_releases()(country)
    ]


def drawings_of_the_builder(country):
    return [
        replace(place, arguments={"width": "large", "theme": "light"})
        for place in drawings(country)
    ]


def releases(country):
    found = [Place(state, {"pk": pk}) for state, pk in country.releases.items()]
    return [*found, Place("none", {"pk": MISSING}, there=False)]


def disclosed(country):
    """Builds in which nothing waits for a signature."""
    return [replace(place, changes=False) for place in releases(country)]


def release_verbs(country):
    waits, out, lacks = country.releases["built"], country.releases["out"], MISSING
    return [
        Place("release", {"pk": waits, "verb": "release"}),
        Place("withdraw", {"pk": out, "verb": "withdraw"}),
        Place("no verb", {"pk": out, "verb": "explode"}, there=False),
        Place("none", {"pk": lacks, "verb": "release"}, there=False),
    ]


def a_release(country, place):
    from reports.models import Release

    waiting = Release.objects.filter(pk=place.arguments["pk"]).first()
    missing = waiting.missing_text if waiting else ""
    return {"reason": "Wrong.", "note": "More months.", "missing_acknowledged": missing}


def a_signature(country, place):
    return {"reason": "Known."}


def builds(country):
    return [Place("SLP", {"dataset": "SLP"}), Place("none", {"dataset": "NONE"}, changes=False)]


def _guest(country, place):
    return {"name": "New", "email": "new@x.example", "language": "en", "roles": ["agency_admin"]}


def renamed(country):
    """Each agency, and one that is none: of whoever may change agencies."""
    found = [Place(code, {"agency": code}) for code in FULL]
    return [*found, Place("none", {"agency": "none"}, there=False)]


def a_name(country, place):
    return {"kind": "RENAME", "en": "Another name", "confirm": "1"}


def proposed(country):
    return [Place("none", {"change": MISSING}, there=False)]


def many_guests(country, place):
    """A list that was looked at: its digest says so."""
    row = Row(1, "new@x.example", language="en", roles=(Role.AGENCY_ADMIN,), foreign=True)
    form = {"people": row.email, "language": "en", "roles": ["agency_admin"]}
    return {**form, "foreign": "on", "seen": digest_of([row])}


def searched(country):
    """Those that one sees, where one agency is all that one sees; those of each agency, which others do not have."""
    return [
        Place("one's own", changes=False),
        *(
            Place(code, agency=code, form={"of": f"{code}/SMS-WPF"}, stranger=404, changes=False)
            for code in FULL
        ),
    ]


def of_a_search(country, place):
    return {"is": "sex:F", "form": "csv"}


def offers_to_nobody(country):
    """Invitations to an address that none of those who ask has."""
    return [replace(place, agency=None, there=False) for place in OFFER(country)]


def _agency(country, place):
    return {"code": "NEW", "en": "New", "ru": "", "tk": ""}


PROGRAM = {"program": True, "get": ANYBODY}

ROUTES = {
    # Health, language, one's own account
    "healthz": public(),
    "set_language": public(
        get=ANYBODY,
        post=ANYBODY,
        statuses=frozenset({302}),
        posts=lambda country, place: {"language": "ru"},
    ),
    "account_login": public(post=ANYBODY, statuses=frozenset({200, 302})),
    "account_logout": public(post=ANYBODY, statuses=frozenset({200, 302})),
    "account_inactive": public(),
    "account_reset_password": public(post=ANYBODY, statuses=frozenset({200, 302})),
    "account_reset_password_done": public(),
    "account_reset_password_from_key": public(
        lambda country: [Place("", {"uidb36": "1", "key": "no-key"}, changes=False)], post=ANYBODY
    ),
    "account_reset_password_from_key_done": public(),
    "account_change_password": account(),
    "account_reauthenticate": account(statuses=frozenset({200, 302})),
    "mfa_index": account(post=None),
    "mfa_authenticate": public(post=ANYBODY, statuses=frozenset({302})),
    "mfa_reauthenticate": account(statuses=frozenset({200, 302})),
    "mfa_activate_totp": account(statuses=frozenset({200, 302})),
    "mfa_deactivate_totp": account(statuses=frozenset({200, 302, 404})),
    "mfa_view_recovery_codes": account(post=None, statuses=frozenset({200, 302, 404})),
    "mfa_generate_recovery_codes": account(statuses=frozenset({200, 302, 404})),
    "mfa_download_recovery_codes": account(statuses=frozenset({200, 302, 404})),
    # People and agencies
    "agencies:people": page(places=lists, get=P.MANAGE_PEOPLE),
    "agencies:invite": of(offices, see=P.MANAGE_PEOPLE, get=ANYBODY, post=ANYBODY, posts=_guest),
    "agencies:person": of(
        people,
        see=P.MANAGE_PEOPLE,
        get=ANYBODY,
        post=ANYBODY,
        posts=lambda country, place: {"roles": ["agency_admin"]},
    ),
    "agencies:invite_many": of(
        offices, see=P.MANAGE_PEOPLE, get=ANYBODY, post=ANYBODY, posts=many_guests
    ),
    "agencies:deactivate": of(administrators, see=P.MANAGE_PEOPLE, get=ANYBODY, post=ANYBODY),
    "agencies:review": of(reviewed, see=P.MANAGE_PEOPLE, get=ANYBODY, post=ANYBODY, posts=a_review),
    "agencies:invitations": page(),
    "agencies:answer": page(places=offers_to_nobody, get=None, post=ANYBODY),
    "agencies:change": of(
        OFFER,
        see=P.MANAGE_PEOPLE,
        get=None,
        post=ANYBODY,
        posts=lambda country, place: {"verb": "again"},
    ),
    "agencies:invitation": public(
        lambda country: [Place("", {"secret": "no-secret"}, there=False)], post=ANYBODY
    ),
    "agencies:agency": page(
        places=renamed, get=P.MANAGE_AGENCIES, post=P.MANAGE_AGENCIES, posts=a_name
    ),
    "agencies:decide_change": page(places=proposed, get=None, post=P.MANAGE_AGENCIES),
    "agencies:tokens": page(
        get=P.SEE_TOKENS, post=P.ENTER, places=new_tokens, posts=lambda country, place: A_TOKEN
    ),
    "agencies:token_revoke": of(TOKEN, see=P.SEE_TOKENS, get=None, post=ANYBODY),
    # Delivering by program
    "intake:schema": public(program=True),
    "intake:uploads": by_token(GET=Verb.READ, POST=Verb.SEND),
    "intake:files": by_token(GET=Verb.SEND),
    "intake:file": by_token(parts, GET=Verb.SEND, PATCH=Verb.SEND, DELETE=Verb.SEND),
    "intake:upload": by_token(UPLOAD, GET=Verb.READ),
    "intake:answers": by_token(ASKED_UPLOAD, POST=Verb.ANSWER),
    "intake:next_sheet": by_token(without_change(UPLOAD), POST=Verb.SEND),
    "intake:words": by_token(ASKED_UPLOAD, GET=Verb.READ, POST=Verb.ANSWER),
    "intake:known_numbers": by_token(UPLOAD, GET=Verb.READ, POST=Verb.CORRECT),
    "intake:held": by_token(UPLOAD, GET=Verb.READ, POST=Verb.CORRECT),
    "intake:differences": by_token(ASKED_UPLOAD, GET=Verb.READ),
    "intake:submissions": by_token(GET=Verb.READ),
    "intake:submit": by_token(SUBMISSION, POST=Verb.SUBMIT),
    "intake:nowhere": by_token(
        lambda country: [Place("none", {"address": "nothing/"}, there=False)],
        **dict.fromkeys(("GET", "POST", "PATCH", "DELETE")),
    ),
    "agencies:log": page(get=P.SEE_LOG),
    "agencies:log_since": page(get=P.SEE_LOG),
    "agencies:log_file": page(get=P.SEE_LOG),
    "agencies:agency_list": page(get=P.MANAGE_AGENCIES, post=P.MANAGE_AGENCIES, posts=_agency),
    # Collection and review
    "records:home": page(places=lists, statuses=frozenset({200, 302})),
    "records:calendar": page(get=P.SEE_SUBMISSIONS),
    "records:calendar_renew": page(get=None, post=P.SEE_SUBMISSIONS),
    "records:calendar_file": public(
        lambda country: [Place("forged", {"token": "1.1:forged"}, there=False)]
    ),
    "records:due_dates": page(places=rules_of_dates, get=P.SEE_SUBMISSIONS, post=P.ACCEPT),
    "records:due_date": of(periods, see=P.SEE_SUBMISSIONS, post=P.ACCEPT, posts=a_later_date),
    "records:holidays": page(get=P.ACCEPT, post=P.ACCEPT, posts=a_holiday),
    "records:holidays_csv": page(get=P.ACCEPT),
    "records:holidays_import": page(
        places=lambda country: [Place("", changes=False)],
        get=P.ACCEPT,
        post=P.ACCEPT,
        posts=holidays_in_a_file,
    ),
    "records:punctuality": page(places=lists, get=P.SEE_SUBMISSIONS),
    "records:inbox": page(
        get=P.SEE_SUBMISSIONS,
        post=P.SEE_SUBMISSIONS,
        posts=lambda country, place: {"letters": "WEEKLY"},
    ),
    "records:unsubscribe": public(
        lambda country: [Place("forged", {"token": "1:forged"}, there=False)], post=ANYBODY
    ),
    "records:instruments": public(),
    "records:instrument": public(named("instrument_code", INSTRUMENTS)),
    "records:terms": page(
        places=named("instrument_code", INSTRUMENTS), get=P.ACCEPT, post=P.ACCEPT, posts=terms_said
    ),
    "records:template": public(named("instrument_code", INSTRUMENTS)),
    "records:template_workbook": public(named("instrument_code", INSTRUMENTS)),
    "records:rule": public(
        lambda country: [
            Place("a rule", {"instrument_code": "SMS-WPF", "rule": "valid_to.before_from"}),
            Place("none", {"instrument_code": "SMS-WPF", "rule": "none"}, there=False),
        ]
    ),
    "records:codebook": public(named("instrument_code", INSTRUMENTS)),
    "records:submissions": page(places=lists, get=P.SEE_SUBMISSIONS),
    "records:sign_many": page(places=many("SUBMITTED"), get=P.SIGN, post=P.SIGN),
    "records:accept_many": page(places=many("SIGNED"), get=P.ACCEPT, post=P.ACCEPT),
    "records:begin": of(periods, see=P.ENTER, get=None, post=P.ENTER),
    "records:submission": of(SUBMISSION, see=P.SEE_SUBMISSIONS),
    "records:advance": of(
        steps, see=P.SEE_SUBMISSIONS, get=None, post=P.ENTER, posts=said_at_a_step
    ),
    "records:by_sex": of(SUBMISSION, see=P.SEE_SUBMISSIONS),
    "records:threads": of(SUBMISSION, see=P.SEE_SUBMISSIONS, post=ANYBODY, posts=a_text),
    "records:thread_answer": of(
        THREAD, see=P.SEE_SUBMISSIONS, get=None, post=ANYBODY, posts=a_text
    ),
    "records:thread_resolve": of(THREAD, see=P.SEE_SUBMISSIONS, get=None, post=ANYBODY),
    "records:answer_warning": of(
        without_warnings, see=P.SEE_SUBMISSIONS, get=None, post=P.SEE_RECORDS, posts=a_text
    ),
    "records:search": page(
        places=searched, get=P.SEE_RECORDS, post=P.SEE_RECORDS, posts=of_a_search
    ),
    "records:take": page(
        places=searched,
        get=None,
        post=P.SEE_RECORDS,
        posts=of_a_search,
        statuses=frozenset({200, 302}),
    ),
    "records:exports": page(get=P.SEE_RECORDS),
    "records:export_file": page(
        places=lambda country: [Place("none", {"export": MISSING}, there=False)]
    ),
    "records:submission_history": of(SUBMISSION, see=P.SEE_SUBMISSIONS),
    "records:record_history": of(RECORD, see=P.SEE_RECORDS),
    "records:duplicates": of(
        without_change(SUBMISSION), see=P.SEE_SUBMISSIONS, get=P.SEE_RECORDS, post=P.ENTER
    ),
    "records:held": of(
        without_change(SUBMISSION),
        see=P.SEE_SUBMISSIONS,
        get=P.SEE_RECORDS,
        post=P.ENTER,
        posts=no_rows,
    ),
    "records:readmit": of(SUBMISSION, see=P.SEE_SUBMISSIONS, get=None, post=P.ENTER),
    "records:record_new": of(deliveries, see=P.ENTER, post=P.ENTER, posts=a_record),
    "records:draft": of(deliveries, see=P.ENTER, get=None, post=P.ENTER, posts=a_record),
    "records:draft_discard": of(deliveries, see=P.ENTER, get=None, post=P.ENTER),
    "records:entry_rules": page(places=lists, get=P.DECLARE_NUMBERING),
    "records:entry_rule": of(
        deliveries, see=P.DECLARE_NUMBERING, post=P.DECLARE_NUMBERING, posts=ways_of_typing
    ),
    "records:proposals": page(places=proposed_words, get=P.SEE_SUBMISSIONS, post=P.ENTER),
    "records:proposal_answer": of(
        PROPOSAL,
        see=P.SEE_SUBMISSIONS,
        get=None,
        post=P.ACCEPT,
        posts=lambda country, place: {"answer": "KAZ"},
    ),
    "records:second_entries": of(SUBMISSION, see=P.SEE_SUBMISSIONS, get=P.ENTER),
    "records:second_entry": of(
        RECORD,
        see=P.SEE_RECORDS,
        get=P.ENTER,
        post=P.ENTER,
        posts=lambda country, place: {"sex": "M", "right-sex": "first"},
    ),
    "records:record": of(RECORD, see=P.SEE_RECORDS, post=P.ENTER, posts=a_record),
    "records:record_check": of(
        without_change(RECORD), see=P.SEE_RECORDS, get=None, post=P.ENTER, posts=a_record
    ),
    "records:record_delete": of(RECORD, see=P.SEE_RECORDS, get=None, post=P.ENTER),
    "records:held_row": of(HELD, see=P.SEE_RECORDS, post=P.ENTER, posts=a_correction),
    "records:held_check": of(
        without_change(HELD), see=P.SEE_RECORDS, get=None, post=P.ENTER, posts=a_correction
    ),
    "records:held_discard": of(HELD, see=P.SEE_RECORDS, get=None, post=P.ENTER),
    "records:code_lists": public(),
    "records:code_list": public(named("name", LISTS)),
    "records:code_list_csv": public(named("name", LISTS)),
    "records:code_list_sdmx": public(named("name", LISTS)),
    "records:code_list_history": page(places=code_lists_kept, get=P.ACCEPT),
    "records:code_new": page(places=code_lists_kept, get=P.ACCEPT, post=P.ACCEPT, posts=a_code),
    "records:code": page(places=codes_kept, get=P.ACCEPT, post=P.ACCEPT, posts=a_code),
    "records:code_list_import": page(
        places=lambda country: [replace(p, changes=False) for p in code_lists_kept(country)],
        get=P.ACCEPT,
        post=P.ACCEPT,
        posts=a_code_list,
    ),
    "records:words": page(
        places=words_of_agencies,
        get=P.SEE_SUBMISSIONS,
        post=P.ACCEPT,
    ),
    "records:word_withdraw": of(WORD, see=P.SEE_SUBMISSIONS, get=None, post=P.ENTER),
    "records:own_lists": page(get=P.SEE_RECORDS),
    "records:own_list_new": page(get=P.ENTER, post=P.ENTER, posts=a_list_of_codes),
    "records:own_list": of(OWN_LIST, see=P.SEE_RECORDS),
    "records:own_list_withdraw": of(OWN_LIST, see=P.SEE_RECORDS, get=None, post=P.ENTER),
    "records:layouts": page(get=P.SEE_RECORDS),
    "records:layout_forget": of(LAYOUT, see=P.SEE_RECORDS, get=None, post=P.ENTER),
    "records:site": page(get=P.ACCEPT, post=P.ACCEPT, posts=a_home_country),
    "records:practice": page(get=P.SEE_SUBMISSIONS),
    "records:practise": page(places=colleagues, get=None, post=P.SEE_SUBMISSIONS),
    "records:practice_leave": page(places=unchanged, get=None, post=P.SEE_SUBMISSIONS),
    "records:practice_reset": page(places=unchanged, get=None, post=P.SEE_SUBMISSIONS),
    "records:practice_file": page(places=files_to_try, get=P.SEE_SUBMISSIONS),
    "records:numbering": page(places=numberings, get=P.DECLARE_NUMBERING, post=P.DECLARE_NUMBERING),
    "records:uploads": page(places=lists, get=P.SEE_RECORDS),
    "records:upload_new": page(places=deliveries_of_files, get=P.ENTER, post=P.ENTER, posts=a_file),
    "records:upload": of(ASKED_UPLOAD, see=P.SEE_RECORDS),
    "records:upload_progress": of(UPLOAD, see=P.SEE_RECORDS),
    "records:upload_answer": of(
        ASKED_UPLOAD,
        see=P.SEE_RECORDS,
        get=None,
        post=P.ENTER,
        posts=lambda country, place: {"day_first": "true"},
    ),
    "records:upload_next_sheet": of(
        without_change(UPLOAD), see=P.SEE_RECORDS, get=None, post=P.ENTER
    ),
    "records:give_up": of(begun, see=P.ENTER, get=None, post=P.ENTER),
    "records:upload_undo": of(REFUSED_UPLOAD, see=P.SEE_RECORDS, get=None, post=P.ENTER),
    "records:upload_undo_preview": of(REFUSED_UPLOAD, see=P.SEE_RECORDS, get=P.ENTER),
    "records:upload_differences": of(
        things("upload_id", "again"),
        see=P.SEE_RECORDS,
        post=P.ENTER,
        posts=lambda country, place: {"again": "new", "again_seen": "a" * 32},
    ),
    "records:upload_held": of(
        without_change(UPLOAD), see=P.SEE_RECORDS, post=P.ENTER, posts=no_rows
    ),
    "records:known_numbers": of(without_change(UPLOAD), see=P.SEE_RECORDS, post=P.ENTER),
    "records:upload_workbook": of(UPLOAD, see=P.SEE_RECORDS, get=P.ENTER),
    "records:upload_values": of(
        without_change(UPLOAD), see=P.SEE_RECORDS, get=P.ENTER, post=P.ENTER
    ),
    # What readers must not know of releases
    "reports:disclosure": page(get=P.TABULATE),
    "reports:disclosure_of": page(
        places=disclosed, get=P.TABULATE, post=P.TABULATE, posts=a_signature
    ),
    "reports:impact": of(to_be_accepted, see=P.SEE_SUBMISSIONS, get=P.TABULATE, post=P.TABULATE),
    "reports:design": page(
        places=named("dataset", {"SLP": True, "NONE": False}), get=P.TABULATE, post=P.TABULATE
    ),
    # The desk of releases
    "reports:releases": page(get=P.PUBLISH),
    "reports:build": page(places=builds, get=None, post=P.PUBLISH),
    "reports:release": page(places=releases, get=P.PUBLISH),
    "reports:release_history": page(places=releases, get=P.PUBLISH),
    "reports:release_verb": page(places=release_verbs, get=None, post=P.PUBLISH, posts=a_release),
    "reports:subscriptions": page(post=ANYBODY, posts=lambda country, place: {"dataset": "WPF"}),
    "reports:unsubscribe": public(
        lambda country: [Place("forged", {"token": "1.WPF:forged"}, there=False)], post=ANYBODY
    ),
    "reports:provenance": page(places=provenances),
    # Released figures
    "reports:dashboard": public(),
    "reports:detail": public(),
    "reports:chart": public(drawings),
    "reports:chart_png": public(drawings),
    "reports:builder": public(),
    "reports:built_file": public(named("suffix", {"csv": True, "exe": False})),
    "reports:built_metadata": public(),
    "reports:built_chart": public(drawings_of_the_builder),
    "reports:tables": public(),
    "reports:table": public(named("code", TABLES)),
    "reports:table_file": public(named("code", TABLES, suffix="csv")),
    "reports:table_metadata": public(named("code", TABLES)),
    "reports:data_file": public(named("dataset", DATASETS, suffix="csv")),
    "reports:data_metadata": public(named("dataset", DATASETS)),
    "reports:indicators": public(),
    "reports:indicator": public(named("indicator", INDICATORS)),
    "reports:indicator_file": public(named("indicator", COUNTED)),
    "reports:indicator_set": public(named("indicator_set", SETS)),
    "reports:matrix": public(),
    "reports:matrix_row": public(named("row", ROWS)),
    "reports:matrix_file": public(named("suffix", MATRIX_FILES)),
    "reports:coverage": public(),
    "reports:quality": public(),
    "reports:published_releases": public(),
    "reports:published_release": public(of_releases()),
    "reports:cite": public(of_releases(form="bib")),
    "reports:bulletin": public(of_releases(language="tk")),
    "reports:dataset_jsonld": public(of_releases()),
    "reports:croissant": public(of_releases()),
    "reports:catalogue": public(named("syntax", CATALOGUES)),
    "reports:sitemap": public(),
    "reports:robots": public(),
    "reports:feed": public(feeds),
    "reports:compare": public(comparisons),
    "reports:revisions": public(named("dataset", DATASETS)),
    "reports:method": public(),
    "reports:glossary": public(),
    "reports:api_guide": public(),
    "reports:api_datasets": public(program=True),
    "reports:api_data": public(named("dataset", DATASETS), program=True),
    "reports:api_dataset": public(named("dataset", DATASETS), program=True),
    "reports:api_releases": public(named("dataset", DATASETS), program=True),
    "reports:api_release": public(of_releases(), program=True),
    "reports:api_table_file": public(of_releases(name="core"), program=True),
    "reports:api_tables": public(program=True),
    "reports:api_table": public(named("code", TABLES), program=True),
    "reports:api_indicators": public(program=True),
    "reports:api_indicator": public(named("indicator", COUNTED), program=True),
    "reports:api_nowhere": public(named("address", {"no such address": False}), program=True),
    "reports:api_schema": public(program=True),
}
