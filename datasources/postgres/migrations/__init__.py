"""Migrations: the history of the tables, run by Alembic."""
