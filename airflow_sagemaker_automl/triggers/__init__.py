"""What waits in the triggerer: triggers, their shared poll, and the queue for the quota."""
