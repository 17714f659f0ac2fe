"""What the window looks like: colours, fonts, the style sheet, and the small controls that everything is made of."""
