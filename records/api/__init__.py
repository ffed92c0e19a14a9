"""The endpoints for programs that deliver: files, answers, corrections, submitting. By token (`agencies.tokens`)."""
