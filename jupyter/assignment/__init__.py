"""The notebooks as an exercise for a course."""
