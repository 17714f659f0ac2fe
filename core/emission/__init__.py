"""What sources emit: spectra of nuclei by mass number."""
