"""Task groups: several operators as one step of a DAG."""
