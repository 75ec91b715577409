# SPDX-License-Identifier: MIT
"""What is behind the api: a pool of database connections, and a cache that may be away."""

import queue
import threading
import time

import psycopg2
import redis

WAIT = 2.0  # seconds for a connection, and again for a statement


class Unavailable(Exception):
    """It may work later."""


class Database:
    """A few connections, lent to one request each. They are made when they are needed."""

    def __init__(self, url, size=4):
        self.url = url
        self.free = queue.LifoQueue()
        for _ in range(size):
            self.free.put(None)

    def run(self, sql, values):
        """All rows of one statement, which is a transaction of its own."""
        try:
            connection = self.free.get(timeout=WAIT)
        except queue.Empty as e:
            raise Unavailable("all connections are busy") from e
        try:
            if connection:
                try:
                    return self.ask(connection, sql, values)
                except psycopg2.OperationalError:
                    connection = None  # it died with its server while it was idle: a new one is tried, once
            connection = self.connect()
            return self.ask(connection, sql, values)
        except psycopg2.OperationalError as e:
            connection = None
            raise Unavailable(str(e)) from e
        finally:
            self.free.put(connection)

    def connect(self):
        connection = psycopg2.connect(
            self.url, connect_timeout=int(WAIT), tcp_user_timeout=int(WAIT * 1000), options=f"-c statement_timeout={int(WAIT * 1000)}"
        )
        connection.autocommit = True
        return connection

    def ask(self, connection, sql, values):
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall()

    def up(self):
        try:
            return self.run("SELECT 1", ()) == [(1,)]
        except (Unavailable, psycopg2.Error):
            return False


class Cache:
    """Bytes by key. A cache that fails is left alone; a thread in the background finds out when it is back."""

    def __init__(self, url, ttl):
        self.ttl = ttl
        self.client = redis.Redis.from_url(url, socket_timeout=0.1, socket_connect_timeout=0.1)
        self.usable = True
        self.owed = set()  # keys that it must forget before it is used again
        self.lock = threading.Lock()
        threading.Thread(target=self.revive, daemon=True).start()

    def get(self, key):
        """The value, or None; and whether the cache could say."""
        if not self.usable:
            return None, False
        try:
            return self.client.get(key), True
        except redis.RedisError:
            self.usable = False
            return None, False

    def put(self, key, value):
        try:
            if self.usable:
                self.client.set(key, value, px=self.ttl)
        except redis.RedisError:
            self.usable = False

    def forget(self, *keys):
        try:
            if self.usable:
                self.client.delete(*keys)
                return
        except redis.RedisError:
            self.usable = False
        with self.lock:
            self.owed.update(keys)

    def revive(self):
        while True:
            time.sleep(0.25)
            if self.usable:
                continue
            try:
                self.client.ping()
                with self.lock:
                    if self.owed:
                        self.client.delete(*self.owed)
                    self.owed.clear()
                    self.usable = True
            except redis.RedisError:
                pass
