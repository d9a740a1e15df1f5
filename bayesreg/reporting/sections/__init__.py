"""The sections of a report, each from findings to HTML."""
