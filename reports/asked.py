"""What a reader asks for in an address: dimensions and codes, through a fixed list, never passed on."""

from collections.abc import Mapping

from django.http import QueryDict

from reports.structure import TIME, Structure


def where(query: QueryDict, structure: Structure) -> Mapping[str, list[str]]:
    """Return dimension -> codes from parameters named as the dimensions (in any case).

    `from` and `to` limit the periods. Names the structure does not have are left to others.
    """
    chosen = {
        name: [code for value in query.getlist(key) for code in value.split(",") if code]
        for key in query
        for name in [key.upper()]
        if name in structure.by_name
    }
    periods = [item.code for item in structure.by_name[TIME].items]
    first, last = query.get("from", ""), query.get("to", "")
    if (first or last) and TIME not in chosen:
        chosen[TIME] = [p for p in periods if (not first or p >= first) and (not last or p <= last)]
    return {name: codes for name, codes in chosen.items() if codes or name == TIME}
