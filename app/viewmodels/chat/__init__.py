"""View models of the open chat: its messages, the reply being written, and the composer."""
