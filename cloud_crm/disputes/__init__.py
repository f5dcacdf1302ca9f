"""What somebody must look at: facts about people that could not be applied, and members who may be there twice."""
