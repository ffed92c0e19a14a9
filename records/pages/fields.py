"""The form of an instrument: one field for each variable, as its Spec says."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from records.instruments.spec import Spec, Variable
from records.validation import parsing
from records.validation.findings import Finding
from standards import codelists
from standards.codelists import Code
from standards.translation import in_language

COMBO_FROM = 9  # a list of so many codes is searched by typing
COMMON = 8  # codes of a list, from which a word in their names says nothing
AS_RADIOS = ("sex",)  # what is never chosen by passing over it


@dataclass
class Field:
    """A field of the form: what it asks, the text in it, and what the engine says about that."""

    name: str
    label: str
    help: str
    kind: str
    required: bool
    value: str
    choices: list[dict[str, str]]
    codelist: str = ""
    same_list_as: str = ""  # the field before this one that has the same long list of codes
    carried: bool = False  # what it holds was kept from the last record
    focused: bool = False  # the next work is here
    unknown: str = ""  # the word in the file that no code list knows: it can be remembered
    errors: list[str] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)  # rule and message
    days: list[tuple[str, str]] = field(
        default_factory=list
    )  # what the text can mean, and how it reads

    @property
    def is_combo(self) -> bool:
        return len(self.choices) >= COMBO_FROM

    @property
    def is_radios(self) -> bool:
        return self.name in AS_RADIOS and bool(self.choices)

    @property
    def brings_other_names(self) -> bool:
        return self.is_combo and not self.same_list_as

    @property
    def meant(self) -> str:
        """The day that a date was read as, where it is written in another way."""
        (value, written), *others = self.days or [("", "")]
        return written if not others and value != self.value else ""

    @property
    def in_doubt(self) -> bool:
        """Say whether the text can mean two days, so that the person is asked which."""
        return len(self.days) > 1

    @property
    def focuses_told(self) -> bool:
        """Say whether the next work is beside the field: a day to choose, or something unusual to confirm."""
        return self.focused and (self.in_doubt or (bool(self.warnings) and not self.errors))

    @property
    def focuses_control(self) -> bool:
        return self.focused and not self.focuses_told

    @property
    def mistake(self) -> str:
        """What is wrong, with the name of the field, for the summary above the form."""
        (text, *_more) = self.errors or [""]
        return text if text.startswith(self.label) else f"{self.label}: {text}"

    @property
    def told(self) -> str:
        """All that stands beside the field, in short: to see whether it has changed."""
        rules = [rule for rule, _text in self.warnings]
        return "|".join([self.name, *self.errors, *rules, *(value for value, _text in self.days)])

    @property
    def shown(self) -> str:
        """What a field of a carried variable holds, in words."""
        return next((c["label"] for c in self.choices if c["code"] == self.value), self.value)


def fields_of(
    spec: Spec,
    values: Mapping[str, str],
    language: str,
    findings: Iterable[Finding] = (),
    carried: Mapping[str, str] | None = None,
    *,
    of_file: bool = False,
) -> list[Field]:
    """Return the fields of an instrument with the texts in them and the engine's findings beside them.

    `carried` is what the last record left (variable -> text). `of_file`: the texts stood in a file, which has
    its own way of writing days; only of one in doubt is said what it can mean.
    """
    fields = [
        Field(
            name=v.name,
            label=in_language(v.label),
            help=in_language(v.help),
            kind=v.kind,
            required=v.required,
            value=str(values.get(v.name, "")),
            choices=_choices(v, language, str(values.get(v.name, ""))),
            codelist=v.codelist if v.kind == "code" else "",
            carried=bool((carried or {}).get(v.name)),
        )
        for v in spec.variables
        if v.typed
    ]
    _other_names_once(fields)
    doubtful = _take(findings, {f.name: f for f in fields})
    for each in fields:
        if each.kind in ("date", "birth") and (each.name in doubtful or not of_file):
            each.days = _days(each)
            if each.in_doubt:
                each.errors = [_("Which day is meant?")]
    return fields


def _take(findings: Iterable[Finding], fields: Mapping[str, Field]) -> set[str]:
    """Put findings beside their fields; return the names of those whose text can mean several things."""
    doubtful = set()
    for finding in findings:
        if finding.rule == f"{finding.variable}.ambiguous":
            doubtful.add(finding.variable)
        subject = fields.get(finding.variable)
        if subject is None:
            continue
        if finding.severity == "error":
            subject.errors.append(in_language(finding.message))
        else:
            subject.warnings.append((finding.rule, in_language(finding.message)))
    return doubtful


def focus(fields: Iterable[Field], confirmed: Collection[str] = ()) -> None:
    """Put the focus where the next work is: on what is wrong, else on what is to be confirmed, else on the first gap."""
    listed = list(fields)
    wrong = [f for f in listed if f.errors]
    unusual = [f for f in listed if any(rule not in confirmed for rule, _text in f.warnings)]
    gaps = [f for f in listed if not f.value]
    for each in (*wrong, *unusual, *gaps)[:1]:
        each.focused = True


def normalised(fields: Iterable[Field]) -> None:
    """Show days as they are read, in the form the portal writes them."""
    for each in fields:
        if len(each.days) == 1:
            each.value = each.days[0][0]


def _days(subject: Field) -> list[tuple[str, str]]:
    """Return what the text of a date means: one day, two where their order is in doubt, none."""
    text, year = parsing.with_points(subject.value), timezone.localdate().year
    birth = subject.kind == "birth"
    readings = [
        parsing.parse_date(text, day_first=order, pivot=year, birth=birth)
        for order in (True, False)
    ]
    if parsing.parse_date(text, day_first=None, pivot=year, birth=birth).day:
        readings = readings[:1]
    days = dict.fromkeys(r.day for r in readings if r.day and r.precision == "D")
    return [(f"{day:%d.%m.%Y}", date_format(day, "DATE_FORMAT")) for day in days]


def _other_names_once(fields: Iterable[Field]) -> None:
    """Let a long list that comes again take its other names from the first: pages stay small."""
    first: dict[tuple[str, ...], str] = {}
    for each in fields:
        if each.is_combo:
            codes = tuple(choice["code"] for choice in each.choices)
            name = first.setdefault(codes, each.name)
            each.same_list_as = name if name != each.name else ""


def _choices(variable: Variable, language: str, value: str) -> list[dict[str, str]]:
    """The choices of a field; a text that is none of them stays one until it is corrected."""
    if variable.kind == "boolean":
        choices = [
            {"code": "1", "label": _("yes"), "aliases": ""},
            {"code": "0", "label": _("no"), "aliases": ""},
        ]
    elif variable.kind == "code":
        other_names = _other_names(variable.accepted, language)
        choices = [
            {"code": c.code, "label": c.label(language), "aliases": other_names[c.code]}
            for c in variable.accepted
        ]
        choices += [
            {"code": c.code, "label": _until(c, language), "aliases": ""} for c in variable.retired
        ]
    else:
        return []
    if value and value not in [choice["code"] for choice in choices]:
        label = (
            codelists.load(variable.codelist).label(value, language) if variable.codelist else value
        )
        choices.insert(0, {"code": value, "label": label, "aliases": ""})
    if variable.name in AS_RADIOS:
        _give_keys(choices)
    return choices


def _until(code: Code, language: str) -> str:
    """Return the label of a retired code, with the last day of events that may state it."""
    last = date.fromisoformat(code.retired) - timedelta(days=1)
    texts = {"label": code.label(language), "day": f"{last:%d.%m.%Y}"}
    return _("%(label)s (until %(day)s)") % texts


def _give_keys(choices: Iterable[dict[str, str]]) -> None:
    """Give each choice the key that answers it: the first letter of its label that no other has taken."""
    taken: set[str] = set()
    for choice in choices:
        letters = [letter for letter in choice["label"].lower() if letter.isalpha()]
        choice["key"] = next((letter for letter in letters if letter not in taken), "")
        taken.add(choice["key"])


def _other_names(codes: Iterable[Code], language: str) -> dict[str, str]:
    """Return the words by which each code is found beside those in its label, each once.

    Pages stay small: a word of many codes, such as “republic”, finds none of them and is left out.
    """
    words = {
        code.code: dict.fromkeys(
            " ".join((*code.labels.values(), *code.aliases)).casefold().split()
        )
        for code in codes
    }
    often = Counter(word for each in words.values() for word in each)
    names = {}
    for code in codes:
        in_label = {code.code.casefold(), *code.label(language).casefold().split()}
        telling = (w for w in words[code.code] if w not in in_label and often[w] < COMMON)
        names[code.code] = " ".join(telling)
    return names
