"""What a recording proves: that damage, cuts and missing ends are said by the tool and by REST, and never signed, played on or sealed away."""
import json
import os
import shutil
import subprocess

from harness import hear, programs, say, x25519_pair


def make(server):
    def tool(*arguments):
        return subprocess.run([programs() + "/tessera-recording", *arguments], capture_output=True, text=True, timeout=60)

    key = f"{server.data}/gateway.pub"
    private = f"{server.data}/recording.key"
    trail = f"{server.data}/audit.log"

    def state(recording):
        return server.rest("GET", "/recordings/" + recording).json()

    async def recorded(segments=2):
        """A recording that has ended, of real segments whose heads are anchored; and its folder."""
        room = server.room(recording="announced")
        ws, _ = await server.join(server.link(room, seat="who"))
        await say(ws, type="offer", sdp="v=0")
        await hear(ws, "answer")
        recording = server.rest("POST", f"/rooms/{room}/record", {"action": "start"}).json()["recording"]
        server.wait(lambda: state(recording)["segments"] and state(recording)["segments"][0]["head"], 3)
        server.film(recording, segments=segments)
        for n in range(1, segments):
            assert server.rest("POST", f"/rooms/{room}/record", {"action": "pause"}).status == 200
            server.wait(lambda n=n: state(recording)["segments"][n - 1]["state"] == "complete", 3)
            assert server.rest("POST", f"/rooms/{room}/record", {"action": "resume"}).status == 200
            server.wait(lambda n=n: len(state(recording)["segments"]) == n + 1, 3)
        assert server.rest("POST", f"/rooms/{room}/record", {"action": "stop"}).status == 200
        server.wait(lambda: state(recording)["state"] == "ended", 3)
        return recording, f"{server.data}/recordings/{recording}"

    def flip(path):
        with open(path, "r+b") as f:
            f.seek(os.path.getsize(path) // 2)
            byte = f.read(1)[0]
            f.seek(-1, 1)
            f.write(bytes([byte ^ 1]))

    def link(recording, what, **more):
        reply = server.rest("POST", f"/recordings/{recording}/links", {"what": what, **more})
        assert reply.status == 201, reply.body
        return "/r/" + reply.json()["url"].split("/r/")[1]

    def export(folder, *more):
        out = server.folder + "/out.mp4"
        return tool("export", "--private", private, "--out", out, *more, folder)

    def verify(folder, *more):
        return tool("verify", "--key", key, *more, folder)

    async def what_is_whole_is_proven_signed_and_exported():
        recording, folder = await recorded()
        verdict = server.rest("POST", f"/recordings/{recording}/verify").json()
        assert verdict["verdict"] == "complete", verdict
        assert [s["state"] for s in server.rest("GET", f"/recordings/{recording}/manifest").json()["segments"]] == ["complete"] * 2
        assert server.get(link(recording, "export")).status == 200 and server.get(link(recording, "export", segment=1)).status == 200
        done = export(folder)
        assert done.returncode == 0 and not done.stderr, done
        proven = verify(folder, "--audit", trail)
        assert proven.returncode == 0 and proven.stdout.splitlines()[-1] == "complete: everything is as it was recorded", proven

    async def damage_and_a_missing_end_are_said_and_never_look_whole():
        def flipped(folder):
            flip(folder + "/1.tsr")
            return "segment 1: records differ from what was signed; of 8 fragments"

        def cut(folder):
            os.truncate(folder + "/1.tsr", os.path.getsize(folder + "/1.tsr") // 2)
            return "segment 1 is cut: it had 8 fragments"

        def removed(folder):
            os.remove(folder + "/1.tsr")
            return "segment 1 is not there"

        for damage in (flipped, cut, removed):
            recording, folder = await recorded()
            before = server.rest("GET", f"/recordings/{recording}/manifest").json()
            words = damage(folder)
            verdict = server.rest("POST", f"/recordings/{recording}/verify").json()
            assert verdict["verdict"] == "tampered" and any(words in f for f in verdict["findings"]), verdict
            for reply in (server.rest("GET", f"/recordings/{recording}/manifest"), server.get(link(recording, "export"))):
                assert reply.status == 409 and words in reply.json()["detail"] and server.data not in reply.json()["detail"], reply.body
            if damage is not flipped:  # that shows where it does not open
                for reply in (server.get(link(recording, "play")), server.get(link(recording, "download", segment=1))):
                    assert reply.status in (404, 409) and b"segment" in reply.body, reply.body[:200]
            assert server.get(link(recording, "play", segment=0)).status == 200
            assert server.get(link(recording, "export", segment=0)).status == 200, "what is not damaged can be had by itself"
            told = export(folder, "--key", key, "--heads", trail)
            assert told.returncode == 3 and words in told.stderr and "exported is what can be proven" in told.stderr, told
            assert export(folder, "--key", key, "--heads", trail, "--whole").returncode == 1
            if damage is cut:
                alone = export(folder)
                assert alone.returncode == 3 and "segment 1 has no end, as after a crash" in alone.stderr, alone
            with open(folder + "/manifest.json", "w", encoding="utf-8") as f:
                json.dump(before, f)
            alone = export(folder)  # the manifest that the gateway signed before knows as much
            assert alone.returncode == 3 and "segment 1" in alone.stderr, alone
            again = tool("recover", "--sign", server.data + "/gateway.key", folder)
            with open(folder + "/manifest.json", encoding="utf-8") as f:
                marked = [s["state"] for s in json.load(f)["segments"]]
            assert marked == ["complete", {"flipped": "damaged", "cut": "interrupted", "removed": "missing"}[damage.__name__]], marked
            assert again.returncode == (0 if damage is cut else 1), again
            assert verify(folder).returncode == (3 if damage is cut else 1)

    async def a_manifest_that_is_signed_of_less_says_so():
        _, folder = await recorded()
        os.remove(folder + "/1.tsr")
        signed = ("recover", "--sign", server.data + "/gateway.key", "--key", key, "--heads", trail)
        assert tool(*signed, "--whole", folder).returncode == 1 and not os.path.exists(folder + "/manifest.json")
        assert tool(*signed, folder).returncode == 1
        proven = verify(folder)
        assert proven.returncode == 1 and "manifest: when it was made: anchor: segment 1 is not there" in proven.stdout, proven

    async def nobody_says_complete_who_cannot_know_the_end():
        _, folder = await recorded()
        alone = verify(folder)
        assert alone.returncode == 0 and "cannot be told" in alone.stdout.splitlines()[-1] and "audit trail that holds this recording" in alone.stdout, alone
        os.rename(folder + "/1.tsr", server.folder + "/1.tsr")
        alone = verify(folder)
        assert alone.returncode == 3 and 'ends with "pause"' in alone.stdout, alone
        assert verify(folder, "--audit", trail).returncode == 1
        os.rename(server.folder + "/1.tsr", folder + "/1.tsr")
        early = server.folder + "/early.log"
        with open(trail, encoding="ascii") as f, open(early, "w", encoding="ascii") as out:
            out.writelines([next(f), next(f)])
        for words in ("--audit", "--heads"):
            unknown = verify(folder, words, early)
            assert unknown.returncode == 3 and "holds no head of" in unknown.stdout and "NOT PROVEN" in unknown.stdout, unknown
        tool("recover", folder)
        unsigned = verify(folder, "--audit", trail)
        assert unsigned.returncode == 0 and "the manifest is not signed: the segments speak for themselves" in unsigned.stdout, unsigned

    async def a_key_that_nobody_can_open_with_is_refused():
        recording, folder = await recorded(1)
        (new_private, to), rewrap = x25519_pair(), f"/recordings/{recording}/rewrap"
        with open(key, encoding="ascii") as f:
            gateway = f.read().strip()
        with open(private, encoding="ascii") as f:
            old = f.read().strip()
        for bad in (gateway, "0" * 64, "01" + "0" * 62):
            assert server.rest("POST", rewrap, {"to": bad, "kid": "k2"}).status == 400, bad
        for bad in (gateway, "0" * 64, old, "zz"):
            refused = tool("rewrap", "--private", private, "--to", bad, "--kid", "k2", folder)
            assert refused.returncode == 2 and ("--to: this" in refused.stderr or "zz: neither" in refused.stderr), refused
        assert export(folder).returncode == 0, "nothing was changed"
        with open(server.folder + "/new.key", "w", encoding="ascii") as f:
            f.write(new_private)
        assert tool("rewrap", "--private", private, "--to", to, "--to-private", server.folder + "/new.key", "--kid", "k2", folder).returncode == 2
        done = tool("rewrap", "--private", private, "--to-private", server.folder + "/new.key", "--kid", "k2", folder)
        assert done.returncode == 0 and f"sealed to k2: the public key {to}" in done.stdout, done
        assert tool("serve", "--info", "--private", server.folder + "/new.key", folder).returncode == 0

    async def who_asks_for_the_head_of_a_link_has_not_opened_it():
        recording, _ = await recorded(1)
        for what in ("play", "download", "export"):
            path = link(recording, what)
            for _ in range(2):
                head = server.request("HEAD", path)
                assert head.status == 200 and "Set-Cookie" not in head.headers, what
            first = server.get(path)
            assert first.status == 200 and first.body and server.get(path).status == 403, what

    async def what_is_not_there_is_named_by_segment_without_paths():
        recording, folder = await recorded()
        path = link(recording, "play")
        os.remove(folder + "/1.tsr")
        os.symlink("/etc/hostname", folder + "/1.tsr")
        verdict = server.rest("POST", f"/recordings/{recording}/verify").json()
        assert verdict["verdict"] == "tampered" and "1.tsr: not a regular file" in verdict["findings"], verdict
        assert any("segment 1 is not there" in f for f in verdict["findings"]), verdict
        shutil.rmtree(folder)
        verdict = server.rest("POST", f"/recordings/{recording}/verify").json()
        assert verdict["verdict"] == "tampered" and [f for f in verdict["findings"] if "is not there" in f] == [
            "anchor: segment 0 is not there", "anchor: segment 1 is not there"], verdict
        for reply in (server.rest("GET", f"/recordings/{recording}/manifest"), server.rest("GET", f"/recordings/{recording}/poster.jpg"),
                      server.rest("POST", f"/recordings/{recording}/links", {"what": "play"}), server.get(path)):
            assert reply.status == 409 and server.data.encode() not in reply.body, reply.body

    async def what_is_asked_wrongly_is_named():
        _, folder = await recorded(1)
        for words, arguments in (("--from abc: a number", ("serve", "--private", private, "--from", "abc", folder)),
                                 ("--segment 9: there is none", ("export", "--private", private, "--segment", "9", "--out", "x.mp4", folder)),
                                 ("--segment -1", ("export", "--segment", "-1", folder)), ("'--fast'", ("serve", "--fast", folder)),
                                 ("needs a PATH", ("verify", "--key", key)), ("no command play", ("play", folder))):
            wrong = tool(*arguments)
            assert wrong.returncode == 2 and words in wrong.stderr, wrong
        for query in ("state=bad", "limit=0", "limit=-1", "limit=x"):
            assert server.rest("GET", "/recordings?" + query).status == 400, query
        assert server.rest("GET", "/recordings?state=ended&limit=1").status == 200

    return [what_is_whole_is_proven_signed_and_exported, damage_and_a_missing_end_are_said_and_never_look_whole,
            a_manifest_that_is_signed_of_less_says_so, nobody_says_complete_who_cannot_know_the_end, a_key_that_nobody_can_open_with_is_refused,
            who_asks_for_the_head_of_a_link_has_not_opened_it, what_is_not_there_is_named_by_segment_without_paths, what_is_asked_wrongly_is_named]
