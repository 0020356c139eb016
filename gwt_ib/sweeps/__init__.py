"""Many runs from one file: what they are, which of them are done, and how they are run side by side."""
