#!/usr/bin/python3
"""A small S3: s3.py --folder FOLDER --bucket NAME --id ID --secret SECRET --region NAME [--trouble WORD,WORD...]

Objects are files below FOLDER. Takes PUT, GET and DELETE whose AWS Signature Version 4 and SHA-256 are right, and nothing else. The
first requests end as --trouble says, one word each: "busy" 503, "cut" a connection closed in the middle, "digest" 400. Prints its port,
then a line for each request: method, path, status.
"""
import argparse
import hashlib
import hmac
import http.server
import os
import urllib.parse

options = None


def digest(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signature(method, path, headers, authorization):
    """What the Authorization header must carry; None: it is not of that form."""
    kind, _, rest = authorization.partition(" ")
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    credential = fields.get("Credential", "").split("/")
    if kind != "AWS4-HMAC-SHA256" or len(credential) != 5 or credential[0] != options.id or credential[2:] != [options.region, "s3", "aws4_request"]:
        return None, None
    names = fields["SignedHeaders"].split(";")
    if not {"host", "x-amz-content-sha256", "x-amz-date"} <= set(names) or names != sorted(names):
        return None, None
    if not all(n in headers for n in names):
        return None, None
    lines = "".join(f"{n}:{' '.join(headers[n].split())}\n" for n in names)
    request = "\n".join([method, urllib.parse.quote(urllib.parse.unquote(path)), "", lines, ";".join(names), headers["x-amz-content-sha256"]])
    scope = "/".join(credential[1:])
    text = "\n".join([kind, headers["x-amz-date"], scope, hashlib.sha256(request.encode()).hexdigest()])
    key = ("AWS4" + options.secret).encode()
    for step in credential[1:]:
        key = digest(key, step)
    return digest(key, text).hex(), fields.get("Signature")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b""):
        print(self.command, self.path, status, flush=True)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_one(self):
        trouble = options.trouble.pop(0) if options.trouble else ""
        if trouble == "cut":
            self.rfile.read(1000)
            print(self.command, self.path, "cut", flush=True)
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if trouble:
            self.answer(503 if trouble == "busy" else 400)
            return
        wanted, given = signature(self.command, self.path, self.headers, self.headers.get("Authorization", ""))
        if wanted is None or not hmac.compare_digest(wanted, given or ""):
            self.answer(403)
        elif self.headers["x-amz-content-sha256"] != hashlib.sha256(body).hexdigest():
            self.answer(400)
        elif not self.path.startswith(f"/{options.bucket}/") or ".." in self.path:
            self.answer(404)
        else:
            self.keep(os.path.join(options.folder, self.path[len(options.bucket) + 2:]), body)

    def keep(self, path, body):
        there = os.path.exists(path)
        if self.command == "PUT":
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(body)
            self.answer(200)
        elif self.command == "DELETE" and there:
            os.unlink(path)
            self.answer(204)
        else:
            self.answer(404)

    do_PUT = do_DELETE = handle_one


def main():
    global options  # noqa: PLW0603  the one server's
    parser = argparse.ArgumentParser()
    for name in ("folder", "bucket", "id", "secret", "region"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--trouble", default="")
    options = parser.parse_args()
    options.trouble = [word for word in options.trouble.split(",") if word]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
