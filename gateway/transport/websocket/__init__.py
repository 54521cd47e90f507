"""WebSocket: operations of every kind over one connection, by the protocol graphql-transport-ws."""
