"""The question on the left: forms drawn from what the configuration says about itself."""
