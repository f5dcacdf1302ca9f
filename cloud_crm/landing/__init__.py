"""Landing: what stores say becomes books, one transaction for a group of batches; and what stores must hear next."""
