"""The stores: the only package that speaks to a database, one class per store and subject."""
