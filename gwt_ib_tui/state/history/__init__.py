"""What the growing files of a run say - metrics, gate curves, logs - in bounded memory."""
