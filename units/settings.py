"""What a file of ours says for the supervisor itself: the `supervisor:` block."""

from collections.abc import Iterable

from .light import dataclass, field


@dataclass(frozen=True)
class Settings:
    """The `supervisor:` block. default_environment is under the supervisor's own environment, which wins.

    log_directory: where the services' output goes, `${NAME}` still in it; None for the state folder.
    default_standard_output, default_standard_error: StandardOutput= and StandardError= of services that do not say.
    leftovers: what becomes of services that run on although their supervisor was killed: grammar.LEFTOVERS.
    """

    default_environment: dict[str, str] = field(default_factory=dict)
    log_directory: str | None = None
    default_standard_output: str | None = None
    default_standard_error: str | None = None
    leftovers: str | None = None


def together(all_settings: Iterable[Settings]) -> Settings:
    """Return what several files say; of two that say the same the later one counts."""
    whole = Settings()
    for each in all_settings:
        whole = Settings(
            whole.default_environment | each.default_environment,
            each.log_directory or whole.log_directory,
            each.default_standard_output or whole.default_standard_output,
            each.default_standard_error or whole.default_standard_error,
            each.leftovers or whole.leftovers,
        )
    return whole
