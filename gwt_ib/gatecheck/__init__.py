"""GateCheck: does the gate do its work, and does the agent learn? Rules over recorded metrics."""
