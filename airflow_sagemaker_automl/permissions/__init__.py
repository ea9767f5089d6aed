"""The AWS permissions that are required: one table, from which policies and a documentation page are generated."""
