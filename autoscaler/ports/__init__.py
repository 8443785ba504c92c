"""What the cycle needs from the outside world: Protocols, and the frozen values that cross them."""
