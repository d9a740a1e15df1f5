"""The posterior behind a fit of another package."""
