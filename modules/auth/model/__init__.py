"""The business of auth: who may ask for what, which tokens are good, and what is kept of a secret."""
