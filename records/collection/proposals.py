"""Words that somebody found on no code list, proposed to the statistics office; it answers each once."""

import pyarrow as pa
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies import access, audit
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import Permission
from records.codelists import changes
from records.models import CodeProposal
from records.validation import personal
from standards import codelists

LONGEST = 80
LONGEST_ANSWER = 300


def proposals_for(person: Person) -> QuerySet[CodeProposal]:
    """Return the proposals that the person sees, those that wait for an answer first."""
    return (
        CodeProposal.objects.filter(agency__in=access.agencies(person, Permission.SEE_SUBMISSIONS))
        .select_related("agency", "by", "answered_by")
        .order_by("-answered_at", "-pk")
    )


def propose(word: str, *, codelist: str, agency: Agency, by: Person) -> CodeProposal:
    """Propose a word for a code list; the same word of an agency is proposed once.

    Raises `Denied`, and `Refused` for a list that does not exist, for a word that the list knows, and for
    one that looks like a person: that is kept nowhere.
    """
    access.require(by, Permission.ENTER, agency)
    word = " ".join(word.split())
    if codelist not in codelists.names():
        raise Refused(_("There is no such code list."))
    if not 2 <= len(word) <= LONGEST or "\0" in word:
        raise Refused(_("Write a word of 2 to 80 characters."))
    if personal.kinds_of(pa.array([word], pa.string())).any():
        raise Refused(_("This looks like a name or number of a person, so it is not kept."))
    (match,) = codelists.load(codelist).match([word])
    if match.code is not None:
        raise Refused(_("The list has this word already: %(code)s.") % {"code": match.code})
    proposal, is_new = CodeProposal.objects.get_or_create(
        agency=agency, codelist=codelist, word=word, defaults={"by": by}
    )
    if is_new:
        audit.record("propose", f"codelist:{codelist}", name=codelist, by=by, agency=agency)
    return proposal


@transaction.atomic
def answer(proposal: CodeProposal, text: str, *, code: str = "", by: Person) -> None:
    """Answer a proposal: which code it is, or why there is none.

    With a code, the word means it for everybody from now on. Raises `Denied`, and `Refused` without an answer
    or for a code that cannot be.
    """
    access.require(by, Permission.ACCEPT, proposal.agency)
    now = CodeProposal.objects.select_for_update(of=("self",)).get(pk=proposal.pk)
    if now.answered_at:
        raise Refused(_("Somebody answered this proposal meanwhile."))
    text = " ".join(text.split())
    if code:
        reason = _("Proposed by %(agency)s.") % {"agency": now.agency.code}
        changes.add_alias(now.codelist, code, now.word, reason=reason, by=by)
        text = text or _("The list knows it now as %(code)s.") % {"code": code}
    if not text or len(text) > LONGEST_ANSWER or "\0" in text:
        raise Refused(_("Write an answer of 1 to 300 characters."))
    now.answer, now.answered_by, now.answered_at = text, by, timezone.now()
    now.save()
    audit.record(
        "answer_proposal",
        f"codelist:{now.codelist}",
        name=now.codelist,
        by=by,
        agency=now.agency,
    )
