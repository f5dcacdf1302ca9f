"""Programs of the demo as processes: started, leashed, found again, and gone without a trace."""
