"""Names of clients and of what is theirs, as they are sent."""

from uuid import UUID


def canonical_id(text: str) -> UUID | None:
    """The id in its one canonical spelling; `None` where it is none: others would be a second name for the same thing."""
    try:
        id_ = UUID(text)
    except ValueError:
        return None
    return id_ if str(id_) == text else None
