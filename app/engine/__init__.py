"""The other end of the pipe: a client for the worker process, and who keeps it running."""
