"""What the window reads and writes: runs, session, settings, figures and tables, reports."""
