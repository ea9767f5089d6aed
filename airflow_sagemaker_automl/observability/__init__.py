"""What is reported about a task: links, metrics and lineage."""
