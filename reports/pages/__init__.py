"""The screens of readers (dashboard, tables, downloads: public) and of publishers (releases: private)."""
