"""HTML views of workspaces: each parses, calls one query or service, and responds."""
