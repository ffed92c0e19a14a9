"""What a token permits: nothing that its view does not name, and an answer for whoever has to wait."""

from types import SimpleNamespace

import pytest
from django.db import OperationalError
from rest_framework.exceptions import PermissionDenied
from rest_framework.views import APIView

from agencies.programs import HasVerb
from agencies.tokens import Verb
from migdata import unavailable


class Careless(APIView):
    """A view that forgot to say what its DELETE needs."""

    verbs = {"GET": None, "POST": Verb.SEND}

    def get(self, request): ...

    post = delete = get


def test_a_method_for_which_a_view_names_no_verb_is_refused():
    """PUT the view does not have: it is answered 405."""

    def may(method):
        asked = SimpleNamespace(method=method, auth=SimpleNamespace(verbs=frozenset({Verb.READ})))
        return HasVerb().has_permission(asked, Careless())

    assert (may("GET"), may("DELETE"), may("PUT")) == (True, False, True)
    with pytest.raises(PermissionDenied, match="send"):
        may("POST")


@pytest.mark.parametrize("path, status", [("/api/v1/uploads/", 503), ("/uploads/", 409)])
def test_a_program_is_told_when_to_ask_again_where_somebody_else_works_on_the_same(
    rf, path, status
):
    class Locked(Exception):
        sqlstate = "55P03"

    try:
        raise OperationalError("locked") from Locked()
    except OperationalError:
        answer = unavailable.server_error(rf.post(path))
    assert answer.status_code == status and int(answer["Retry-After"]) > 0
