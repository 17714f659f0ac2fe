"""Work that the window does not wait for: threads, processes, and what becomes of faults, records, garbage and memory."""
