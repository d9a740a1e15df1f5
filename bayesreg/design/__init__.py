"""What was observed: columns with names, their standardization, and the sufficient statistics."""
