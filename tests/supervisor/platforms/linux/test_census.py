"""Who is looked at, and how often, to find the members of trees whose orphans come to somebody else."""

import os
import subprocess

from polling import until

from farmhand.supervisor.platforms.census import Census


def test_members_are_found_and_nobodys_environment_is_read_twice():
    looked_at, read = [], []
    with subprocess.Popen(["sleep", "1000"]) as child:
        census = Census(
            lambda process: looked_at.append(process.pid) or ("tree" if process.pid == child.pid else None),
            lambda process: read.append((process.pid, process.start)),
        )

        def look():
            return [member.pid for member in census.members("tree")]

        assert look() == [child.pid]
        assert looked_at.count(os.getpid()) == 1
        until(lambda: look() and looked_at.count(os.getpid()) > 1, "the look to be too old")
        assert len(set(read)) == len(read)
        child.kill()
        child.wait()
        assert look() == []
