"""What AWS has to allow: one table of permissions, and the policies and the page of documentation made from it."""
