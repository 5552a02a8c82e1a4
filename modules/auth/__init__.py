"""Who may sign in, and the tokens they hold."""
