# SPDX-License-Identifier: MIT
"""The service of this lab in Python, for the stages 1 to 6: threads, a pool of connections, and a cache.

It keeps the contract that `lab contract api examples/python-api` checks. What the stage has is in the environment;
what it has not answers 501.
"""

import json
import os
import re
import signal
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from store import Cache, Database, Unavailable

NAME = socket.gethostname()
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}


def seconds(text):
    m = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m)", text)
    if not m:
        raise Refused(400, "a duration such as 500ms or 2s")
    return float(m[1]) * UNITS[m[2]]


class Refused(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status, self.message = status, message


env = os.environ
database = Database(env["DATABASE_URL"]) if env.get("DATABASE_URL") else None
cache = Cache(env["REDIS_URL"], int(1000 * seconds(env.get("CACHE_TTL", "60s")))) if env.get("REDIS_URL") else None
works = env.get("LOADQ") == "on" and not env.get("AMQP_URL")  # it knows no queue

COLUMNS = "id, handle, name, version, email, bio, tags, settings, created_at, updated_at"
INBOX = """
SELECT m.id, s.handle, m.sender_id, m.sent_at, m.body FROM messages m LEFT JOIN users s ON s.id = m.sender_id
WHERE m.recipient_id = %s ORDER BY m.id DESC LIMIT 50"""


def user(row):
    u = dict(zip(COLUMNS.split(", "), row))
    u["created_at"], u["updated_at"] = u["created_at"].isoformat(), u["updated_at"].isoformat()
    return u


def one(rows):
    if not rows:
        raise Refused(404, "no such user")
    return rows[0]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer is two writes; without this the second waits for the client
    wbufsize = -1  # and with this it is one
    timeout = 120  # longer than the balancer keeps a connection

    def handle_one(self):
        self.spent, self.outcome, self.more = {}, None, {}
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(min(length, 65537))
        try:
            if length > 65536:
                self.close_connection = True
                raise Refused(413, "the body is longer than 65536 bytes")
            status, answer = self.route()
        except Refused as e:
            status, answer = e.status, {"error": e.message}
        except Unavailable as e:
            status, answer = 503, {"error": "the database is not available"}
            complain(e)
        except Exception as e:  # one bad request must not end the answers of all others
            status, answer = 500, {"error": "internal error"}
            complain(e)
        count(self.command, status)
        self.write(status, answer)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_one

    def write(self, status, answer):
        kind = "application/json"
        if isinstance(answer, str):
            answer, kind = answer.encode(), "text/plain; version=0.0.4; charset=utf-8"
        elif answer is not None and not isinstance(answer, bytes):
            answer = json.dumps(answer).encode()
        self.send_response_only(status)
        self.send_header("X-Served-By", NAME)
        if self.outcome:
            self.send_header("X-Cache", self.outcome)
        if self.spent:
            self.send_header("Server-Timing", ", ".join(f"{k};dur={1000 * v:.3f}" for k, v in self.spent.items()))
        if status == 503:
            self.send_header("Retry-After", "1")
        for k, v in self.more.items():
            self.send_header(k, v)
        if status != 204:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if status != 204:
            self.wfile.write(answer)
        self.wfile.flush()

    def route(self):
        path, _, query = self.path.partition("?")
        parts = path.strip("/").split("/")
        match self.command, parts:
            case "GET", ["ping"]:
                return 200, {"ping": "pong"}
            case "GET", ["longQ"]:
                return self.sleep(query)
            case "GET", ["loadQ", n]:
                return self.compute(n)
            case "GET", ["healthz"]:
                return 200, {"state": "up", "dependencies": dependencies()}
            case "GET", ["metrics"]:
                return 200, metrics()
            case "POST", ["users"]:
                return self.create()
            case "GET", ["users", id]:
                return 200, self.cached("user:", id, lambda id: user(one(self.sql(f"SELECT {COLUMNS} FROM users WHERE id = %s AND deleted_at IS NULL", id))))
            case "PUT", ["users", id]:
                return self.update(id)
            case "DELETE", ["users", id]:
                return self.delete(id)
            case "GET", ["users", id, "messages"]:
                return 200, self.cached("messages:", id, self.messages)
        raise Refused(404, "there is nothing at this path")

    def sleep(self, query):
        wait = 20.0
        for pair in query.split("&"):
            if pair.startswith("for="):
                wait = seconds(pair[4:])
        if not 0 < wait <= 20:
            raise Refused(400, "for is above 0 and up to 20s")
        if stopping.wait(wait):
            raise Unavailable("about to stop")
        return 200, {"waited_seconds": wait}

    def compute(self, n):
        if not re.fullmatch(r"\d{1,2}", n) or int(n) > 40:
            raise Refused(400, "n is a whole number from 0 to 40")
        if not works:
            raise Refused(501, "this stage has no /loadQ, or has it in a queue, which this program does not know")
        start = time.monotonic()
        result = fibonacci(int(n)) % 10037
        self.spend("compute", start)
        return 200, {"n": int(n), "result": result}

    def spend(self, tier, start):
        self.spent[tier] = self.spent.get(tier, 0) + time.monotonic() - start

    def sql(self, text, *values):
        start = time.monotonic()
        try:
            return database.run(text, values)
        finally:
            self.spend("db", start)

    def id(self, text):
        if not re.fullmatch(r"\d{1,10}", text) or not 1 <= int(text) <= 2**31 - 1:
            raise Refused(400, "a user's id is a whole number from 1")
        if not database:
            raise Refused(501, "this stage has no database")
        return int(text)

    def cached(self, prefix, id, read):
        """The answer as bytes: from the cache, or read and kept there."""
        id = self.id(id)
        if not cache:
            return read(id)
        start = time.monotonic()
        value, there = cache.get(prefix + str(id))
        self.outcome = "hit" if value else "miss" if there else "down"
        if there:
            self.spend("cache", start)
        if not value:
            value = json.dumps(read(id)).encode()
            if there:
                start = time.monotonic()
                cache.put(prefix + str(id), value)
                self.spend("cache", start)
        return value

    def voided(self, id):
        if cache:
            start = time.monotonic()
            cache.forget(f"user:{id}", f"messages:{id}")
            self.spend("cache", start)

    def messages(self, id):
        owner = one(self.sql("SELECT id, handle, name, version FROM users WHERE id = %s AND deleted_at IS NULL", id))
        rows = self.sql(INBOX, id)
        return {
            "user": dict(zip(("id", "handle", "name", "version"), owner)),
            "messages": [{"id": r[0], "from": r[1], "sender_id": r[2], "sent_at": r[3].isoformat(), "body": r[4]} for r in rows],
        }

    def given(self):
        try:
            body = json.loads(self.body)
        except ValueError as e:
            raise Refused(400, "the body must be a JSON object") from e
        if not isinstance(body, dict):
            raise Refused(400, "the body must be a JSON object")
        for key in ("name", "bio"):
            if key in body and not isinstance(body[key], str):
                raise Refused(400, f"{key} is text")
        if "name" in body and not 1 <= len(body["name"].strip()) <= 200:
            raise Refused(400, "name has 1 to 200 characters")
        return body

    def create(self):
        if not database:
            raise Refused(501, "this stage has no database")
        body = self.given()
        if "name" not in body:
            raise Refused(400, "name has 1 to 200 characters")
        row = one(self.sql(f"""
            WITH new AS (SELECT nextval(pg_get_serial_sequence('users', 'id'))::integer AS id)
            INSERT INTO users (id, handle, name, email, bio)
            SELECT id, 'user' || id, %s, 'user' || id || '@example.com', %s FROM new RETURNING {COLUMNS}""", body["name"], body.get("bio", "")))
        self.more["Location"] = f"/users/{row[0]}"
        self.voided(row[0])
        return 201, user(row)

    def update(self, id):
        id, body = self.id(id), self.given()
        if not body.keys() & {"name", "bio"}:
            raise Refused(400, "give a name, a bio, or both")
        row = one(self.sql(f"""
            UPDATE users SET name = COALESCE(%s, name), bio = COALESCE(%s, bio), version = version + 1, updated_at = now()
            WHERE id = %s AND deleted_at IS NULL RETURNING {COLUMNS}""", body.get("name"), body.get("bio"), id))
        self.voided(id)
        return 200, user(row)

    def delete(self, id):
        id = self.id(id)
        one(self.sql("""
            UPDATE users SET deleted_at = now(), version = version + 1, name = '', email = '', bio = '', tags = '{}', settings = '{}'
            WHERE id = %s AND deleted_at IS NULL RETURNING id""", id))
        self.voided(id)
        return 204, None

    def log_message(self, *_):
        pass  # a line a request would cost as much as a part of the request


def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def dependencies():
    out = {}
    if database:
        out["postgres"] = "up" if database.up() else "down"
    if cache:
        cache.get("probe")
        out["redis"] = "up" if cache.usable else "down"
    return out


counted, counting = {}, threading.Lock()


def count(method, status):
    with counting:
        counted[method, status] = counted.get((method, status), 0) + 1


def metrics():
    with counting:
        rows = sorted(counted.items())
    lines = ["# HELP lab_requests_total Requests by method and status code.", "# TYPE lab_requests_total counter"]
    lines += [f'lab_requests_total{{method="{m}",code="{s}"}} {n}' for (m, s), n in rows]
    return "\n".join(lines + [f"process_cpu_seconds_total {time.process_time():.3f}"]) + "\n"


said = 0.0


def complain(e):
    """Problems are logged, but no more than a line a second."""
    global said
    if time.monotonic() - said > 1:
        said = time.monotonic()
        print(f"{type(e).__name__}: {str(e).strip()}", flush=True)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, *_):
        pass  # a client that has gone


stopping = threading.Event()


def main():
    host, _, port = env.get("LISTEN", ":80").rpartition(":")
    server = Server((host or "0.0.0.0", int(port)), Handler)
    # From the signal on nobody new; what is being answered is given a moment.
    signal.signal(signal.SIGTERM, lambda *_: (stopping.set(), threading.Thread(target=server.shutdown).start()))
    server.serve_forever()
    time.sleep(0.2)


if __name__ == "__main__":
    main()
