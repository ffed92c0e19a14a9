"""The form with which a file is sent: which instrument, the file, and totals to compare it with."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from agencies.models import Person
from records.instruments import deliveries
from records.instruments.versions import current_of

ACCEPTED = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".gz", ".zip")
TOTALS = ("rows", "F", "M", "_U")  # rows, and rows by codes of sex


class UploadForm(forms.Form):
    """Which instrument, and the file. `delivery` is `AGENCY/INSTRUMENT`, of those the person enters for."""

    delivery = forms.ChoiceField(label=gettext_lazy("Instrument"))
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "CSV, TSV, TXT, XLSX, XLSM, XLSB, XLS or ODS; also as .gz, or as the one file in a .zip. "
            "Titles above the table, other column names and totals below do no harm. "
            "Names and passport numbers are dropped while the file is read. Macros are never run."
        ),
        widget=forms.FileInput(attrs={"accept": ",".join(ACCEPTED)}),
    )

    rows = forms.IntegerField(label=gettext_lazy("Rows"), min_value=0, required=False)
    F = forms.IntegerField(label=gettext_lazy("Women"), min_value=0, required=False)
    M = forms.IntegerField(label=gettext_lazy("Men"), min_value=0, required=False)
    _U = forms.IntegerField(label=gettext_lazy("Not stated"), min_value=0, required=False)

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.deliveries = {
            f"{agency.code}/{instrument.code}": (agency, instrument)
            for agency, instrument in deliveries.offered_to(person)
        }
        newest = current_of(instrument for _agency, instrument in self.deliveries.values())
        self.instruments = sorted(
            {(i.code, newest[i.pk].title) for _agency, i in self.deliveries.values()}
        )
        self.fields["delivery"].choices = [  # type: ignore[attr-defined]
            (key, f"{newest[instrument.pk].title} ({agency.code})")
            for key, (agency, instrument) in self.deliveries.items()
        ]

    @property
    def of_file(self) -> list[forms.BoundField]:
        """The fields that every file needs."""
        return [self["delivery"], self["file"]]

    @property
    def of_paper(self) -> list[forms.BoundField]:
        """The fields for totals that the person has on paper."""
        return [self[name] for name in TOTALS]

    @property
    def answers(self) -> dict[str, Any]:
        """What the person said beside the file."""
        typed = {name: self.cleaned_data[name] for name in TOTALS}
        totals = {name: number for name, number in typed.items() if number is not None}
        return {"control_totals": totals} if totals else {}
