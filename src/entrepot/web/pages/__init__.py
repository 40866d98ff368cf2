"""What each page shows and does: one module per noun."""
