"""What a service asks for and Windows does not have, as the table of directives says: units/support.py."""

from ....units.directives import DIRECTIVES
from ....units.spec import Service
from ....units.statuses import STATUSES
from ....units.support import SYSTEMS, differences

# The exit status that stands for a directive without which a service is not started; systemd.exec(5).
_STATUS = {
    "User": "USER",
    "Group": "GROUP",
    "SupplementaryGroups": "GROUP",
    "DynamicUser": "USER",
    "RootDirectory": "CHROOT",
    "StandardInput": "STDIN",
    "StandardOutput": "STDOUT",
    "StandardError": "STDERR",
}


def unmet(service: Service) -> frozenset[str]:
    """Return the directives that say something which is in force elsewhere, and not here."""
    nowhere = {each.key for each in differences([service], "linux") if each.is_loss}
    return frozenset(each.key for each in differences([service], "windows") if each.word == "not in force") - nowhere


def impossible(service: Service) -> tuple[int, str] | None:
    """Return the exit code and the words for what a service cannot do without and cannot have here, if it has that."""
    found = (each for each in differences([service], "windows") if each.word == "refused" and each.key in DIRECTIVES)
    refused = next(found, None)
    if refused is None:
        return None
    words = f"{refused.key}= ({refused.path}:{refused.line}): refused on {SYSTEMS['windows']}: {refused.why}"
    return STATUSES[_STATUS[refused.key]], words
