"""Who asks: every role in its agency and in another one, and people who may not ask at all."""

from dataclasses import dataclass, field

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from agencies import tokens
from agencies.models import Agency, Person, Token
from agencies.roles import ROLES, Permission, Role, Scope
from agencies.tokens import Verb
from records.models import Instrument
from tests.cast import make_person, the_person
from tests.matrix.country import CLOSED, NATION, OFFICE, OTHER, OWN, without_roles

WHERE = {Scope.AGENCY: (OWN, OTHER), Scope.STATISTICS_OFFICE: (OFFICE,), Scope.NATIONAL: (NATION,)}


@dataclass
class Identity:
    """Somebody at a browser. `signed_in` is False for visitors and for those who were stopped."""

    name: str
    permissions: frozenset[Permission] = frozenset()
    agency: str | None = None  # None where a role reaches every agency
    signed_in: bool = True
    lacks_factor: bool = False
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""  # of a program, where it works
    shown: str = ""  # one that does not
    verbs: frozenset[str] = frozenset()

    def holds(self, permission, agency=None):
        """Say by the table of roles alone whether the permission is held, for an agency or any."""
        if not self.signed_in or permission not in self.permissions:
            return False
        return agency is None or self.agency in (None, agency)


def everybody():
    """Return all identities with the cookies of their sessions, by name."""
    found = [Identity("a visitor", signed_in=False), _without_roles(), _stopped(), _unproven()]
    for role in ROLES:
        found += [_with_role(role, place) for place in (*WHERE[role.scope], CLOSED)
                  if place != CLOSED or role.scope is Scope.AGENCY]  # fmt: skip
    return {identity.name: identity for identity in found}


def programs():
    """Return programs with tokens of clerks, by name: each verb alone, all of them, of another agency, and ended."""
    found = [_program(OWN, frozenset(Verb), "all"), _program(OTHER, frozenset(Verb), "all")]
    found += [_program(OWN, frozenset({verb}), verb.value) for verb in Verb]
    ended = _program(OWN, frozenset(Verb), "revoked")
    tokens.revoke(Token.objects.get(name="revoked"), by=the_person(Role.CLERK, _place(OWN)))
    nobody = Identity("a revoked token of SMS", signed_in=False, shown=ended.token)
    return {identity.name: identity for identity in [*found, nobody]}


def _program(place, verbs, name):
    person, permits = the_person(Role.CLERK, _place(place)), Instrument.objects.get(code="SMS-WPF")
    _token, text = tokens.make(
        _place(place), name=name, verbs=verbs, instruments=[permits.pk], days=30, by=person
    )
    permissions = tokens.SEEING | {Permission.ENTER}
    return Identity(f"{name} of {place}", permissions, place, token=text, verbs=verbs)


def _place(code):
    return Agency.objects.get(code=code)


def _with_role(role, place):
    person = the_person(role, Agency.objects.get(code=place))
    agency = None if role.reaches_every_agency else place
    name = f"{role.value} of {place}"
    return Identity(name, role.permissions, agency, cookies=_session(person))


def _without_roles():
    return Identity("somebody without roles", cookies=_session(without_roles()))


def _stopped():
    """A clerk who was deactivated while she was signed in."""
    person = make_person("stopped@sms.example", Role.CLERK, Agency.objects.get(code=OWN))
    cookies = _session(person)
    Person.objects.filter(pk=person.pk).update(is_active=False)
    return Identity("a stopped clerk of SMS", signed_in=False, cookies=cookies)


def _unproven():
    """A publisher who has not set up the second factor that her role needs."""
    person = make_person("no.factor@scs.example", Role.PUBLISHER, Agency.objects.get(code=OFFICE))
    return Identity(
        "a publisher without a second factor",
        Role.PUBLISHER.permissions,
        lacks_factor=True,
        cookies=_session(person),
    )


def _session(person):
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.save()
    return {settings.SESSION_COOKIE_NAME: session.session_key}
