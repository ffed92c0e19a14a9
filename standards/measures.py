"""What a count counts, and by whose definition: codes that every instrument and dataset states."""

# Persons, events and documents are never added together.
UNITS = {"PS": "persons", "EVT": "events", "DOC": "documents"}
CONCEPTS = {
    "ADM": "administrative count",
    "NAT_LAW": "national legal definition",
    "UN98": "UN recommendations of 1998",
    "UN21": "UN framework of 2021",
}
