"""The screens of clerks and reviewers."""
