"""Public: the forms in which a table leaves the portal."""
