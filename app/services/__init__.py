"""What is kept and what is handed out: chats, settings, reports. Free of widgets."""
