"""What any LangGraph `BaseStore` owes, as tests to inherit: `class TestMine(StoreContract)` with a `make`."""
