"""Tables as streams of record batches: read from files, written for a container, and joined with its predictions."""
