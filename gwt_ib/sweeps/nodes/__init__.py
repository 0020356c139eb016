"""The runs of a sweep on the nodes of a Ray cluster: where there is room, what runs there, and how their files come here."""
