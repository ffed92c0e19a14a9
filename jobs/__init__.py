"""What is to be done: the job row, the queue, the worker. Redis only wakes workers."""
