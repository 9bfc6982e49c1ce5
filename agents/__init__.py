"""What each role does, as pure functions of typed state."""
