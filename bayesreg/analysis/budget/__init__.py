"""The penalty as a constraint."""
