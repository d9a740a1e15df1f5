"""Families: how the target is distributed around the linear predictor, one a file."""
