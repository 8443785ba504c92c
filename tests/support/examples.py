"""How many examples hypothesis tries: all of them with `--hypothesis-profile thorough`, a share of them otherwise."""

from hypothesis import settings


def examples(count: int) -> settings:
    """Return settings with so many examples, or with the share of them that the profile in force has."""
    profile = settings.get_profile(settings.get_current_profile_name())
    return settings(max_examples=max(5, count * profile.max_examples // 100))
