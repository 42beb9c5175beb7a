"""The live numbers over the chat."""
