"""GateCheck: does the gate do its work, and does the agent learn? Pure rules over recorded metrics (DESIGN section 7)."""
