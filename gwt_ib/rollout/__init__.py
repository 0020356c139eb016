"""From environments and an agent to blocks of experience; knows no processes."""
