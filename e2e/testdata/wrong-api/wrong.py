# SPDX-License-Identifier: MIT
"""The Python example with five faults. The scenario copies the example's own files beside this one."""

import api

right = api.Handler.route


def route(self):
    status, answer = 0, None
    try:
        status, answer = right(self)
    except api.Refused as e:
        if e.status == 501:
            raise api.Refused(404, e.message) from e  # 1: what the stage has not is no 404
        if e.message == "no such user" and self.command == "PUT":
            return 200, {}  # 2: nobody was changed
        raise
    except api.Unavailable as e:
        raise RuntimeError(e) from e  # 3: a database that is away is no error of the program
    if self.command == "POST" and status == 201:
        self.more.clear()  # 4: nobody is told where the new user is
    return status, answer


def stale(self, *_):
    pass  # 5: a write leaves the cache as it is


api.Handler.route = route
if api.cache:
    api.Cache.forget = stale
api.main()
