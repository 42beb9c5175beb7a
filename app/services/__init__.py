"""Services keep and export chats, settings and reports. No widget is used here."""
