"""Models of the Galactic magnetic field, and antiparticles traced back through them."""
