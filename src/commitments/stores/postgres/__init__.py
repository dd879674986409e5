"""A ledger in a PostgreSQL database: for many processes on many hosts."""
