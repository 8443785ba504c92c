"""What an interrupted operation has left behind, put right."""
