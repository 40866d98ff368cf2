"""Rows: the schema, its migrations, and one module of questions and changes per noun."""
