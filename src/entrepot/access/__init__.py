"""Who may: signing in, tokens, roles. The only room that makes a Grant."""
