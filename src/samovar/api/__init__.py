"""The HTTP API: one file per resource, the schema beside the route."""
