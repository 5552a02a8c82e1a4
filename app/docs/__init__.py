"""The documents that are written from the running definitions: what `waybill docs` writes, and compares."""

from app.docs.documents import EXAMPLES, documents

__all__ = ["EXAMPLES", "documents"]
