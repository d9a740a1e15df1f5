"""One algorithm per file; none of them knows a certificate."""
