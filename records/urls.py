"""Pages of this app."""

urlpatterns = []  # type: ignore[var-annotated]
