"""Keys of persons and employers: a keyed hash of what identifies them, made in memory, the rest forgotten."""

import hmac
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from records.reading.layout import FileColumn
from records.validation import parsing
from standards.spelling import normalise, one_alphabet

DOCUMENT = (
    *("паспорт", "pasport", "passport", "document", "id no", "id number"),
    *("инн", "личный номер", "şahsy belgisi", "серия"),
)
NAME = (
    *("фио", "фамилия", "имя", "отчество", "name", "surname"),
    *("familiýasy", "ady", "faa", "atasynyň"),
)


def identity_columns(columns: Sequence[FileColumn]) -> tuple[list[int], list[int]]:
    """Return the positions of document-number columns and of name columns among the forbidden ones."""
    forbidden = [c for c in columns if c.how == "forbidden"]
    documents = [c.position for c in forbidden if _speaks_of(c.header, DOCUMENT)]
    names = [
        c.position for c in forbidden if _speaks_of(c.header, NAME) and c.position not in documents
    ]
    return documents, names


def _speaks_of(header: str, words: Sequence[str]) -> bool:
    return any(word in normalise(header) for word in words)


def person_refs(
    key: bytes, cells: Mapping[int, pa.Array], documents: Sequence[int], birth: pa.Array | None
) -> pa.Array:
    """Return (n,) HMAC-SHA-256 hex texts, null where nothing identifies the person.

    `cells` are the forbidden columns by position. A document number alone is the identity;
    without one, the names together with the birth date are.
    """
    if documents:
        return keyed(key, cells[documents[0]])
    chosen = [
        _plain(column) for column in (*cells.values(), *([birth] if birth is not None else []))
    ]
    joined = pc.binary_join_element_wise(*chosen, "\x1f")
    return keyed(key, pc.if_else(pc.equal(chosen[0], ""), "", joined))


def keyed(key: bytes, texts: pa.Array) -> pa.Array:
    """Return each text's keyed hash, null where it says nothing. Each distinct text is hashed once."""
    coded = texts.dictionary_encode()
    plain = _plain(coded.dictionary)
    words = ["", "нет", "ýok", "no", *sorted(parsing.BLANK), *sorted(parsing.CELL_ERRORS)]
    silent = pc.is_in(plain, _plain(pa.array(words)))
    identities = pc.if_else(silent, None, plain).to_pylist()
    hashes = [None if text is None else _hashed(key, text) for text in identities]
    return pa.array(hashes, pa.string()).take(coded.indices)


def _plain(texts: pa.Array) -> pa.Array:
    """Letters and digits only, in one case: how often somebody pressed the space bar identifies nobody."""
    unmarked = pc.replace_substring(pc.fill_null(texts, ""), "№", "")  # NFKC makes it “No”
    same = pc.utf8_upper(pc.utf8_normalize(unmarked, "NFKC"))
    return pc.replace_substring_regex(same, r"[^\p{L}\p{N}\x1f]", "")


def _hashed(key: bytes, identity: str) -> str:
    """The keyed hash; a letter that was typed on the other keyboard is the same letter."""
    return hmac.digest(key, one_alphabet(identity).encode(), "sha256").hex()
