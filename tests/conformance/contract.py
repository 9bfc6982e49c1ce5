"""The whole contract of a LangGraph `BaseStore`: inherit it, say how to make the store, and run pytest."""

from __future__ import annotations

from tests.conformance.entries import Entries
from tests.conformance.expiry import Expiry
from tests.conformance.filters import Filters
from tests.conformance.namespaces import Namespaces
from tests.conformance.search import Search


class StoreContract(Entries, Namespaces, Filters, Search, Expiry):
    """What LangGraph documents of a store, and where it says nothing, what most of its own stores do.

    >>> class TestMine(StoreContract):
    ...     def make(self, *, index=None, ttl=None):
    ...         return MyStore.from_conn_string(..., index=index, ttl=ttl)
    """
