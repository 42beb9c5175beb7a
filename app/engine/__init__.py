"""The other end of the pipe: one worker kept running, its state, and a ticket a request."""
