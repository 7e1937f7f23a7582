"""Shell commands that bring a fresh machine into a known state."""

INITIALISE = (
    "ndctl disable-region all && ndctl init-labels -f -V 1.2 all && ndctl disable-dimm all && "
    "ndctl enable-dimm all && ndctl enable-region all")
