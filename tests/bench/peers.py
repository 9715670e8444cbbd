"""The peers: each started on loopback with a free port and a folder of its own, stopped by pid."""

import os
import shutil
import socket
import subprocess
import time

from world import free_port

HOST = "127.0.0.1"
LIBRARIES = "/usr/lib/postgresql/15/bin"


class Missing(Exception):
    """This peer is not on this machine, or not in this build of bench_load."""


def which(name):
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:" + LIBRARIES)
    if found is None:
        raise Missing(f"{name} is not installed (deploy/install-deps --bench)")
    return found


def output(*line):
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    return (done.stdout + done.stderr).strip().splitlines()


def can_connect(port):
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False


class Peer:
    """name: of the driver; title: in the tables; batch: events of one request."""

    name = title = settings = ""
    batch = 1
    durable = True

    def __init__(self, options):
        self.options = options
        self.processes = []
        self.folder = os.path.join(options.work, "peer-" + self.name)
        self.log = os.path.join(options.world.logs, self.name + ".log")
        self.port = 0

    def __enter__(self):
        self.check()
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder, mode=0o755)
        self.port = free_port()
        try:
            self.start()
            self.prepare()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *error):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        return False

    def check(self):
        """Raises Missing."""

    def prepare(self):
        """Tables and the like."""

    def trim(self):
        """Drops what earlier rounds have stored."""

    def spawn(self, line, user=None, **environment):
        if user is not None and os.geteuid() == 0:
            shutil.chown(self.folder, user, user)
            line = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *line]
        with open(self.log, "ab") as log:
            process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       cwd=self.folder, env={**os.environ, **environment},
                                       start_new_session=True)
        self.processes.append(process)
        return process

    def wait(self, port, seconds=60):
        deadline = time.monotonic() + seconds
        while not can_connect(port):
            ended = any(one.poll() is not None for one in self.processes)
            if ended or time.monotonic() > deadline:
                raise Missing(f"{self.title} does not start, see {self.log}")
            time.sleep(0.05)

    def stop(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        for process in reversed(self.processes):
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []

    @property
    def pids(self):
        return [one.pid for one in self.processes]

    def words(self):
        return ["--peer", self.name, "--host", HOST, "--port", str(self.port)]


class Redis(Peer):
    name, title = "redis", "Redis, one event a request"
    settings = "appendonly yes, appendfsync always, no snapshots, no rewrite; a stream"

    def check(self):
        which("redis-server")

    def version(self):
        return output(which("redis-server"), "--version")[0]

    def start(self):
        self.spawn([which("redis-server"), "--bind", HOST, "--port", str(self.port), "--dir",
                    self.folder, "--appendonly", "yes", "--appendfsync", "always", "--save", "",
                    "--auto-aof-rewrite-percentage", "0", "--daemonize", "no"])
        self.wait(self.port)

    def trim(self):
        with socket.create_connection((HOST, self.port), timeout=30) as link:
            link.sendall(b"DEL ev\r\n")
            link.recv(64)


class Postgres(Peer):
    name, title, batch = "postgres", "PostgreSQL, 100 events a transaction", 100
    settings = ("fsync on, synchronous_commit on, shared_buffers 512MB, max_wal_size 4GB, "
                "autovacuum off; ev(seq bigserial primary key, d bytea)")

    def check(self):
        for name in ("initdb", "postgres", "psql"):
            which(name)

    def version(self):
        return output(which("postgres"), "--version")[0]

    def start(self):
        user = "postgres" if os.geteuid() == 0 else None
        data = os.path.join(self.folder, "data")
        first = self.spawn([which("initdb"), "-D", data, "-U", "bench", "--auth=trust",
                            "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"], user)
        if first.wait(timeout=120) != 0:
            raise Missing(f"initdb fails, see {self.log}")
        self.processes = []
        settings = {"listen_addresses": HOST, "port": self.port,
                    "unix_socket_directories": self.folder, "fsync": "on",
                    "synchronous_commit": "on", "shared_buffers": "512MB",
                    "max_wal_size": "4GB", "autovacuum": "off"}
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self.spawn([which("postgres"), "-D", data, *words], user)
        self.wait(self.port)

    def query(self, text):
        for _ in range(100):
            done = subprocess.run([which("psql"), "-h", HOST, "-p", str(self.port), "-U", "bench",
                                   "-qc", text, "postgres"], capture_output=True, text=True,
                                  timeout=120, check=False)
            if done.returncode == 0:
                return
            time.sleep(0.1)
        raise Missing(f"PostgreSQL: {done.stderr}")

    def prepare(self):
        self.query("CREATE TABLE ev(seq bigserial primary key, d bytea)")

    def trim(self):
        self.query("TRUNCATE ev")


class Rabbit(Peer):
    name, title = "rabbit", "RabbitMQ quorum queue, confirms"
    settings = "one node, x-queue-type quorum, delivery mode 2, publisher confirms"
    sbin = "/usr/lib/rabbitmq/bin/rabbitmq-server"

    def check(self):
        which("epmd")
        if not os.path.exists(self.sbin):
            raise Missing("rabbitmq-server is not installed (deploy/install-deps --bench)")

    def version(self):
        lines = output("dpkg-query", "-W", "-f=rabbitmq-server ${Version}", "rabbitmq-server")
        return lines[0] if lines else "rabbitmq-server"

    def start(self):
        names = free_port()
        self.spawn([which("epmd"), "-port", str(names), "-address", HOST])
        plugins = os.path.join(self.folder, "enabled_plugins")
        with open(plugins, "w", encoding="utf-8") as out:
            out.write("[].\n")
        self.spawn([self.sbin], HOME=self.folder, ERL_EPMD_PORT=str(names),
                   RABBITMQ_NODENAME=f"bench{self.port}@localhost",
                   RABBITMQ_NODE_IP_ADDRESS=HOST, RABBITMQ_NODE_PORT=str(self.port),
                   RABBITMQ_DIST_PORT=str(free_port()), RABBITMQ_ENABLED_PLUGINS_FILE=plugins,
                   RABBITMQ_MNESIA_BASE=os.path.join(self.folder, "mnesia"),
                   RABBITMQ_LOG_BASE=os.path.join(self.folder, "log"),
                   RABBITMQ_CONFIG_FILE=os.path.join(self.folder, "none"),
                   RABBITMQ_PID_FILE=os.path.join(self.folder, "pid"))
        self.wait(self.port, 120)


class Nats(Peer):
    name, title, durable = "nats", "NATS JetStream, file storage", False
    settings = "one node, file storage, the server's own sync interval (2 min): not synced first"

    def check(self):
        which("nats-server")

    def version(self):
        return output(which("nats-server"), "--version")[0]

    def start(self):
        self.spawn([which("nats-server"), "-a", HOST, "-p", str(self.port), "-js", "-sd",
                    self.folder])
        self.wait(self.port)


PEERS = (Redis, Postgres, Rabbit, Nats)
