"""What is shown of one recorded episode."""
