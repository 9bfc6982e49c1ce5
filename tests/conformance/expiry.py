"""Entries that end, in the stores that say they can have them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from langgraph.store.base import BaseStore, TTLConfig

from tests.conformance.base import Maker

SHORT = 1.2 / 60  # minutes: some keep whole seconds
LONG_ENOUGH_S = 2.6


class Expiry(Maker):
    @pytest.fixture
    def expiring(self) -> Iterator[BaseStore]:
        with self.make(ttl=TTLConfig(refresh_on_read=True)) as made:
            if not made.supports_ttl:
                pytest.skip("keeps what it is given for good")
            yield made

    def test_a_time_to_live_is_kept_or_refused(self, store):
        if store.supports_ttl:
            store.put(("u",), "k", {}, ttl=5)
            assert store.get(("u",), "k") is not None
        else:
            with pytest.raises(NotImplementedError):
                store.put(("u",), "k", {}, ttl=5)

    def test_what_is_over_is_swept_and_all_else_stays(self, expiring):
        expiring.put(("u",), "ends", {}, ttl=SHORT)
        expiring.put(("u",), "later", {}, ttl=5)
        expiring.put(("u",), "stays", {})
        time.sleep(LONG_ENOUGH_S)
        assert expiring.sweep_ttl() == 1
        assert sorted(hit.key for hit in expiring.search(("u",))) == ["later", "stays"]

    @pytest.mark.parametrize("refreshed", [True, False], ids=["refreshed", "not_refreshed"])
    def test_reading_begins_the_time_anew_unless_told_not_to(self, expiring, refreshed):
        expiring.put(("u",), "k", {}, ttl=3 / 60)
        time.sleep(2)
        expiring.get(("u",), "k", refresh_ttl=refreshed)
        time.sleep(2)
        expiring.sweep_ttl()
        assert (expiring.get(("u",), "k") is not None) == refreshed

    def test_the_store_may_say_how_long_entries_live(self):
        with self.make(ttl=TTLConfig(default_ttl=SHORT)) as store:
            if not store.supports_ttl:
                pytest.skip("keeps what it is given for good")
            store.put(("u",), "k", {})
            store.put(("u",), "own", {}, ttl=5)
            time.sleep(LONG_ENOUGH_S)
            store.sweep_ttl()
            assert [hit.key for hit in store.search(("u",))] == ["own"]

    def test_what_is_over_may_be_hidden_before_it_is_swept(self):
        with self.make(ttl=TTLConfig(omit_expired=True)) as store:
            if not store.supports_ttl:
                pytest.skip("keeps what it is given for good")
            store.put(("u",), "k", {}, ttl=SHORT)
            time.sleep(LONG_ENOUGH_S)
            assert store.get(("u",), "k") is None
            assert store.search(("u",)) == []

    def test_a_sweeper_works_until_it_is_stopped(self, expiring):
        expiring.put(("u",), "k", {}, ttl=SHORT)
        expiring.start_ttl_sweeper(sweep_interval_minutes=0.5 / 60)
        time.sleep(LONG_ENOUGH_S + 1)
        assert expiring.stop_ttl_sweeper(timeout=5)
        assert expiring.sweep_ttl() == 0
        assert expiring.search(("u",)) == []
