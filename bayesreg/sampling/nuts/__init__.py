"""The NUTS engine, through PyMC and nutpie."""
