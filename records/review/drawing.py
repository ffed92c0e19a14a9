"""The state table of a submission as a Mermaid diagram."""

from collections.abc import Iterator

from records.review.steps import STEPS


def drawing() -> str:
    """Draw the state table as a Mermaid diagram; `docs/states.md` is this text."""
    return "\n".join(["# States of a submission", "", "```mermaid", *_lines(), "```", ""])


def _lines() -> Iterator[str]:
    yield "stateDiagram-v2"
    yield "    [*] --> DRAFT"
    for verb, step in STEPS.items():
        for source, needs in step.needs.items():
            reason = ", with a reason" if step.reason else ""
            yield f"    {source} --> {step.target}: {verb} ({needs}{reason})"
