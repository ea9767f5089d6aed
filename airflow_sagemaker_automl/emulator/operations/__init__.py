"""SageMaker's operations by subject; each takes the account's state and a parsed request."""
