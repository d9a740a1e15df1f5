"""MAP, penalized, least squares and posterior in one table: the main job."""
