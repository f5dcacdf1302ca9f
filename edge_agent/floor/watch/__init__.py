"""What is watched beside stock: temperatures, doors, and sensors that are gone."""
