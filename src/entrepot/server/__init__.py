"""The HTTP server's own parts: worker processes, TLS, logs, graceful stop."""
