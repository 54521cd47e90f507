"""MongoDB: analytics of calculations and log lines; the only folder that knows a MongoDB driver."""
