"""Recorded metrics in the formats of other tools; what is written here is read nowhere here."""
