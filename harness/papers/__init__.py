"""What goes into the papers of a period: gathered from the database, put into tables, written as files."""
