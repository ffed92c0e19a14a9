"""The door: waits for slow requests and slow readers without a thread, and asks who may send what."""
