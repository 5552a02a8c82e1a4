"""HTTP words that the modules' REST rooms share."""
