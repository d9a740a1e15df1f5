"""The exact engine: independent draws under a Normal prior."""
