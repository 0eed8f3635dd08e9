"""What happened: the only room that touches telephone, clock, disk, terminal and browser."""
