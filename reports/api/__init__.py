"""Public: the endpoints for programs and their OpenAPI description."""
