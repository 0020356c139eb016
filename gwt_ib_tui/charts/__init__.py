"""What the dashboard draws: numbers and a size in, lines of text out; nothing here knows Textual."""
