"""All rows, by chapter."""

from collections.abc import Mapping, Sequence

from tests.adversarial import (
    assertions,
    bearer_claims,
    bearer_headers,
    bearer_signatures,
    bearer_ways,
    crossed,
    described,
    given_back,
    token_clients,
    token_forms,
    token_grants,
)
from tests.adversarial.row import Row

FILES = (
    *(token_forms, token_clients, assertions, token_grants, given_back, described),
    *(bearer_headers, bearer_claims, bearer_signatures, bearer_ways, crossed),
)
CHAPTERS: Mapping[str, Sequence[Row]] = {file.CHAPTER: file.ROWS for file in FILES}
TITLES: Mapping[str, str] = {file.CHAPTER: file.TITLE for file in FILES}
ROWS: Mapping[str, Row] = {f"{chapter}: {row.name}": row for chapter, rows in CHAPTERS.items() for row in rows}
