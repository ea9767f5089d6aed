"""SageMaker's operations, by what they are about; each takes the account's state and a request that has been read."""
