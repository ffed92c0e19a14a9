"""What attackers try at the door: guessed ids, fields nobody offered, other methods, hostile texts."""

import ast
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.test import override_settings

from agencies.models import Person
from agencies.roles import Role
from records.models import Record, Submission
from records.pages import home
from records.search.hidden import hide
from tests.matrix import asking
from tests.matrix.country import CLOSED, MISSING, NUMBERS, OTHER, OWN
from tests.matrix.rules import ANYBODY, ROUTES, Place

pytestmark = pytest.mark.django_db
CLERK, VISITOR = f"clerk of {OWN}", "a visitor"
DESCRIPTIONS = ("reports:api_schema", "intake:schema")
OF_AGENCIES = [name for name, rule in ROUTES.items() if rule.see is not None]
LISTS = [
    *("records:home", "records:submissions", "records:uploads", "records:upload_new"),
    *("agencies:people", "reports:dashboard", "reports:tables", "reports:api_datasets"),
    *("reports:api_data", "reports:table", "reports:data_file", "reports:chart"),
    *("records:search", "records:held", "records:instrument", "reports:releases"),
]


def first(matrix, name, **changed):
    return replace(ROUTES[name].places(matrix.country)[0], **changed)


def get(matrix, name, who, query="", **how):
    place = first(matrix, name, query=query)
    return asking.ask(matrix.country, name, ROUTES[name], place, matrix.people[who], "GET", **how)


def of_one_agency_each(matrix):
    """Return everybody but those who are what somebody else is here, in another agency."""
    return [who for who in matrix.people.values() if who.agency not in (OTHER, CLOSED)]


@pytest.mark.parametrize("name", OF_AGENCIES)
def test_nobody_can_tell_what_is_foreign_from_what_is_missing(matrix, name):
    """A1: the same status, the same headers and the same page, but for the address itself."""
    rule = ROUTES[name]
    method = "GET" if rule.get is not None else "POST"
    for who in of_one_agency_each(matrix):
        answers = {}
        for place in rule.places(matrix.country):
            if asking.expected(rule, place, who, method).statuses == {404}:
                answer = asking.ask(matrix.country, name, rule, place, who, method)
                headers = {k: v for k, v in answer.headers.items() if k != "Content-Length"}
                body = asking.without_trace(answer.body, place, name)
                answers.setdefault((body, str(headers)), []).append(place.name)
        assert len(answers) <= 1, (who.name, list(answers.values()))


UNOFFERED = {
    "agency": OTHER,
    "agency_id": MISSING,
    "agency_code": OTHER,
    "state": "ACCEPTED",
    "submitted_by": "1",
    "signed_by_id": "1",
    "accepted_by": "1",
    "version": "9",
    "is_superuser": "1",
    "is_staff": "1",
    "id": MISSING,
    "pk": MISSING,
    "period": "2025-01",
    "submission": MISSING,
    "submission_id": MISSING,
    "status": "RELEASED",
    "sex_basis_id": "1",
    "permissions": "1",
    "user_permissions": "1",
    "password": "x",
    "email": "x@x.example",
}


def test_fields_that_nobody_offered_are_ignored(matrix):
    """A3: the owner, the state and who did it come from the address and the person, never from a form."""
    who, country = matrix.people[CLERK], matrix.country
    draft, record = country.ids[OWN, "DRAFT"], country.ids[OWN, "record"]

    def look():
        rows = Record.objects.filter(pk=record).values("agency__code", "submission__agency__code")
        step = Submission.objects.filter(pk=draft).values("agency__code", "state", "version")
        return [*rows, *step]

    def asked(name, place=None):
        place = place or first(matrix, name)
        rule = ROUTES[name]
        return asking.ask(country, name, rule, place, who, "POST", form=UNOFFERED, look=look)

    edited = asked("records:record")
    assert (edited.status, bool(edited.changed)) == (302, True)
    row, submission = edited.seen
    assert row == {"agency__code": OWN, "submission__agency__code": OWN}
    assert submission == {"agency__code": OWN, "state": "DRAFT", "version": 1}
    submitted = asked("records:advance")
    assert submitted.status == 302
    assert submitted.seen[-1] == {"agency__code": OWN, "state": "SUBMITTED", "version": 1}
    typed = asked("records:record_new")
    assert typed.status == 302 and typed.changed


def test_an_administrator_makes_nobody_more_than_her_role_gives(matrix):
    """A3: an account is changed by its roles only."""
    person = matrix.country.ids[OWN, "person"]
    fields = ("is_superuser", "is_active", "email", "name")
    before = Person.objects.values(*fields).get(pk=person)
    answer = asking.ask(
        *(matrix.country, "agencies:person", ROUTES["agencies:person"]),
        *(first(matrix, "agencies:person"), matrix.people[f"agency_admin of {OWN}"], "POST"),
        form=UNOFFERED,
        look=lambda: Person.objects.values(*fields).get(pk=person),
    )
    assert answer.status == 302 and answer.changed
    assert answer.seen == before


def test_searches_filters_and_counts_know_only_what_the_person_sees(matrix):
    """A17: a foreign number that is searched for is not found, and no filter names another agency."""
    place = f"{OWN}/SMS-WPF"
    found, own = (
        get(matrix, "records:search", CLERK, f"?of={place}&number={hide(f'ZQ{code}-REF', place)}")
        for code in (OTHER, OWN)
    )
    foreign = get(matrix, "records:search", CLERK, f"?of={OTHER}/SMS-WPF")
    assert (found.status, own.status, foreign.status) == (200, 200, 404)
    assert f"ZQ{OWN}-REF</".encode() in own.body and f"ZQ{OWN}-REF</".encode() not in found.body
    page = get(matrix, "records:submissions", CLERK).body.decode()
    assert f'value="{OWN}"' in page and f'value="{OTHER}"' not in page
    everything = get(matrix, "records:submissions", "statistician of SCS").body.decode()
    assert f'value="{OTHER}"' in everything
    assert f"{NUMBERS[OWN]:,}" in page and f"{NUMBERS[OTHER]:,}" in everything
    for number in (NUMBERS[OTHER], f"{NUMBERS[OTHER]:,}"):
        assert str(number) not in page and str(number) not in found.body.decode()


NOT_SERVED = [
    *("admin/", "admin/login/", "metrics", "silk/", "__debug__/", "debug/", "server-status"),
    *(".git/config", ".git/HEAD", ".env", "manage.py", "pyproject.toml", "backup.sql", "dump.sql"),
    *("media/", "private/", "uploads/../manage.py", "static/../manage.py", "phpinfo.php"),
    *("static/%2e%2e/manage.py", "static/..%2fmanage.py", "api/", "graphql", "console", "shell/"),
    *(".local/private/", "slices/", "rest/", "swagger.json", "wp-admin/", "actuator/env"),
]


@pytest.mark.parametrize("who", [VISITOR, CLERK, "national_admin of NAT"])
def test_nothing_of_the_house_is_served(matrix, client, who):
    """A16, A18: no admin site, no figures of the process, no repository, no backup, no stored file."""
    for name, value in matrix.people[who].cookies.items():
        client.cookies[name] = value
    for address in NOT_SERVED:
        assert client.get(f"/{address}").status_code == 404, address
    assert not {"django.contrib.admin", "debug_toolbar", "silk"} & set(settings.INSTALLED_APPS)
    assert not settings.DEBUG and not settings.MEDIA_URL.strip("/")


TEXTS = [
    *(
        "'",
        "' OR 1=1--",
        '"',
        "1;SELECT pg_sleep(9)",
        "%27%20OR%201%3D1",
        "\\",
        "`",
        "){",
        "{{7*7}}",
    ),
    *(
        "1) UNION SELECT email FROM agencies_person--",
        "%25%25",
        "-1",
        "9" * 40,
        "..%2f..",
        "%F0%9F%92%A9",
    ),
]
NAMES = [
    *(
        "page",
        "q",
        "state",
        "agency",
        "instrument",
        "period",
        "rule",
        "release",
        "by",
        "from",
        "to",
    ),
    *("limit", "offset", "lang", "dataset", "order_by", "ordering", "_connector", "_negated"),
    *(
        "agency__code__startswith",
        "pk__in",
        "region__regex",
        "citizenship",
        "time_period",
        "fields",
    ),
]


@pytest.mark.parametrize("name", LISTS)
def test_no_parameter_reaches_sql(matrix, name):
    """W3: names of lookups and hostile values are answered in words or ignored, and show nothing foreign."""
    who = "publisher of SCS" if name == "reports:releases" else CLERK
    who = f"agency_admin of {OWN}" if name == "agencies:people" else who
    shown = asking.foreign_marks(matrix.country, matrix.people[who])
    for k, parameter in enumerate(NAMES, start=LISTS.index(name)):  # another text on each page
        text = TEXTS[k % len(TEXTS)]
        answer = get(matrix, name, who, f"?{parameter}={text}")
        assert answer.status in (200, 302, 400, 404), (parameter, text, answer.status)
        assert not any(mark.encode() in answer.body for mark in shown), (parameter, text)
        if ROUTES[name].program and parameter.strip("_") != parameter:
            assert answer.status == 400, parameter


FETCHING = {"requests", "httpx", "aiohttp", "urllib3", "ftplib", "http", "smtplib", "socket"}
OPENED = []  # addresses that were connected to since somebody looked


def _note(event, arguments):
    if event == "socket.connect":
        OPENED.append(arguments[1])


sys.addaudithook(_note)


def test_the_portal_fetches_nothing(matrix):
    """W4: no page opens a connection but those to its database and its broker, whatever address it is given."""
    outside = "http://169.254.169.254/latest/meta-data"
    fields = ("url", "callback", "webhook", "next", "file", "reason", "structure", "source")
    OPENED.clear()
    for name, rule in ROUTES.items():
        for method in sorted(rule.methods & {"GET", "POST"}):
            for who in (VISITOR, CLERK, "publisher of SCS"):
                place = first(matrix, name, query="?" + "&".join(f"{f}={outside}" for f in fields))
                form = {} if method == "GET" else dict.fromkeys(fields[:-3], outside)
                asking.ask(matrix.country, name, rule, place, matrix.people[who], method, form=form)
    strangers = [
        a for a in OPENED if isinstance(a, tuple) and a[0] not in ("127.0.0.1", "::1", "localhost")
    ]
    assert strangers == []


def test_no_module_of_ours_can_fetch():
    """W4: what could open an address is imported nowhere but by the health page and by letters."""
    root = Path(settings.BASE_DIR)
    found = {}
    for room in ("agencies", "jobs", "records", "reports", "standards"):
        for path in (root / room).rglob("*.py"):
            names = set()
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    names |= {alias.name for alias in node.names}
                if isinstance(node, ast.ImportFrom):
                    names.add(node.module or "")
            if bad := {
                n for n in names if n.partition(".")[0] in FETCHING or n == "urllib.request"
            }:
                found[str(path.relative_to(root))] = bad
    # The broker's own errors and the words of the protocol fetch nothing.
    allowed = {"http", "http.cookies", "smtplib", "socket"}
    assert {path: bad - allowed for path, bad in found.items() if bad - allowed} == {}


def test_no_header_or_field_turns_one_method_into_another(matrix):
    """W5: a GET stays a GET, a POST a POST, and a method that nobody knows is refused."""
    override = {
        "X-HTTP-Method-Override": "POST",
        "X-Method-Override": "POST",
        "X-HTTP-Method": "POST",
    }
    who = matrix.people[CLERK]
    for name, rule in ROUTES.items():
        if rule.post is None or ":" not in name:
            continue
        place = first(matrix, name, query="?_method=POST&method=POST")
        for method in ("GET", "PROPFIND"):
            answer = asking.ask(matrix.country, name, rule, place, who, method, **override)
            assert not answer.changed, (name, method)
            assert answer.status == 405, (name, method, answer.status)


def test_a_parameter_that_is_given_twice_is_refused(matrix):
    """W5: which of two values is meant, nobody knows; so neither is taken."""
    for name, query in {
        "reports:api_data": "?limit=1&limit=2",
        "reports:api_table": "?offset=0&offset=0",
        "reports:api_dataset": "?lang=en&lang=ru",
        "reports:data_file": "?to=2025-11&to=2025-12",
        "reports:table_file": "?from=2025-11&from=2025-12",
    }.items():
        assert get(matrix, name, VISITOR, query).status == 400, name


@pytest.mark.parametrize("who", [VISITOR, CLERK])
def test_every_answer_carries_its_policies(matrix, who):
    """W7: content, framing, sniffing and referrers; transport where it is encrypted."""
    with override_settings(SECURE_HSTS_SECONDS=60), asking.fresh_handler():
        for name, rule in ROUTES.items():
            if name == "healthz":  # JSON for machines, answered before everything else
                continue
            place = first(matrix, name)
            answer = asking.ask(matrix.country, name, rule, place, matrix.people[who], "GET")
            policy = answer.headers["Content-Security-Policy"]
            assert "unsafe" not in policy and "default-src 'none'" in policy, name
            assert "frame-ancestors 'none'" in policy, name
            assert answer.headers["X-Content-Type-Options"] == "nosniff", name
            assert answer.headers["Referrer-Policy"] == "same-origin", name
            assert answer.headers.get("X-Frame-Options", "DENY") == "DENY", name


def test_other_sites_read_public_answers_of_the_api_only(matrix):
    """W8: what is private answers no other origin; what is released answers all, without their cookies."""
    origin = {"Origin": "https://elsewhere.example"}
    for name, rule in ROUTES.items():
        for who in (VISITOR, CLERK):
            answer = get(matrix, name, who, **origin)
            open_to = answer.headers.get("Access-Control-Allow-Origin")
            assert open_to is None or (open_to == "*" and ROUTES[name].is_public), name
            of_figures = rule.program and not rule.is_by_token and name not in DESCRIPTIONS
            assert open_to == "*" or not of_figures, name


def test_an_error_tells_no_detail(matrix, monkeypatch):
    """W12: of a page that breaks the person learns that it broke, in words, and nothing else."""

    def broken(person):
        raise RuntimeError("secret detail of /srv/portal")

    monkeypatch.setattr(home, "_published", broken)
    answer = get(matrix, "records:home", CLERK)
    assert answer.status == 500
    for word in (
        b"secret detail",
        b"Traceback",
        b"RuntimeError",
        b"/srv",
        b"site-packages",
        b"DEBUG",
    ):
        assert word not in answer.body
    for status, name in ((404, "records:submission"), (403, "reports:releases")):
        place = Place("none", {"submission_id": MISSING} if status == 404 else {})
        who = matrix.people[CLERK]
        refused = asking.ask(matrix.country, name, ROUTES[name], place, who, "GET")
        assert refused.status == status
        assert b"urlpatterns" not in refused.body and b"Resolver" not in refused.body


def test_every_form_needs_its_token(matrix):
    """A19: without the token of the form nothing is done, whoever asks."""
    for name, rule in ROUTES.items():
        # Mail programs post to the link of a letter by themselves; its signature is the proof.
        right = 404 if name in ("reports:unsubscribe", "records:unsubscribe") else 403
        if rule.post is None:
            continue
        for who in (CLERK, "publisher of SCS", f"agency_admin of {OWN}", "national_admin of NAT"):
            answer = asking.ask(
                *(matrix.country, name, rule, first(matrix, name), matrix.people[who], "POST"),
                token=False,
            )
            assert answer.status == right, (name, who)
            assert not answer.changed, (name, who)


def test_a_role_of_every_kind_asks_in_the_matrix(matrix):
    """The matrix follows the table of roles: a new role is asked without a change here."""
    held = {name.partition(" of ")[0] for name in matrix.people}
    assert {role.value for role in Role} <= held
    assert ANYBODY not in {p for who in matrix.people.values() for p in who.permissions}
