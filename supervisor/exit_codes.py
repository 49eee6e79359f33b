"""What commands end with: systemctl(1), "Exit status", what it ends with besides, and 2, which it never does."""

FAILED = 1
BAD_INPUT = 2  # bad usage or configuration
NOT_RUNNING = NOT_APPLICABLE = 3
UNKNOWN = REFUSED = 4
NOT_FOUND = 5
