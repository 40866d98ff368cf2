"""The page that tells what Harbor's settings do here: `python tests/harbor/configuration_page.py` writes it anew."""

from pathlib import Path

from entrepot.model.configuration import SETTINGS, UNUSED, Setting

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def page() -> str:
    """The text of the page."""
    obeyed = [setting for setting in SETTINGS.values() if setting.changeable and setting.effect != UNUSED]
    kept = [setting for setting in SETTINGS.values() if setting.changeable and setting.effect == UNUSED]
    told = [setting for setting in SETTINGS.values() if not setting.changeable]
    return "\n".join(
        [
            "# Configuration of the running system",
            "",
            "Administrators read and change it by `/api/v2.0/configurations`, in Harbor's words. What is set before a",
            "start is in [settings](settings.md) instead. Every value is checked against its kind; a change is obeyed",
            "by every process at its next look, and is an event (`configuration:changed`).",
            "",
            "## What they do",
            "",
            "| name | kind | default | effect |",
            "|---|---|---|---|",
            *(f"| `{one.name}` | {one.kind.value} | {_default(one)} | {one.effect} |" for one in obeyed),
            "",
            "## Kept, without an effect yet",
            "",
            "They are checked, kept and given back, so that scripts and Terraform find what they wrote.",
            "",
            "| name | kind | default |",
            "|---|---|---|",
            *(f"| `{one.name}` | {one.kind.value} | {_default(one)} |" for one in kept),
            "",
            "## Not to be changed here",
            "",
            "Harbor takes these from the environment of its services. Here they are only known, so that a request",
            "which names one is no error:",
            ", ".join(f"`{one.name}`" for one in told) + ".",
            "",
        ]
    )


def _default(setting: Setting) -> str:
    value = setting.default
    if value == "":
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    PAGE.write_text(page())
