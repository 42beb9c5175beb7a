"""The command line: one file a command, imported only when it is called.

Exit codes: 0 done, 1 failed, 2 bad usage, 130 interrupted. Errors are one line on stderr.
"""
