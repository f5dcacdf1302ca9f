"""The wire between store and cloud: contract, topics, receipts, and both of its abutments."""
