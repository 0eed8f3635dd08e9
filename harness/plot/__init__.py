"""What was heard, shown to a person: a bar of letters for the terminal, a picture for everything else."""
