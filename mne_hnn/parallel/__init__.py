"""Work in parallel: processes of this machine, clusters, executors of users. Nothing here knows what is computed."""

from .executors import EXECUTORS, check_executor, opened
from .packed import Lost
from .retries import run_with_retries
from .tasks import run_tasks
from .workers import WorkerPool, close_workers, n_workers, pool

__all__ = [
    "EXECUTORS",
    "Lost",
    "WorkerPool",
    "check_executor",
    "close_workers",
    "n_workers",
    "opened",
    "pool",
    "run_tasks",
    "run_with_retries",
]
