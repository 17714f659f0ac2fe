"""Measured events: lists of them, the test of one against isotropic skies, its limits, and what stays hidden until a test is fixed."""
