"""The catalogue and its stock: what there is to sell."""
