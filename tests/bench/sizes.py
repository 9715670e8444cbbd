"""(e) bytes an event on the wire and on the disk, beside NATS holding the same bytes."""

import json
import os
import selectors
import socket
import subprocess
import threading

import load
from hub import Hub
from peers import HOST, Missing, Nats
from world import STATIONS


class Counter(threading.Thread):
    """A TCP relay on loopback that counts what passes, both ways."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.target = port
        self.bytes = 0
        self.ending = False
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ, None)

    def accept(self):
        client, _ = self.listener.accept()
        server = socket.create_connection((HOST, self.target))
        for one, other in ((client, server), (server, client)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.selector.register(one, selectors.EVENT_READ, other)

    def pass_on(self, one, other):
        try:
            data = one.recv(1 << 16)
            if data:
                other.sendall(data)
                self.bytes += len(data)
                return
        except OSError:
            pass
        for end in (one, other):
            try:
                self.selector.unregister(end)
            except (KeyError, ValueError):
                pass
            end.close()

    def run(self):
        while not self.ending:
            for key, _ in self.selector.select(0.2):
                if key.data is None:
                    self.accept()
                elif key.fileobj.fileno() >= 0:
                    self.pass_on(key.fileobj, key.data)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.ending = True
        self.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()


def disk(folder):
    """Bytes the files below folder take on the disk."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            total += os.lstat(os.path.join(where, name)).st_blocks * 512
    return total


def port_of(endpoint):
    return int(endpoint.rpartition(":")[2])


def account(options, store):
    """Bytes of a store by what they are for: name -> bytes. The sum is the file."""
    words = [options.builds.tool("store_bytes"), store]
    found = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
    parts = {}
    for table in found["tables"]:
        left = table["pages"]
        for kind in table["kinds"]:
            size = kind["nodes"] + kind["large"]
            parts[f"{table['table']} {kind['kind']}"] = size
            left -= size
        parts[f"{table['table']}: branches and gaps"] = left
    parts["free pages"] = found["free"]
    return parts


def grown(before, after, events):
    """What each part grew by, bytes an event, largest first."""
    by = {name: (after.get(name, 0) - before.get(name, 0)) / events for name in {*before, *after}}
    return {name: round(by[name], 1) for name in sorted(by, key=lambda name: -by[name])
            if abs(by[name]) >= 0.05}


def ours(options, count, parts):
    hub = Hub(options, "hub-e")
    store = os.path.join(hub.folder, "store")
    before = disk(store)
    stood = account(options, store)
    with hub:
        with Counter(port_of(hub.endpoint)) as counter:
            hub.endpoint = f"tcp://{HOST}:{counter.port}"
            found = hub.push(count, 100, 1000, STATIONS, *(["--parts"] if parts else []))
        hub.stop()
        after = disk(store)
        stands = account(options, store)
    return {**result(found, counter.bytes, after - before),
            "by": grown(stood, stands, found["events"])}


def nats(options, count, parts):
    with Nats(options) as peer:
        before = disk(peer.folder)
        with Counter(peer.port) as counter:
            words = ["--peer", peer.name, "--host", HOST, "--port", str(counter.port),
                     "--events", options.events, "--clients", str(STATIONS),
                     "--window", "400", "--batch", "1", "--count", str(count),
                     *(["--parts"] if parts else [])]
            found = load.run(options.builds, words, peer.pids)
        peer.stop()
        after = disk(peer.folder)
    return result(found, counter.bytes, after - before)


def result(found, wire, kept):
    if found["refused"]:
        raise load.Failed(f"{found['refused']} events were refused")
    return {"events": found["events"], "wire": wire / found["events"],
            "disk": kept / found["events"]}


def sizes(options, say):
    """Events alone, and events with the sealed parts that hold their Chinese form text."""
    found = {"what": "bytes an event, handshakes, answers and acknowledgements included"}
    for name, count, parts in (("events", options.events_each - options.events_each % 100, False),
                               ("with_parts", options.parts_each, True)):
        say(f"e: {name}, {count} events a station")
        found[name] = {"jieli": ours(options, count, parts)}
        try:
            found[name]["nats"] = nats(options, count, parts)
        except Missing as why:
            found["missing"] = {"nats": str(why)}
            continue
        found[name]["ratio"] = {key: found[name]["jieli"][key] / found[name]["nats"][key]
                                for key in ("wire", "disk")}
    return found
