"""What is found in the blocks of a file while it is checked."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from records.collection.coded_texts import BlankWords, CodedTexts
from records.collection.findings_by_cause import FindingsByCause
from records.collection.unknown_words import UnknownWords
from records.instruments.spec import Spec, Variable
from records.validation import fill_ins
from records.validation.findings import Checked
from records.validation.sums import Sums
from records.validation.whole_file import WholeFileChecks
from standards.code_systems import OwnList
from standards.spelling import normalise

COUNT = "count"  # of a cell: 777 may stand there as often as any other number
LOOKED_AT = ("code", "date", "birth", *fill_ins.KINDS)  # kinds of variables


@dataclass
class CheckedFile:
    """What was found in the blocks of a file so far; `cells` as in `FindingsByCause`."""

    spec: Spec
    cells: dict[str, str]
    whole_file: WholeFileChecks = field(init=False)
    causes: FindingsByCause = field(init=False)
    sums: Sums = field(init=False)
    words: UnknownWords = field(init=False)
    own_lists: Sequence[OwnList] = ()
    codes: CodedTexts = field(init=False)
    blanks: BlankWords = field(default_factory=BlankWords)
    numbers: dict[str, Counter[str]] = field(
        default_factory=dict
    )  # variable -> its distinct numbers
    sexes: Counter[str] = field(default_factory=Counter)  # single letters in the column of sex
    by_sex: Counter[str] = field(
        default_factory=Counter
    )  # code -> rows, or counts, also of held ones
    rows: int = 0
    totals: int = 0  # rows of counts that are totals of others
    states_currency: bool = False

    def __post_init__(self) -> None:
        self.whole_file, self.sums = WholeFileChecks(self.spec), Sums(self.spec)
        self.causes = FindingsByCause(self.cells)
        self.words = UnknownWords(self.spec, self.cells)
        self.codes = CodedTexts(self.own_lists)

    def add_texts(self, block: pa.Table) -> None:
        """Look at the texts of one block before anything is made of them: letters of sex, codes, blank words."""
        for variable in self.spec.variables:
            if variable.name not in block.column_names or variable.kind not in LOOKED_AT:
                continue
            counts = _counted(block[variable.name])
            self.blanks.add(variable, counts)
            if variable.name == "sex":
                self._add_sexes(counts)
            elif variable.kind == "code":
                self.codes.add(variable, counts)
            elif variable.kind in fill_ins.KINDS and variable.name != COUNT:
                self._add_numbers(variable, counts)

    def _add_sexes(self, counts: dict[str, int]) -> None:
        for text, count in counts.items():
            key = normalise(text)
            if len(key) == 1 and key.isalpha():
                self.sexes[key] += count

    def _add_numbers(self, variable: Variable, counts: dict[str, int]) -> None:
        """Count the numbers of a column: the doubtful ones, and as many others as can be remembered."""
        numbers = self.numbers.setdefault(variable.name, Counter())
        for text, count in counts.items():
            number = text.strip()
            if (
                number in numbers
                or len(numbers) < fill_ins.COUNTED
                or fill_ins.may_mean_nothing(number, variable.low, variable.high)
            ):
                numbers[number] += count

    def add(self, checked: Checked) -> None:
        self.whole_file.add(checked)
        self.causes.add(checked)
        self.words.add(checked)
        self.sums.add(checked)
        self.totals += int(checked.totals.sum())
        self._add_by_sex(checked)
        self.rows += checked.typed.num_rows
        for name in self.spec.amount_of_currency:
            currencies = checked.typed[name]
            self.states_currency |= currencies.null_count < len(currencies)

    def _add_by_sex(self, checked: Checked) -> None:
        """Count the rows, or add up the counts, by sex; totals of others are left out."""
        typed = checked.typed
        if len(checked.totals):
            typed = typed.filter(pa.array(~checked.totals))
        ones = pa.array(np.ones(typed.num_rows, dtype=np.int64))
        counts = pc.fill_null(typed["count"], 0) if self.spec.is_counts else ones
        sexes = pa.table({"sex": typed["sex"].cast(pa.string()), "count": counts})
        for row in sexes.group_by("sex").aggregate([("count", "sum")]).to_pylist():
            self.by_sex[row["sex"] or ""] += int(row["count_sum"] or 0)


def _counted(texts: pa.ChunkedArray) -> dict[str, int]:
    """Return the distinct texts of a column of one block with their counts."""
    coded = texts.combine_chunks()
    if not pa.types.is_dictionary(coded.type):
        coded = coded.dictionary_encode()
    places = coded.indices.drop_null().to_numpy()
    counts = np.bincount(places, minlength=len(coded.dictionary)).tolist()
    counted: Counter[str] = Counter()
    for text, count in zip(coded.dictionary.to_pylist(), counts, strict=True):
        if text and count:
            counted[text] += count
    return counted
