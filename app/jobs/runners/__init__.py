"""The runners: inline (tests ask for the work), local (inside the server), celery (workers)."""
