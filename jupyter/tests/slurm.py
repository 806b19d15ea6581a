"""A Slurm cluster for tests: a controller and two nodes of one core, all on this machine and in one folder.

    python slurm.py FOLDER

runs it: prints a line when it is ready, starts the daemon that a line of its input names, and ends with its input.
So it ends whatever happens to the tests. It adopts everything that its daemons start, and kills all of it. A Slurm
of the system is never touched: this one has a configuration, a key, a socket and ports of its own.
"""

import contextlib
import ctypes
import getpass
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

DAEMONS = ("munged", "slurmctld")
NODES = ("n1", "n2")
PROGRAMS = (*DAEMONS, "slurmd", "sbatch")
INSTALL = "apt-get install --no-install-recommends slurm-wlm munge"
# Debian's users do not have the daemons' folder in their PATH.
PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
# Timeouts are short, so that a lost node is noticed within seconds; a real cluster waits for minutes.
CONFIGURATION = """
ClusterName=hinge
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
SlurmctldPort={ports[0]}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=4
SlurmctldTimeout=4
MessageTimeout=4
KillWait=1
MinJobAge=300
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1,sched_min_interval=1
MpiDefault=none
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1 RealMemory=4000 State=UNKNOWN
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1 RealMemory=4000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> list[str]:
    """The programs of Slurm that are not installed."""
    return [program for program in PROGRAMS if not shutil.which(program, path=PATH)]


def wait_until(holds, seconds: float = 60) -> bool:
    limit = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < limit:
        time.sleep(0.05)
    return bool(held)


# The cluster, as tests see it.


@dataclass
class Cluster:
    """A running cluster; `environment` leads Slurm's commands, and programs that call them, to it."""

    folder: Path
    supervisor: psutil.Popen

    @property
    def environment(self) -> dict[str, str]:
        # A job that runs the tests has variables of its own, which its jobs must not inherit.
        outer = {name: value for name, value in os.environ.items() if not re.match("SLURM|SBATCH|SQUEUE", name)}
        return outer | {"PATH": PATH, "SLURM_CONF": str(self.folder / "slurm.conf")}

    def call(self, *command: object) -> str:
        """Runs one of Slurm's commands, and returns what it prints."""
        words = [str(word) for word in command]
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
        return done.stdout

    def jobs(self, state: str = "all") -> list[str]:
        """Tasks in a state, such as `running` or `failed`, as `ID_INDEX`."""
        return self.call("squeue", "--noheader", "--array", f"--states={state}", "--format=%i").split()

    def restarts(self, job: str) -> int:
        """How often tasks of a job were requeued."""
        return sum(map(int, re.findall(r"Restarts=(\d+)", self.call("scontrol", "show", "job", job))))

    def nodes(self) -> dict[str, str]:
        """The state of each node, such as `idle`."""
        return dict(line.split() for line in self.call("sinfo", "--noheader", "--Node", "--format=%N %t").splitlines())

    def ready(self) -> bool:
        with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
            return set(self.nodes().values()) <= {"idle", "mix", "alloc"}
        return False

    def tasks(self, node: str | None = None) -> list[psutil.Process]:
        """The processes of tasks, on a node or on all of them."""
        found = []
        for process in self.supervisor.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                name = process.environ().get("SLURMD_NODENAME")
                if name in ([node] if node else NODES):
                    found.append(process)
        return found

    def start(self, daemon: str) -> None:
        """Starts a daemon that has ended, and waits until the cluster is ready."""
        self.supervisor.stdin.write(f"{daemon}\n")
        self.supervisor.stdin.flush()
        assert wait_until(self.ready), self.logs()

    def find(self, daemon: str) -> list[psutil.Process]:
        """The process of a daemon, if it runs."""
        return [process for process in self.supervisor.children() if is_daemon(process, daemon)]

    def kill(self, daemon: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Kills a daemon; a node dies with the tasks that run on it."""
        killed = self.find(daemon)
        assert killed, f"{daemon} does not run"
        for task in self.tasks(daemon) if daemon in NODES else ():
            with contextlib.suppress(psutil.NoSuchProcess):
                # The ancestor of a task on its node is a slurmstepd.
                killed += [task, *(parent for parent in task.parents() if parent.name().startswith("slurmstepd"))]
        for process in killed:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        assert wait_until(lambda: not self.find(daemon))

    def finish(self) -> None:
        """Waits until no task is left. Requeued tasks start at once, which Slurm would hold for two minutes."""

        def done() -> bool:
            for line in self.call("squeue", "--noheader", "--array", "--states=pending", "--format=%i %r").splitlines():
                task, reason = line.split(maxsplit=1)
                if reason == "BeginTime":
                    self.call("scontrol", "update", f"JobId={task}", "StartTime=now")
            return not self.call("squeue", "--noheader").strip()

        assert wait_until(done, 120), self.logs()

    def restore(self) -> None:
        """Cancels every task and starts what has ended, for the next test."""
        for daemon in (*DAEMONS, *NODES):
            if not self.find(daemon):
                self.start(daemon)
        self.call("scancel", f"--user={getpass.getuser()}")
        self.finish()

    def logs(self) -> str:
        return "\n".join(f"{log.name}:\n{log.read_text()[-2000:]}" for log in sorted(self.folder.glob("*.log")))


def is_daemon(process: psutil.Process, name: str) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        command = process.cmdline()
        return bool(command) and (Path(command[0]).name == name or command[-2:] == ["-N", name])
    return False


@contextlib.contextmanager
def cluster():
    """Starts a cluster, and ends it with everything that it has started."""
    # Not pytest's folder: the path of a socket has 107 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="hinge-slurm-"))
    command = [sys.executable, __file__, str(folder)]
    # In a session of its own, Ctrl-C ends the tests first.
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "start_new_session": True}
    with psutil.Popen(command, **pipes) as supervisor:
        started = Cluster(folder, supervisor)
        try:
            supervisor.stdout.readline()
            assert wait_until(started.ready), started.logs()
            yield started
        finally:
            supervisor.stdin.close()
            supervisor.wait(60)


# The process that runs it.


def free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def commands(folder: Path) -> dict[str, list[str]]:
    """How each daemon is started, in the foreground."""
    files = {"key-file": "munge.key", "socket": "munge.socket", "pid-file": "munge.pid", "seed-file": "munge.seed"}
    options = [f"--{option}={folder / name}" for option, name in files.items()]
    return {
        "munged": ["munged", "--foreground", "--force", f"--log-file={folder / 'munged.log'}", *options],
        # -i: a state that was not saved is not missed.
        "slurmctld": ["slurmctld", "-D", "-i"],
        **{node: ["slurmd", "-D", "-N", node] for node in NODES},
    }


def write_configuration(folder: Path) -> None:
    host, user = socket.gethostname().split(".")[0], getpass.getuser()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    text = CONFIGURATION.format(host=host, user=user, folder=folder, ports=free_ports(3))
    (folder / "slurm.conf").write_text(text)
    (folder / "cgroup.conf").write_text("CgroupPlugin=autodetect\n")
    for name in ("state", *NODES):
        (folder / name).mkdir()


def reap(*_) -> None:
    """Waits for the children that have ended, adopted ones among them."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def supervise(folder: Path) -> None:
    """Runs the cluster until the input ends, or until it is terminated."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # not without the daemons
    # PR_SET_CHILD_SUBREAPER: orphans of the daemons become children of this process.
    ctypes.CDLL(None).prctl(36, 1)
    write_configuration(folder)
    environment = os.environ | {"PATH": PATH, "SLURM_CONF": str(folder / "slurm.conf")}
    signal.signal(signal.SIGCHLD, reap)

    def start(daemon: str) -> None:
        with (folder / f"{daemon}.err").open("ab") as errors:
            command = commands(folder)[daemon]
            subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)

    try:
        for daemon in (*DAEMONS, *NODES):
            start(daemon)
            wait_until((folder / "munge.socket").exists)
        print("started", flush=True)
        for line in sys.stdin:
            start(line.strip())
    finally:
        # Until nobody is left: what is killed leaves orphans, and daemons start others meanwhile.
        while children := psutil.Process().children(recursive=True):
            for child in children:
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
            time.sleep(0.02)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    supervise(Path(sys.argv[1]))
