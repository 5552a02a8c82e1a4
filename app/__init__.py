"""Assembly and technology: the only code that knows how the modules are wired."""
