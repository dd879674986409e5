"""A ledger in an SQLite file or in memory."""
