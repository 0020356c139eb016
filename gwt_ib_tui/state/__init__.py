"""What the dashboard knows: the run directory read into one frozen snapshot a tick; nothing here knows Textual."""
