"""Words that every module shares. A closed list: adding one takes a decision record."""
