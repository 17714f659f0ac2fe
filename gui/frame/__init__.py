"""What stands around the picture: bars, menus, panels, pages for a new user, demo mode."""
