"""What the tick, the session host and the web page share: the model, the door to the bucket, the clock and the host's
client."""
