"""Harbor's management API, and the sign-in of its pages."""
