"""From draft to accepted: the steps of a submission, who may take them, what they are judged by."""
