"""What a person does in the window, a task each: looks at fields, trains, searches, compares, tests measured events."""
