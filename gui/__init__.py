"""The window: it asks the engine and shows the answers; no physics here."""
