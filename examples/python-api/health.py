# SPDX-License-Identifier: MIT
"""The container's health check: does the one that runs here answer?"""

import os
import socket

port = int(os.environ.get("LISTEN", ":80").rpartition(":")[2])
with socket.create_connection(("127.0.0.1", port), timeout=2) as s:
    s.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
    raise SystemExit(0 if b" 200 " in s.recv(64) else 1)
