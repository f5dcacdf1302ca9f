"""The stores' gateways: what each has delivered, how it fares, whether it is set apart."""
