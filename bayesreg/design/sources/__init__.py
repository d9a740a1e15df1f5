"""Tables from outside: frames, files, batches and partitions as rows or moments."""
