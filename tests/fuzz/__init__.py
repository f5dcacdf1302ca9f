"""Every parser of outside bytes, fed anything: no crash, only its own errors, and no trace of it afterwards."""
