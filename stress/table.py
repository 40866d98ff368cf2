"""What a run found, for people and for programs."""

import json
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The figures of one run."""

    database: str
    storage: str
    seed: int
    seconds: float
    kills: int
    figures: dict[str, int]
    """In the order in which they are shown."""
    errors: dict[str, int]
    examples: dict[str, str]
    violations: list[tuple[str, str]]
    command: str
    broken: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "broken", bool(self.violations))

    def as_json(self) -> str:
        """One JSON object."""
        return json.dumps({name: getattr(self, name) for name in self.__slots__}, indent=2)

    def as_table(self) -> str:
        """Lines for a terminal."""
        rows = [("seconds", f"{self.seconds:.1f}"), ("kills", f"{self.kills:,}")]
        rows += [(name, f"{count:,}") for name, count in self.figures.items()]
        rows += [(f"failed: {name}", f"{count:,}  ({self.examples[name]})") for name, count in self.errors.items()]
        width = max(len(name) for name, _ in rows)
        lines = [f"{self.database} + {self.storage}, seed {self.seed}"]
        lines += [f"  {name:<{width}}  {value}" for name, value in rows]
        lines += [f"  VIOLATION {what}: {sentence}" for what, sentence in self.violations[:20]]
        if len(self.violations) > 20:
            lines.append(f"  … and {len(self.violations) - 20} more violations")
        if self.violations:
            lines.append(f"The same decisions again: {self.command}")
        return "\n".join(lines)
