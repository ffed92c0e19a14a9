"""The portal with one rule less: each place where permission is asked, taken out one at a time.

`mutants()` finds the places in the source (`access.require`, `may`, `visible_to`, `agencies`, the
login of each route, the methods of each view, the middleware), so a new place is a new mutant. A
mutant is put into the running process by giving a function other code.
"""

import ast
import contextlib
import copy
import importlib
import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType

from django.conf import settings
from django.test import override_settings

from agencies import access, scope
from tests.matrix import asking
from tests.matrix.rules import ROUTES

ROOMS = ("agencies", "records", "reports", "migdata")
# Commands ask on a machine that is not open to the web; the demonstration acts for its own people.
ELSEWHERE = ("migrations", "management", "demo", "local")
EVERY = "__import__('agencies.models', fromlist=['Agency']).Agency.objects.all()"
INSTEAD = {
    "access.require": "None",
    "require_delivery": "None",
    "access.may": "True",
    "access.agencies": EVERY,
    "access.agency_ids": f"[a.pk for a in {EVERY}]",
}


@dataclass(frozen=True)
class Mutant:
    """One rule less: its name, the module it stands in, and the way to put it into the process."""

    name: str
    module: str
    applied: Callable[[], AbstractContextManager[None]]


def mutants() -> list[Mutant]:
    """Return every mutant, in the order of the source."""
    return [*_in_source(), *_logins(), *_methods(), *_middleware(), _everybody_reaches_everything()]


def _in_source() -> Iterator[Mutant]:
    root = Path(settings.BASE_DIR)
    for room in ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            local = path.relative_to(root)
            if not set(ELSEWHERE) & set(local.parts):
                yield from _of_file(path, ".".join(local.with_suffix("").parts))


def _of_file(path: Path, module: str) -> Iterator[Mutant]:
    for above, function in _functions(ast.parse(path.read_text())):
        for k, call in enumerate(_rules(function)):
            changed = copy.deepcopy(function)
            _replace(changed, _rules(changed)[k])
            where = ".".join(filter(None, [above, function.name]))
            name = f"{module}.{where} without {ast.unparse(call)}"
            yield Mutant(name, module, _other_code(module, above, changed))


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield "", node
        if isinstance(node, ast.ClassDef):
            yield from ((node.name, f) for f in node.body if isinstance(f, ast.FunctionDef))


def _rules(function: ast.FunctionDef) -> list[ast.Call]:
    """The calls in a function that ask for a permission."""
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    return [call for call in calls if _instead(call) is not None]


def _instead(call: ast.Call) -> ast.expr | None:
    """What stands for the call where nothing is asked; None where it asks for no permission."""
    name = ast.unparse(call.func)
    if name.endswith(".visible_to"):
        assert isinstance(call.func, ast.Attribute)
        return ast.Call(ast.Attribute(call.func.value, "all", ast.Load()), [], [])
    return ast.parse(INSTEAD[name], mode="eval").body if name in INSTEAD else None


def _replace(function: ast.FunctionDef, call: ast.Call) -> None:
    class Swap(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.AST:
            self.generic_visit(node)
            return (_instead(node) or node) if node is call else node

    Swap().visit(function)


def _other_code(
    module: str, above: str, function: ast.FunctionDef
) -> Callable[[], AbstractContextManager[None]]:
    @contextlib.contextmanager
    def applied() -> Iterator[None]:
        owner = importlib.import_module(module)
        found = (
            getattr(owner, above).__dict__[function.name]
            if above
            else owner.__dict__[function.name]
        )
        live = inspect.unwrap(found)
        before, live.__code__ = live.__code__, _compiled(above, function)
        try:
            yield
        finally:
            live.__code__ = before

    return applied


def _compiled(above: str, function: ast.FunctionDef) -> CodeType:
    plain = copy.deepcopy(function)
    plain.decorator_list, plain.returns = [], None
    arguments = plain.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        argument.annotation = None
    for argument in filter(None, (arguments.vararg, arguments.kwarg)):
        argument.annotation = None
    arguments.defaults = [ast.Constant(None) for _default in arguments.defaults]
    arguments.kw_defaults = [default and ast.Constant(None) for default in arguments.kw_defaults]
    body: ast.stmt = plain
    if above:
        body = ast.parse(f"class {above}: pass").body[0]
        body.body = [plain]
    names: dict[str, object] = {}
    exec(compile(ast.fix_missing_locations(ast.Module([body], [])), "<mutant>", "exec"), names)
    made = vars(names[above])[plain.name] if above else names[plain.name]
    assert isinstance(made, FunctionType)
    return made.__code__


def _logins() -> Iterator[Mutant]:
    """Each private route without its login, each public one with one."""
    for name, pattern in asking.routes():
        public = not getattr(pattern.callback, "login_required", True)
        text = f"{name} {'asks for a login' if public else 'without a login'}"
        yield Mutant(text, name, _attribute(pattern.callback, "login_required", public))


def _methods() -> Iterator[Mutant]:
    """Each view of ours that takes every method."""
    for name, pattern in asking.routes():
        view = pattern.callback
        if ":" in name and not ROUTES[name].program:
            inside = view.__wrapped__
            yield Mutant(
                f"{name} takes every method", name, _attribute(pattern, "callback", inside)
            )


def _attribute(
    thing: object, name: str, value: object
) -> Callable[[], AbstractContextManager[None]]:
    @contextlib.contextmanager
    def applied() -> Iterator[None]:
        before = getattr(thing, name, True)
        setattr(thing, name, value)
        try:
            yield
        finally:
            setattr(thing, name, before)

    return applied


RULES_IN_MIDDLEWARE = (
    "agencies.scope.ScopeMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "agencies.middleware.SecondFactorFirst",
)


def _middleware() -> Iterator[Mutant]:
    for middleware in RULES_IN_MIDDLEWARE:
        yield Mutant(f"no {middleware}", middleware, _without(middleware))


def _without(middleware: str) -> Callable[[], AbstractContextManager[None]]:
    @contextlib.contextmanager
    def applied() -> Iterator[None]:
        rest = [name for name in settings.MIDDLEWARE if name != middleware]
        with override_settings(MIDDLEWARE=rest), asking.fresh_handler():
            yield

    return applied


def _everybody_reaches_everything() -> Mutant:
    applied = _attribute(access, "_reach", lambda person, permissions: None)
    return Mutant("agencies.access._reach reaches every agency", "agencies.access", applied)


@contextlib.contextmanager
def second_lock_open() -> Iterator[None]:
    """Row-level security shows the rows of every agency: what is hidden then is hidden by the code."""

    def open_for(person: access.Anyone) -> None:
        every = [agency.pk for agency in access.Agency.objects.all()]
        scope.open_to(records=every, submissions=every)

    with _attribute(scope, "open_for", open_for)():
        yield


# What no single answer shows, because two rules say the same or because it is said by what the answer
# holds; and the test that sees it. `make mutations` runs each of these tests with its rule taken out.
ACCOUNTS = "tests/agencies/test_accounts.py::"
SCOPE = "tests/agencies/test_scope.py::"
TWO = "tests/agencies/test_two_national_administrators.py::"
BY_TEST: dict[str, str] = {
    "agencies.authority.grantable without access.may(by, Permission.MANAGE_AGENCIES)": ACCOUNTS
    + "test_roles_are_given_and_taken_and_logged",
    "agencies.authority.grantable without access.may(by, Permission.MANAGE_PEOPLE, agency)": ACCOUNTS
    + "test_an_agency_admin_reaches_no_other_agency",
    "agencies.accounts.create_agency without access.require(by, Permission.MANAGE_AGENCIES)": ACCOUNTS
    + "test_the_national_administrator_manages_agencies_and_their_administrators_only",
    "agencies.authority.decides_on without access.may(by, Permission.MANAGE_AGENCIES)": ACCOUNTS
    + "test_inviting_somebody_gives_no_power_over_their_account",
    "agencies.accounts.set_active without access.may(by, Permission.MANAGE_AGENCIES)": TWO
    + "test_she_does_not_let_an_old_administrator_in_again_alone",
    "agencies.authority.needs_second without access.may(by, Permission.MANAGE_AGENCIES)": TWO
    + "test_the_administrator_she_invents_waits_for_a_second_who_is_told",
    "agencies.scope.open_for without access.agency_ids(person, Permission.SEE_RECORDS)": SCOPE
    + "test_a_clerk_opens_her_own_agency",
    "agencies.scope.open_for without access.agency_ids(person, Permission.SEE_SUBMISSIONS)": SCOPE
    + "test_a_clerk_opens_her_own_agency",
}
