"""The database that somebody else holds: changes on their way to the disk, and a disk that takes none."""
import sqlite3
import subprocess
import threading


def make(server):
    class Held:
        """Nobody else can write; what arrives meanwhile waits, for 3 s."""

        def __enter__(self):
            self.db = sqlite3.connect(server.data + "/tessera.db", isolation_level=None)
            self.db.execute("BEGIN IMMEDIATE")
            self.calls = []
            return self

        def rest(self, *request):
            """Sent, and answered once the database is free."""
            call = threading.Thread(target=lambda: replies.append(server.rest(*request)))
            replies, before = [], connections()
            call.start()
            server.wait(lambda: replies or connections() > before, 2)
            self.calls.append((call, replies))

        def __exit__(self, *_):
            self.db.execute("ROLLBACK")
            self.db.close()
            for call, _ in self.calls:
                call.join()

        def statuses(self):
            return [replies[0].status for _, replies in self.calls]

    def connections():
        text = server.get("/metrics").body.decode()
        return int(float(text.split("\ntessera_http_connections ")[1].split("\n")[0]))

    def changes_at_the_same_time_keep_each_other():
        room = server.room()
        server.link(room, seat="one")
        with Held() as held:
            held.rest("POST", f"/rooms/{room}/participants/one/mute", {"muted": True})
            held.rest("POST", f"/rooms/{room}/participants/one/tier", {"tier": "C"})
            held.rest("POST", f"/rooms/{room}/links", {"role": "interpreter", "name": "Renamed", "seat": "one"})
        assert held.statuses() == [204, 204, 201]
        for _ in range(2):
            p = server.inspect(room)["participants"][0]
            assert (p["muted"], p["tier_cap"], p["name"], p["role"]) == (True, "C", "Renamed", "interpreter"), p
            server.stop()
            server.start()

    def a_change_does_not_bring_back_who_was_removed():
        room = server.room()
        server.link(room, seat="one")
        with Held() as held:
            held.rest("DELETE", f"/rooms/{room}/participants/one")
            held.rest("POST", f"/rooms/{room}/participants/one/mute", {"muted": True})
            held.rest("POST", f"/rooms/{room}/participants/one/tier", {"tier": "C"})
        assert server.inspect(room)["participants"] == []

    def links_at_the_same_time_do_not_overfill_a_room():
        room = server.room()
        server.link(room, seat="one")
        with Held() as held:
            for i in range(5):
                held.rest("POST", f"/rooms/{room}/links", {"role": "guest", "name": "N", "seat": f"s{i}"})
        assert sorted(held.statuses()) == [201, 201, 201, 503, 503]
        assert len(server.inspect(room)["participants"]) == 4
        server.rest("DELETE", f"/rooms/{room}/participants/one")
        server.link(room, seat="five")

    def what_cannot_be_written_is_refused_and_readiness_comes_back():
        room = server.room()
        link = server.link(room, seat="one")
        with Held():
            r = server.rest("POST", f"/rooms/{room}/participants/one/mute", {"muted": True})
            assert r.status == 503 and r.json()["code"] == "unavailable" and r.headers["Retry-After"]
            assert server.get("/readyz").status == 503 and server.get("/healthz").status == 200
            assert server.inspect(room)["participants"][0]["muted"] is False
            assert server.get("/j/" + link["token"]).status == 200
        server.wait(lambda: server.get("/readyz").status == 200, 6)
        assert server.rest("POST", f"/rooms/{room}/participants/one/mute", {"muted": True}).status == 204

    def a_damaged_or_newer_database_ends_the_start():
        server.stop()
        path = server.data + "/tessera.db"
        with open(path, "rb") as f:
            whole = f.read()
        with sqlite3.connect(path) as db:
            db.execute("PRAGMA user_version = 99")
        db.close()
        assert server.fails_to_start("newer")
        with open(path, "wb") as f:
            f.write(b"not a database" * 1000)
        assert server.fails_to_start("database")
        with open(path, "wb") as f:
            f.write(whole)
        server.start()

    def a_start_that_fails_late_lets_the_trail_be_written():
        """What the store's thread has begun it ends: at exit OpenSSL is taken from under it."""
        server.stop()
        with open(server.config, encoding="utf-8") as f:
            kept = f.read()
        with open(server.config, "a", encoding="utf-8") as f:
            f.write("[s3]\nendpoint = https://s3.example\nbucket = b\ncredentials = /nonexist\n")
        for _ in range(5):
            before = server.trail().count('"started"')
            r = subprocess.run(server.command(), capture_output=True, text=True, timeout=10)
            assert r.returncode == 1 and "Assertion" not in r.stderr and "credentials" in r.stderr, r.stderr
            assert server.trail().count('"started"') == before + 1
        with open(server.config, "w", encoding="utf-8") as f:
            f.write(kept)
        server.start()

    return [a_start_that_fails_late_lets_the_trail_be_written, changes_at_the_same_time_keep_each_other, a_change_does_not_bring_back_who_was_removed, links_at_the_same_time_do_not_overfill_a_room,
            what_cannot_be_written_is_refused_and_readiness_comes_back, a_damaged_or_newer_database_ends_the_start]
