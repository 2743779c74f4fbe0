#!/usr/bin/python3
"""Loads a memcached on the loopback and checks its answers.

	memcached-load.py PORT ROUNDS

Eight connections set, read, count and delete keys in turn. Prints how many answers there were and how many were not the right
one; exits with 0 if none was wrong.
"""
import socket
import sys

CONNECTIONS, KEYS = 8, 50


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.answers = self.socket.makefile("rb")

    def ask(self, request, lines):
        """The next so many lines of the answer."""
        self.socket.sendall(request.encode() + b"\r\n")
        return [self.answers.readline().decode().rstrip("\r\n") for _ in range(lines)]


def conversation(key, value):
    """Requests and their right answers."""
    return [
        (f"set {key} 7 0 {len(value)}\r\n{value}", ["STORED"]),
        (f"get {key}", [f"VALUE {key} 7 {len(value)}", value, "END"]),
        (f"set n{key} 0 0 2\r\n41", ["STORED"]),
        (f"incr n{key} 1", ["42"]),
        (f"delete n{key}", ["DELETED"]),
        (f"get n{key}", ["END"]),
    ]


def main(port, rounds):
    clients = [Client(port) for _ in range(CONNECTIONS)]
    asked = wrong = 0
    for number in range(rounds * KEYS):
        client = clients[number % CONNECTIONS]
        for request, right in conversation(f"key{number % KEYS}", f"value {number} " * (1 + number % 100)):
            asked += 1
            wrong += client.ask(request, len(right)) != right
    print(f"{asked} answers, {wrong} of them wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
