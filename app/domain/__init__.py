"""What the program talks about: frozen values, free of Qt and of storage."""
