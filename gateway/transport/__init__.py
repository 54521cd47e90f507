"""The transports: HTTP to a request of the pipeline, and its response back to HTTP."""
