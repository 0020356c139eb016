"""The agent: gated recurrent cell, its fast unroll, policy and value heads, TD statistics."""
