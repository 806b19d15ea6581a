"""Runs a command as an array of HyperQueue's tasks, on a server and two workers of one core in this process.

    python submit.py FOLDER TASKS COMMAND...

FOLDER is for the server's files and for what the tasks print. It ends with an error if a task fails.
"""

import os
import sys

from hyperqueue import Job
from hyperqueue.cluster import LocalCluster, WorkerConfig


def main(folder: str, tasks: str, *command: str) -> None:
    job = Job(default_workdir=folder, default_env=dict(os.environ))
    for _ in range(int(tasks)):
        job.program(list(command))
    with LocalCluster(folder) as cluster:
        for _ in range(2):
            cluster.start_worker(WorkerConfig(cores=1))
        client = cluster.client()
        client.wait_for_jobs([client.submit(job)])


if __name__ == "__main__":
    main(*sys.argv[1:])
