from farmhand.manager.rules.tasks import Command
from farmhand.manager.rules.variables import Variable, replaced, values

VARIABLES = {
    "blender": (
        Variable("C:/blender.exe", platforms=frozenset({"windows"})),
        Variable("/opt/blender", platforms=frozenset({"linux"})),
    ),
    "share": (Variable("/users/share", audience="users"), Variable("/mnt/share", audience="workers")),
    "everywhere": (Variable("same"),),
}


def test_the_first_value_that_fits_is_taken():
    assert values(VARIABLES, platform="linux") == {
        "blender": "/opt/blender",
        "share": "/mnt/share",
        "everywhere": "same",
    }
    assert values(VARIABLES, platform="windows")["blender"] == "C:/blender.exe"


def test_a_variable_without_a_value_for_the_platform_is_left_out():
    assert "blender" not in values(VARIABLES, platform="darwin")


def test_strings_and_lists_of_strings_are_replaced_and_nothing_else_is():
    command = Command("exec", {"exe": "{blender}", "args": ["-o", "{share}/{unknown}", "{}"], "fps": 24}, 3)
    assert replaced(command, {"blender": "/b", "share": "/s"}) == Command(
        "exec", {"exe": "/b", "args": ["-o", "/s/{unknown}", "{}"], "fps": 24}, 3
    )
