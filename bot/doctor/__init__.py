"""Examines a deployment and says what to do about each finding; prints no value of any setting."""
