"""The command line: each command has a file, which is imported only when it is called.

Exit codes are 0 for done, 1 failed, 2 bad usage, 130 interrupted. Errors are one line on stderr.
"""
