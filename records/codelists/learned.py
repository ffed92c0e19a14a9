"""Words of agencies: what a text means in their files, as they answered once; kept by the statistics office."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies import access, audit
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import Permission
from records.codelists import changes
from records.instruments.spec import Spec, Variable
from records.instruments.versions import current, spec_of
from records.models import Instrument, LearnedWord, Upload
from standards.codelists import CodeList
from standards.spelling import normalise

LONGEST = 150  # characters of a word
MOST = 500  # words of one answer that are remembered
NONE = "none"  # the answer that none of the choices fits


def teach(
    agency: Agency, instrument: Instrument, spec: Spec, answers: Mapping[str, Any], *, by: Person
) -> int:
    """Remember what texts mean by the answers to the questions of a file; return how many words that were.

    A word that was revoked is taught anew by a new answer. Texts that are long or mean nothing are left out.
    """
    rows = [
        LearnedWord(
            agency=agency, instrument=instrument, variable=variable, text=text, code=code,
            key=normalise(text), taught_by=by,
        )
        for variable, text, code in _taught(spec, answers)
    ][:MOST]  # fmt: skip
    if not rows:
        return 0
    known = {
        (word.variable, word.key): word
        for word in LearnedWord.objects.filter(agency=agency, instrument=instrument)
    }
    new = {}
    for row in rows:
        word = known.get((row.variable, row.key))
        if word is None:
            new[row.variable, row.key] = row
        elif word.is_revoked or word.code != row.code:
            _change(word, by=by, code=row.code, is_revoked=False)
    LearnedWord.objects.bulk_create(new.values(), ignore_conflicts=True)
    return len(rows)


def _taught(spec: Spec, answers: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield variable, text and code of every answer that says what a text means."""
    aliases = dict(answers.get("aliases") or {})
    if answers.get("sex_codes"):
        aliases["sex"] = {**aliases.get("sex", {}), **dict(answers["sex_codes"])}
    for name, texts in aliases.items():
        variable = spec.by_name.get(name)
        for text, code in texts.items():
            plain = " ".join(str(text).split())
            lengths = len(plain), len(normalise(plain))  # some letters stand for many
            if variable and code != NONE and min(lengths) > 0 and max(lengths) <= LONGEST:
                yield name, plain, str(code)


def forget(upload: Upload, *, by: Person) -> int:
    """Take back what the answers to a file taught, as the file is taken back; return how many words that were.

    A word that another file of the agency taught too goes back to what it meant there, and one that was changed
    since stays as it is. What is revoked stays with who did it and when. Whoever may take the file back may this.
    """
    spec = spec_of(current(upload.instrument))
    answers, report = Upload.objects.values_list("answers", "report").get(pk=upload.pk)
    taught = _taught_itself(spec, answers, report)
    if not taught:
        return 0
    elsewhere = _taught_elsewhere(upload, spec)
    number = 0
    for word in LearnedWord.objects.filter(
        agency=upload.agency, instrument=upload.instrument, is_revoked=False
    ):
        key = word.variable, word.key
        before = elsewhere.get(key)
        if taught.get(key) != word.code or before == word.code:
            continue
        if before:
            _change(word, by=by, code=before)
        else:
            _change(word, by=by, is_revoked=True)
        _record("change" if before else "revoke", word, by)
        number += 1
    return number


def _taught_elsewhere(upload: Upload, spec: Spec) -> dict[tuple[str, str], str]:
    """Return variable and key -> code of what the other files of the agency taught, the last one where they differ."""
    others = Upload.objects.filter(
        agency=upload.agency,
        instrument=upload.instrument,
        answers__has_any_keys=["aliases", "sex_codes"],
    )
    others = others.exclude(pk=upload.pk).exclude(state=Upload.State.UNDONE).order_by("pk")
    taught: dict[tuple[str, str], str] = {}
    for answers, report in others.values_list("answers", "report"):
        taught |= _taught_itself(spec, answers, report)
    return taught


def _taught_itself(
    spec: Spec, answers: Mapping[str, Any], report: Mapping[str, Any]
) -> dict[tuple[str, str], str]:
    """Return variable and key -> code of what was said about one file, without what it took over from another one:
    of the file whose held rows it brings back, or an earlier one of its layout."""
    copied: set[tuple[str, str, str]] = set()
    for source in (report.get("copied"), (report.get("memory") or {}).get("answers")):
        copied |= {
            (name, normalise(text), code) for name, text, code in _taught(spec, source or {})
        }
    taught = ((name, normalise(text), code) for name, text, code in _taught(spec, answers))
    return {(name, key): code for name, key, code in taught if (name, key, code) not in copied}


def words_of(agency: Agency, instrument: Instrument) -> dict[str, dict[str, str]]:
    """Return variable -> text -> code of the words of an agency in files of an instrument, in one query."""
    words: dict[str, dict[str, str]] = {}
    rows = LearnedWord.objects.filter(agency=agency, instrument=instrument, is_revoked=False)
    for variable, key, code in rows.values_list("variable", "key", "code"):
        words.setdefault(variable, {})[key] = code
    return words


def without_sex(words: Mapping[str, Mapping[str, str]], spec: Spec) -> dict[str, dict[str, str]]:
    """Return the words that hold for every file; of a retired code the day of the event says what stands for it.

    What stands for a sex is declared for each file: the same number may mean another one in the next.
    """
    known: dict[str, dict[str, str]] = {}
    for name, texts in words.items():
        if name == "sex" or name not in spec.by_name or not spec.by_name[name].codelist:
            continue
        variable = spec.by_name[name]
        accepted = {c.code for c in (*variable.accepted, *variable.retired)}
        known[name] = {text: code for text, code in texts.items() if code in accepted}
    return known


@transaction.atomic
def change(word: LearnedWord, code: str, *, variable: Variable, by: Person) -> None:
    """Let a word mean another code that its variable accepts. Raises `Denied`, `Refused`."""
    access.require(by, Permission.ACCEPT, word.agency)
    if code not in {item.code for item in variable.accepted}:
        raise Refused(_("Choose a code of the list that is in use."))
    _change(word, by=by, code=code)
    _record("change", word, by)


@transaction.atomic
def revoke(word: LearnedWord, *, by: Person) -> None:
    """Let a word mean nothing any more: it is asked about again. Raises `Denied`."""
    access.require(by, Permission.ACCEPT, word.agency)
    _change(word, by=by, is_revoked=True)
    _record("revoke", word, by)


@transaction.atomic
def withdraw(word: LearnedWord, *, by: Person) -> None:
    """Revoke a word of the own agency: whoever could teach it. Raises `Denied`."""
    access.require(by, Permission.ENTER, word.agency, word.instrument_id)
    _change(word, by=by, is_revoked=True)
    _record("revoke", word, by)


@transaction.atomic
def for_everybody(word: LearnedWord, codes: CodeList, *, by: Person) -> None:
    """Make a word an alias of its code for all agencies, as the next edition of the list.

    Raises `Denied`, and `changes.Wrong` where the text means another code already, or never may mean one.
    """
    access.require(by, Permission.ACCEPT, word.agency)
    reason = _("A word of %(agency)s for everybody.") % {"agency": word.agency.code}
    changes.add_alias(codes.name, word.code, word.text, reason=reason, by=by)
    _change(word, by=by, is_revoked=True)
    _record("everybody", word, by)


def _change(word: LearnedWord, *, by: Person, **fields: Any) -> None:
    LearnedWord.objects.filter(pk=word.pk).update(
        **fields, changed_by=by, changed_at=timezone.now()
    )


def _record(verb: str, word: LearnedWord, by: Person) -> None:
    """Append an event. What the word is stands on the page alone: it comes from a file."""
    name = f"{word.instrument.code} {word.variable}"
    audit.record(verb, f"word:{word.pk}", name=name, by=by, agency=word.agency, code=word.code)
