"""Ray, which is imported by nothing else: a cluster that is joined or started, its nodes, and what runs on them."""
