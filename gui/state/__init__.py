"""What the window knows, without Qt: the edited run, what is shown, the answers found so far."""
