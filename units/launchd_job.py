"""What all jobs of launchd have in common, whoever writes them: launchd.plist(5). Standard library only."""

import math

THROTTLE = 10  # seconds from one start to the next: the default, and the least there is
EXIT_TIME_OUT = 20  # seconds from SIGTERM to SIGKILL: the default
# launchd's own PATH, and before it where programs are that somebody installed.
PATH = "/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
# A job that says nothing of its ProcessType, with all that it starts, gets less of the processors and the disks than a
# program that somebody looks at.
PROCESS_TYPE = "Interactive"


def exit_time_out(seconds: float) -> int:
    """Return whole seconds for ExitTimeOut; 0 is launchd's word for as long as it takes."""
    return 0 if seconds == math.inf else max(1, math.ceil(seconds))
