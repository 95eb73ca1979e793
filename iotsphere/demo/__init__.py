"""What the demo consists of: a project, a small simulated fleet with thirty days behind it, and this machine."""
