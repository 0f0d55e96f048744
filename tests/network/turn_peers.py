#!/usr/bin/env python3
"""Asks a TURN server for permission to send to peers (RFC 8656): turn_peers.py SERVER SECRET PEER...
Prints {"anonymous": code, "expired": code, "peers": {peer: code}}; 0 is success."""
import base64
import hashlib
import hmac
import ipaddress
import json
import os
import socket
import struct
import sys
import time

COOKIE = 0x2112A442
ALLOCATE, PERMISSION = 0x003, 0x008
USERNAME, INTEGRITY, ERROR, REALM, NONCE, PEER, TRANSPORT, FAMILY = 0x006, 0x008, 0x009, 0x014, 0x015, 0x012, 0x019, 0x017


def attribute(kind, value):
    return struct.pack("!HH", kind, len(value)) + value + b"\0" * (-len(value) % 4)


def xor_address(peer, transaction):
    a = ipaddress.ip_address(peer)
    key = struct.pack("!I", COOKIE) + transaction
    packed = bytes(x ^ y for x, y in zip(a.packed, key))
    return struct.pack("!BBH", 0, 1 if a.version == 4 else 2, 5000 ^ (COOKIE >> 16)) + packed


class Client:
    def __init__(self, server, secret, expiry):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(3)
        self.socket.connect((server, 3478))
        self.user = f"{expiry}:seat{os.urandom(4).hex()}"  # quotas count by name
        self.password = base64.b64encode(hmac.new(secret.encode(), self.user.encode(), hashlib.sha1).digest()).decode()
        self.realm = self.nonce = b""

    def ask(self, method, attributes, peer=None, signed=True):
        transaction = os.urandom(12)
        body = attributes + (attribute(PEER, xor_address(peer, transaction)) if peer else b"")
        if signed:
            body += attribute(USERNAME, self.user.encode()) + attribute(REALM, self.realm) + attribute(NONCE, self.nonce)
            head = struct.pack("!HHI", method, len(body) + 24, COOKIE) + transaction
            key = hashlib.md5(f"{self.user}:{self.realm.decode()}:{self.password}".encode()).digest()
            body += attribute(INTEGRITY, hmac.new(key, head + body, hashlib.sha1).digest())
        self.socket.send(struct.pack("!HHI", method, len(body), COOKIE) + transaction + body)
        return self.read(transaction)

    def read(self, transaction):
        while True:
            data = self.socket.recv(2048)
            if data[8:20] == transaction:
                break
        code, at = 0, 20
        while at + 4 <= len(data):
            kind, length = struct.unpack("!HH", data[at : at + 4])
            value = data[at + 4 : at + 4 + length]
            if kind == ERROR:
                code = (value[2] & 7) * 100 + value[3]
            elif kind == REALM:
                self.realm = value
            elif kind == NONCE:
                self.nonce = value
            at += 4 + length + (-length % 4)
        return code

    def allocate(self, family):
        """-> codes of the anonymous and of the signed request"""
        wanted = attribute(TRANSPORT, b"\x11\0\0\0") + attribute(FAMILY, bytes([family, 0, 0, 0]))
        return self.ask(ALLOCATE, wanted, signed=False), self.ask(ALLOCATE, wanted)


def permission(server, secret, peer):
    family = ipaddress.ip_address(peer).version == 4 and 1 or 2  # an IPv6 peer needs an IPv6 relay
    client = Client(server, secret, int(time.time()) + 600)
    code = client.allocate(family)[1]
    return code or client.ask(PERMISSION, b"", peer=peer)


def main(server, secret, *peers):
    anonymous, _ = Client(server, secret, int(time.time()) + 600).allocate(1)
    _, expired = Client(server, secret, int(time.time()) - 60).allocate(1)
    print(json.dumps({"anonymous": anonymous, "expired": expired, "peers": {p: permission(server, secret, p) for p in peers}}))


main(*sys.argv[1:])
