"""What a count counts, and by whose definition: codes that every instrument and dataset states."""

# Persons, events, documents and amounts are never added together.
UNITS = {
    "PS": "persons",
    "EVT": "events",
    "DOC": "documents",
    "TRF": "transfers of money",
    "USD": "US dollars",
    "PT": "per cent",
}
CONCEPTS = {
    "ADM": "administrative count",
    "NAT_LAW": "national legal definition",
    "UN98": "UN recommendations of 1998",
    "UN21": "UN framework of 2021",
}
AGGREGATE = "-AGG"


def aggregate_code(instrument: str) -> str:
    """Return the code of the aggregate form of an instrument: SMS-BCR-AGG."""
    return instrument + AGGREGATE
