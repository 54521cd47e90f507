"""PostgreSQL: the truth about users, customers, calculations, their cost components and materials."""
