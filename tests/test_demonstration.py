"""What the demonstration says while it loads its country."""

import pytest

from migdata.demo import acts


@pytest.mark.parametrize(
    "count, said", [(1, "1 job is left."), (2, "2 jobs are left."), (21, "21 jobs are left.")]
)
def test_jobs_that_are_left_are_counted_in_words(count, said):
    assert acts.jobs_left(count) == said
