"""The tables that make questions about now and later fast. Everything in them can be rebuilt from the facts."""
