"""The live numbers of the reply being written."""
