"""What other DAGs are scheduled on: the events of a model package group, and watching it."""
