"""Code lists as the statistics office keeps them: editions, changes, what they touch, files, words of agencies."""
