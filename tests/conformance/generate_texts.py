"""Random scenarios about texts: what a unit file says, and what the process it starts finds.

Each is about one thing: a command line, an environment, the values of directives, what a process is given, or the
syntax of the file. `scenario(seed, number)` is always the same for the same two numbers.
"""

import re
from collections.abc import Callable, Mapping

from generate import Dice
from player import Scenario


def several(text: str) -> tuple[str, ...]:
    """Split at line ends and at two or more spaces; nothing stays between them, and is one of the several, too."""
    return (*re.split(r" {2,}|\n", text.strip()), "")


_FACTS = ["facts", "print to stdout", "eprint to stderr", "exit 0"]
_NAMES = ("A", "B", "LONG_NAME", "_x", "A1")
_QUOTES = ("", "", "", '"', "'")
_VALUES = several(r"""plain  two words  a'b  "quoted"  tab\tend  back\\slash  $HOME  ${HOME}  %n  x=y  ä""")
_ATOMS = several(r"""a  word  two words  ä  -x  --opt=1  a;b  #  a#b  =  ~  *  ?  !  |  &&  >  {}  %  100%  %%n  %%
$A  ${A}  $B  ${B}  $LONG_NAME  ${LONG_NAME}  $UNSET  ${UNSET}  $$  $  ${  $}  ${}  $1  $_x  ${_x}  $A1  $$A  \$A
pre$A  pre${A}  ${A}post  ${A}${B}  $A$B  $A-b  ${A:-x}
%n  %N  %p  %P  %i  %I  %j  %J  %u  %U  %g  %G  %h  %s  %t  %T  %V  %S  %C  %L  %E  %d  %f  %z
\n  \t  \s  \x41  \x4  \101  \u00e4  \U0001F600  \\  \q  \'  \"  \;  \ """)
_ASSIGNMENTS = several(r"""A=1  B=two  A=$B  C='x y'  '"D=q r"'  E=  =x  F  1G=1  A-B=1  H=%n  I=a\tb  J=\x41  K=a\qb
"L=a b"  'M=a b'  N="a b"  O=a" "b  P=%%  "Q=a\"b"  'R=a\'b'  S=\  T=${A}""")
_FILE_NAMES = several("A  B  C  D  export E  1F  G-H  #K  ;L  M.N")
_FILE_VALUES = (*several(r"""1  two words  'single q'  "double q"  "a\"b"  'a\'b'  a\ b  a\  $B  ${B}  "$B"  %n  a # b
"a" # b  'a'b  a'b'  "a"b  a=b  ä  \x41  "\n"  a\nb  "open  'open  "a"'b'"c"  'a'"b"  "\$"  "\`"  '\\'  "\\"
"""), " lead", "trail  ", '"line1\nline2"', "a\\\nb", "\ttab\t")  # fmt: skip
_UNSET = several("A  A=1 B  PATH LANG  A-B  A=")

_SPANS = several("""5  5s  1min 30s  1h  500ms  2.5s  1.5min  .5s  5.s  +5  -5  0  infinity  5 s  1d 2h  1w  1M  1m  1y
90sec  2 minutes  1hr  100us  100µs  100usec  1e3  5S  5s5  20 30  "5s"  5,5s  0x10  1000000000y  infinitys  5msec
1months  3weeks  7days  1s1ms1us  584542y  -1  inf""")
_BOOLEANS = several('yes  no  YES  True  false  on  off  1  0  y  n  t  f  2  maybe  "yes"')
_SIGNALS = several("SIGTERM  TERM  15  term  SIGUSR1  USR2  RTMIN  SIGRTMIN+3  RTMIN+3  RTMAX-1  64  65  0  SIG15")
_STATUSES = several("""1  0  255  256  -1  1 2 3  SIGTERM  TERM  SIGRTMIN+1  DATAERR  CONFIG  1,2  1-3  EXIT_FAILURE
SUCCESS  FAILURE  NOTINSTALLED  sigterm  9 SIGKILL  SIGNOPE  TEMPFAIL 250  007  RTMIN+1  +1  0x1""")
_NUMBERS = several("0  1  5  19  20  -5  -20  -21  +5  0x5  5.5  007  1000  4294967296  five")
_MODES = several("022  0  777  0777  1777  8  u=rwx  00027  0o22")
_WRONG = several("nonsense  NO  no no")

# directive -> (property, values)
_VALUED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    **{f"{name}Sec": (f"{name}USec", _SPANS) for name in several("Restart  TimeoutStart  TimeoutStop  Watchdog")[:-1]},
    **{f"{name}Sec": (f"{name}USec", _SPANS) for name in ("TimeoutAbort", "StartLimitInterval")},
    **{name: (name, _BOOLEANS) for name in several("RemainAfterExit  GuessMainPID  SendSIGHUP  SendSIGKILL")[:-1]},
    **{f"{name}Signal": (f"{name}Signal", _SIGNALS) for name in ("Kill", "RestartKill", "FinalKill", "Watchdog")},
    **{name: (name, _STATUSES) for name in ("SuccessExitStatus", "RestartPreventExitStatus", "RestartForceExitStatus")},
    **{name: (name, _NUMBERS) for name in ("StartLimitBurst", "Nice")},
    "TimeoutStartFailureMode": ("TimeoutStartFailureMode", ("terminate", "abort", "kill", *_WRONG)),
    "TimeoutStopFailureMode": ("TimeoutStopFailureMode", ("terminate", "abort", "kill", *_WRONG)),
    "TimeoutSec": ("TimeoutStopUSec", _SPANS),
    "Restart": ("Restart", several("no  always  on-success  on-failure  on-abnormal  on-watchdog  on-abort  NO")),
    "Type": ("Type", several("simple  exec  oneshot  Simple  nonsense")),
    "NotifyAccess": ("NotifyAccess", ("none", "main", "exec", "all", *_WRONG)),
    "KillMode": ("KillMode", ("control-group", "mixed", "process", "none", *_WRONG)),
    "UMask": ("UMask", _MODES),
    "Description": ("Description", several(r"""a b  "quoted"  %n  %%  a\tb  %N is it""")),
}  # fmt: skip

# What a process is given; sizes and times of day are bounded by what the machine allows.
_GIVEN: Mapping[str, tuple[str, ...]] = {
    "Nice": several("5  19  -5  0  20"),
    "UMask": _MODES,
    "User": several("nobody  daemon  root  0  1  65534  nonexistent  12345  no body  %n"),
    "Group": several("nogroup  daemon  0  12345  nonexistent"),
    "SupplementaryGroups": several("daemon  daemon bin  nonexistent  1 2"),
    "WorkingDirectory": several("/  /tmp  ~  -/nonexistent  /nonexistent  @state@  relative  /usr/  -~  /etc/passwd"),
    "LimitNOFILE": ("100", "100:200", "64:infinity"),
    "LimitCORE": several("0  1M  1M:2M  infinity  nonsense  1 K"),
    "LimitFSIZE": several("1G  1.5G  100M:200M  1E  5%  1KB"),
    "LimitCPU": several("100  100:200  1min  1500ms  1h:2h  1.5"),
    "LimitNPROC": several("1000  1000:2000  1K"),
    "LimitSTACK": several("8M  8M:16M"),
    "LimitAS": several("4G  4G:8G"),
    "LimitNICE": several("0  -0  41  nonsense"),
    "LimitRTPRIO": several("0  0:0"),
    "CPUSchedulingPolicy": several("other  batch  idle  fifo  rr  nonsense"),
    "CPUSchedulingPriority": several("0  1  10  99  100"),
    "CPUSchedulingResetOnFork": _BOOLEANS,
    "CPUAffinity": several("0  0 1  0-1  0,1  1  nonsense  0-  1-0"),
    "IOSchedulingClass": several("best-effort  idle  none  2  nonsense"),
    "IOSchedulingPriority": several("0  4  7  8"),
    "OOMScoreAdjust": several("0  100  500  1000  1001"),
    "IgnoreSIGPIPE": _BOOLEANS,
    "StandardInput": several("null  file:/etc/hostname  file:/nonexistent  nonsense"),
    "StandardOutput": several("null  file:@state@/out  append:@state@/out  truncate:@state@/out  inherit  file:out"),
    "StandardError": several("null  inherit  file:@state@/err  append:@state@/out  file:/nonexistent/x"),
}  # fmt: skip
_SEEN = several("""cwd  umask  nice  uid  gid  groups  cpus  sched_policy  sched_priority  sched_reset_on_fork  io_class
io_priority  oom_score_adj  signals_ignored  env  file:@state@/out  file:@state@/err
limit:CORE  limit:FSIZE  limit:CPU  limit:NPROC  limit:STACK  limit:AS""")[:-1]

_PIECES = (*several(r"""# comment  ; comment  # comment \  Environment=A=1 \  Environment = A=3  environment=A=5
Environment
=A=6  Environment=A=7 # none  [Service]  [Unit]  [X-Own]  [ Service ]  [service]  Unknown=1  X-Own=1  Environment=
Nice=5  Nice=  Nice=5 # five  UMask=027  UMask=  Environment='A=8  Environment=D=a\x20b  Environment="E=x" 'F=y'
"""), 'Environment="A=9 \\', "  # indented", "   ", "Environment\t=\tA=4", "  Environment=G=1  ", "Environment=C=\\\n1",
    "Environment=A=1 \\\n  B=2", "Environment=A=1 \\\n# hidden\n  B=2", "Environment=A=1 \\\n\n  B=2", "\tNice=4\t",
)  # fmt: skip

Body = tuple[list[str], list[str], dict[str, str]]  # the lines of [Service], what to observe, files


def scenario(seed: int, number: int) -> Scenario:
    """Return one scenario, to be played; its id names it for ever."""
    dice = Dice(f"text/{seed}/{number}")
    lines, observe, files = dice.pick(_ABOUT)(dice)
    hooks = [line for line in ("ExecStopPost=@child@ post",) if dice.chance(0.1)]
    return Scenario(
        id=f"text/{seed}/{number}",
        unit=("[Unit]", "DefaultDependencies=no", "[Service]", *lines, *hooks),
        script={"main": [_FACTS]},
        commands=[(0, "start")],
        until=1200 if any(line.startswith("Restart=") for line in lines) else 600,
        observe=observe,
        files=files,
        named=dice.choice(("", "", f"text-{seed}-{number}@in\\x2dst-a.service")),
    )


def _variables(dice: Dice) -> list[str]:
    quoted = [(name, dice.choice(_QUOTES)) for name in dice.sample(_NAMES, dice.randint(0, 3))]
    return [f"Environment={quote}{name}={dice.choice(_VALUES)}{quote}" for name, quote in quoted]


def _word(dice: Dice) -> str:
    quote = dice.choice(_QUOTES)
    inside = "".join(dice.choice(_ATOMS) for _ in range(dice.pick({1: 6, 2: 2, 3: 1})))
    return f"{quote}{inside}{quote}" if dice.chance(0.95) else f"{quote}{inside}"


def _command_line(dice: Dice) -> Body:
    words = " ".join(_word(dice) for _ in range(dice.randint(1, 5)))
    prefix = "".join(dice.sample("-:+!", dice.pick({0: 6, 1: 3, 2: 1})))
    start = dice.pick({f"{prefix}@child@ main {words}": 8, f"{prefix}@@bin@ zero @state@ main {words}": 1})
    return [*_variables(dice), f"ExecStart={start}"], ["argv", "env"], {}


def _environment(dice: Dice) -> Body:
    counts = [dice.randint(1, 4) for _ in range(dice.randint(0, 3))]
    lines = [f"Environment={' '.join(dice.choice(_ASSIGNMENTS) for _ in range(count))}" for count in counts]
    lines += ["Environment="] if dice.chance(0.1) else []
    dice.shuffle(lines)
    files = {}
    if dice.chance(0.7):
        files["@state@/env"] = "".join(_file_line(dice) for _ in range(dice.randint(1, 5)))
        lines.insert(dice.randint(0, len(lines)), f"EnvironmentFile={dice.choice(('', '-'))}@state@/env")
    lines += [f"UnsetEnvironment={dice.choice(_UNSET)}"] if dice.chance(0.2) else []
    lines += ["PassEnvironment=LANG UNSET"] if dice.chance(0.1) else []
    return [*lines, "ExecStart=@child@ main $A ${C}"], ["argv", "env"], files


def _file_line(dice: Dice) -> str:
    equals, end = dice.choice(("=", "=", "=", " = ", " =")), dice.choice(("\n", "\n", "\n\n", "\r\n"))
    return f"{dice.choice(_FILE_NAMES)}{equals}{dice.choice(_FILE_VALUES)}{end}"


def _valued(dice: Dice) -> Body:
    lines, observe = ["ExecStart=@child@ main"], set()
    for directive in dice.sample(sorted(_VALUED), dice.randint(1, 4)):
        shown, values = _VALUED[directive]
        section = "[Unit]" if directive.startswith(("StartLimit", "Description")) else "[Service]"
        lines += [section, *(f"{directive}={dice.choice(values)}" for _ in range(dice.pick({1: 7, 2: 3})))]
        observe.add(f"prop:{shown}")
    return lines, sorted(observe), {}


def _given(dice: Dice) -> Body:
    chosen = dice.sample(sorted(_GIVEN), dice.randint(1, 6))
    lines = [f"{directive}={dice.choice(_GIVEN[directive])}" for directive in chosen]
    prefix = dice.pick({"": 12, "-": 2, "+": 1, "!": 1})
    observe = [fact for name, fact in (("LimitNOFILE", "limit:NOFILE"), ("StandardOutput", "fds")) if name in chosen]
    return (
        [*lines, f"ExecStart={prefix}@child@ main"],
        [*_SEEN, *observe],
        {"@state@/out": "old contents of this file\n"},
    )


def _syntax(dice: Dice) -> Body:
    lines = [dice.choice(_PIECES) for _ in range(dice.randint(1, 6))]
    lines.insert(dice.randint(0, len(lines)), "ExecStart=@child@ main")
    lines += ["[Service]", "Environment=LAST=1"] if dice.chance(0.5) else []
    return lines, ["argv", "env", "nice", "umask"], {}


_ABOUT: dict[Callable[[Dice], Body], float] = {_command_line: 4, _environment: 3, _valued: 3, _given: 5, _syntax: 2}
