"""What estimates and posteriors say, side by side."""
