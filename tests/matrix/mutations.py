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
    "agencies.middleware.SignInFirst",
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


# Rules that no single answer of the matrix shows, because two rules say the same or because it is said by
# what the answer holds; by the test that sees them. `make mutations` runs each test with its rule taken out.
OF_SUBMISSION = "submission.agency, submission.instrument_id)"
SEEN_BY = {
    "tests/agencies/test_changes_of_agencies.py": {
        "test_who_proposes_does_not_approve_and_the_other_gets_a_letter": [
            "agencies.changes.propose without access.require(by, Permission.MANAGE_AGENCIES)",
            "agencies.changes.approve without access.require(by, Permission.MANAGE_AGENCIES)",
            "agencies.changes.withdraw without access.require(by, Permission.MANAGE_AGENCIES)",
        ],
        "test_a_change_is_not_approved_whose_proposer_lost_the_role": [
            "agencies.changes.approve without"
            " access.may(Person.objects.get(pk=change.by_id), Permission.MANAGE_AGENCIES)",
        ],
    },
    "tests/agencies/test_log.py": {
        "test_an_administrator_reads_her_agency_and_nothing_of_another_whatever_she_asks": [
            "agencies.log.Reader.of without access.agencies(person, Permission.SEE_LOG)",
        ],
    },
    "tests/records/test_words.py": {
        "test_the_verbs_refuse_who_may_not_change_words_and_the_home_country": [
            *(
                f"records.codelists.learned.{verb} without"
                " access.require(by, Permission.ACCEPT, word.agency)"
                for verb in ("change", "revoke", "for_everybody")
            ),
            "records.codelists.learned.withdraw without"
            " access.require(by, Permission.ENTER, word.agency, word.instrument_id)",
            "records.codelists.site.set_home_country without access.require(by, Permission.ACCEPT)",
        ],
    },
    "tests/records/test_threads.py": {
        "test_agency_and_statistics_see_the_same_thread_and_another_agency_never": [
            "records.review.threads._require without"
            f" access.require(by, Permission.SEE_SUBMISSIONS, {OF_SUBMISSION}",
        ],
        "test_a_thread_on_a_row_outlives_the_row": [
            "records.review.threads.begin without"
            f" access.require(by, Permission.SEE_RECORDS, {OF_SUBMISSION}",
        ],
        "test_nobody_is_mentioned_who_does_not_see_the_submission": [
            "records.review.threads.may_write without"
            " access.may(person, Permission.SEE_SUBMISSIONS, agency, instrument)",
        ],
        "test_only_the_agency_answers_and_only_warnings_there_are": [
            "records.review.answers.give without"
            " access.require(by, Permission.SEE_RECORDS, agency, instrument)",
        ],
    },
    "tests/reports/test_impact.py": {
        "test_the_cover_says_how_far_the_counting_is_then_the_totals_to_statistics_staff_alone": [
            "reports.pages.cover._impact without"
            " access.may(request.user, Permission.TABULATE, agency, instrument)",
        ],
        "test_the_page_is_for_statistics_staff_and_what_is_asked_is_noted": [
            "reports.exact.impact.request without"
            f" access.require(by, Permission.TABULATE, {OF_SUBMISSION}",
        ],
    },
    "tests/agencies/test_accounts.py": {
        "test_an_agency_admin_reaches_no_other_agency": [
            "agencies.accounts.create_agency without access.require(by, Permission.MANAGE_AGENCIES)",
            "agencies.authority.grantable without access.may(by, Permission.MANAGE_PEOPLE, agency)",
        ],
        "test_roles_are_given_and_taken_and_logged": [
            "agencies.authority.grantable without access.may(by, Permission.MANAGE_AGENCIES)",
        ],
        "test_deactivation_ends_sessions_at_the_next_request": [
            "agencies.accounts.set_active without access.may(by, Permission.MANAGE_AGENCIES)",
            "agencies.authority.decides_on without access.may(by, Permission.MANAGE_AGENCIES)",
        ],
        "test_an_invitation_arrives_is_accepted_sets_a_password_and_signs_in": [
            "agencies.authority.needs_second without access.may(by, Permission.MANAGE_AGENCIES)",
        ],
    },
    "tests/agencies/test_scope.py": {
        "test_a_clerk_opens_her_own_agency": [
            "agencies.scope.open_for without access.agency_ids(person, Permission.SEE_RECORDS)",
            "agencies.scope.open_for without access.agency_ids(person, Permission.SEE_SUBMISSIONS)",
        ],
        "test_a_job_whose_person_or_agency_was_stopped_changes_nothing": [
            "agencies.scope._require_asker without access.may(person, permission, place, instrument)",
        ],
    },
    "tests/agencies/test_what_administrators_are_shown.py": {
        "test_after_a_change_each_administrator_is_back_at_her_own_list": [
            "agencies.invitation_pages.change without"
            " access.may(request.user, Permission.MANAGE_AGENCIES)",
        ],
        "test_a_proposal_is_approved_by_national_administrators_alone": [
            "agencies.invitations.approve without access.require(by, Permission.MANAGE_AGENCIES)",
        ],
        "test_who_manages_two_agencies_chooses_between_them_and_is_offered_no_others": [
            "agencies.people_pages.people_list without access.may(request.user, Permission.MANAGE_AGENCIES)",
        ],
        "test_that_something_waits_for_a_second_is_told_to_national_administrators_alone": [
            "agencies.pages._invited without access.may(by, Permission.MANAGE_AGENCIES)",
            "agencies.people_pages._group without access.may(by, Permission.MANAGE_AGENCIES)",
        ],
    },
    "tests/records/test_calendar.py": {
        "test_what_is_late_elsewhere_is_extended_by_statistics_staff_alone": [
            "records.pages.home._Day._at_agencies without access.may(self.person, Permission.ACCEPT)",
        ],
    },
    "tests/records/test_entry.py": {
        "test_only_who_enters_for_the_agency_types_edits_or_deletes": [
            "records.collection.entry.delete without"
            " access.require(by, Permission.ENTER, record.agency)",
        ],
    },
    "tests/records/test_history.py": {
        "test_a_deleted_record_keeps_its_history_for_those_who_see_records": [
            "records.pages.history.record_history without"
            " access.agencies(request.user, Permission.SEE_RECORDS)",
        ],
        "test_a_submission_shows_its_steps_and_for_those_who_see_records_every_change": [
            "records.pages.history.submission_history without"
            " access.may(request.user, Permission.SEE_RECORDS, submission.agency, submission.instrument_id)",
        ],
    },
    "tests/records/reading/test_mapping_by_people.py": {
        "test_only_who_enters_is_told_what_is_missing_in_an_answer": [
            "records.pages.uploads.answer without"
            " access.require(request.user, Permission.ENTER, upload.agency, upload.instrument_id)",
        ],
    },
    "tests/records/test_own_lists.py": {
        "test_who_enters_nothing_is_not_offered_the_next_version_of_a_list": [
            "records.pages.own_lists._of_edited without"
            " access.require(request.user, Permission.ENTER, edited.agency)",
        ],
    },
    "tests/records/test_numbers.py": {
        "TestNumbering::test_another_agency_has_its_own": [
            "records.collection.numberings.declare without"
            " access.require(by, Permission.DECLARE_NUMBERING, agency)",
        ],
    },
    "tests/records/test_who_may.py": {
        "test_the_room_of_other_agencies_is_no_room": [
            "records.collection.quotas.room_for without access.agencies(person, Permission.ENTER)",
        ],
        "test_nobody_sends_a_file_for_another_agency": [
            "records.collection.uploads.receive without require_delivery(by, agency, instrument)",
        ],
        "test_nobody_begins_a_period_of_another_agency": [
            "records.review.opening.begin without require_delivery(by, agency, instrument)",
        ],
        "test_who_has_nothing_to_do_here_is_led_to_her_own_desk": [
            "records.pages.home.home without access.may(person, Permission.SEE_SUBMISSIONS)",
            "records.pages.home._desk without access.may(person, Permission.MANAGE_AGENCIES)",
            "records.pages.home._desk without access.may(person, Permission.MANAGE_PEOPLE)",
        ],
        "test_a_reviewer_for_whom_nothing_waits_stays": [
            "records.pages.home.home without access.may(person, Permission.PUBLISH)",
        ],
        "test_numbers_in_common_are_told_to_those_who_accept": [
            "records.review.shared_numbers.told_to without"
            " access.may(person, Permission.ACCEPT, submission.agency, submission.instrument_id)",
        ],
        "test_why_somebody_is_barred_is_told_to_those_who_could_do_the_step": [
            "records.review.submissions.bar without"
            " access.may(person, needs, submission.agency, submission.instrument_id)",
        ],
        "test_a_file_is_offered_a_place_only_to_those_who_enter": [
            "migdata.server.admission.allowance without access.require(person(), permission)",
        ],
    },
    "tests/reports/test_conflicts.py": {
        "test_who_publishes_does_not_see_it_and_who_built_does_not_sign_it": [
            "reports.releases.conflicts.sign without access.require(by, Permission.TABULATE)",
        ],
    },
    "tests/reports/test_release.py": {
        "test_only_publishers_build_release_and_withdraw": [
            "reports.releases.verbs.release without access.require(by, Permission.PUBLISH)",
            "reports.releases.verbs.withdraw without access.require(by, Permission.PUBLISH)",
        ],
    },
    "tests/reports/test_public_releases.py": {
        "test_who_may_tabulate_is_led_from_a_figure_to_the_submissions_and_who_signed": [
            "reports.pages.provenance.provenance without access.may(request.user, Permission.TABULATE)",
        ],
    },
    "tests/reports/test_verify.py": {
        "test_only_publishers_verify": [
            "reports.releases.verifying.verify without access.require(by, Permission.PUBLISH)",
        ],
    },
    "tests/test_verbs_on_pages.py": {
        "test_measured_deviations_are_for_those_who_may_tabulate": [
            "reports.pages.releases._page without access.may(request.user, Permission.TABULATE)",
        ],
    },
}
BY_TEST = {
    rule: f"{path}::{test}"
    for path, tests in SEEN_BY.items()
    for test, rules in tests.items()
    for rule in rules
}
