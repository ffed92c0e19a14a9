"""Person references: a keyed hash of a document number, made in memory, the number forgotten."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

import pyarrow as pa

from records.codelist import normalise


def person_refs(
    key: bytes, cells: Mapping[int, pa.Array], documents: Sequence[int], birth: pa.Array | None
) -> pa.Array:
    """Return (n,) HMAC-SHA-256 hex texts, null where nothing identifies the person.

    `cells` are the forbidden columns by position. A document number alone is the identity;
    without one, the names together with the birth date are.
    """
    if documents:
        chosen = [cells[documents[0]]]
    else:
        chosen = [*cells.values(), *([birth] if birth is not None else [])]
    made = []
    for parts in zip(*(column.to_pylist() for column in chosen), strict=True):
        said = [normalise(part or "").replace(" ", "") for part in parts]
        identity = "\x1f".join(said)
        made.append(_hashed(key, identity) if said[0] else None)
    return pa.array(made, pa.string())


def _hashed(key: bytes, identity: str) -> str:
    return hmac.new(key, identity.encode(), hashlib.sha256).hexdigest()
