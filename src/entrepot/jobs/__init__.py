"""The engine's harness: queues, schedules, progress, logs, stopping. It knows no task."""
