"""What is published: datasets and tables as YAML, and their strict reader."""
