// SPDX-License-Identifier: MIT

package main

const (
	standard = "--rate 200 --duration 20s"
	dear     = "--env api.REDIS_URL= --env postgres.SEED_MESSAGES=2000000"
)

func tables() []table {
	// A cache keeps what the load before left in it: begin with an empty one.
	fresh := []string{"docker restart lab-redis-1"}
	return []table{
		{name: "stages", file: "README.md", columns: []string{"p50", "p99", "failed", "hits", "api CPU", "nginx CPU", "lb CPU", "postgres CPU", "redis CPU", "all CPU"}, rows: []row{
			{label: "1 base", up: "1", load: "--workload ping " + standard},
			{label: "2 postgres", up: "2", load: "--workload mixed " + standard},
			{label: "3 replicas", up: "3", load: "--workload mixed " + standard},
			{label: "4 load queries", up: "4", load: "--workload mixed " + standard},
			{label: "5 cache", up: "5", load: "--workload mixed " + standard},
			{label: "6 virtual IP", up: "6", load: "--workload mixed " + standard},
			{label: "7 queue", up: "7", load: "--workload mixed " + standard},
			{label: "8 read replicas", up: "8", load: "--workload mixed " + standard},
		}},
		{name: "cache", file: "README.md", columns: []string{"p50", "p99", "api CPU", "postgres CPU", "redis CPU", "hits", "failed"}, rows: []row{
			{label: "users, stage 4", up: "4", load: "--workload users " + standard},
			{label: "users, stage 5", up: "5", load: "--workload users " + standard},
			{label: "messages, stage 4", up: "4", load: "--workload messages " + standard},
			{label: "messages, stage 5", up: "5", load: "--workload messages " + standard},
		}},
		{name: "base", file: "stages/01-base/README.md", columns: []string{"served/s", "p50", "p99", "api CPU", "api share", "api throttled"}, rows: []row{
			{label: "answers at once", up: "1", load: "--workload ping " + standard},
			{label: "sleeps for 1 s", load: "--workload sleep --rate 50 --duration 20s"},
			{label: "2% compute fib(34)", up: "1 --env api.LOADQ=on", load: "--workload ping=98,loadq=2 " + standard},
		}},
		{name: "pool", file: "stages/02-postgres/README.md", columns: []string{"served/s", "failed", "p50", "p99", "api CPU", "postgres CPU", "postgres throttled"}, rows: []row{
			{label: "users, pool", up: "2", load: "--workload users " + standard},
			{label: "messages, pool", load: "--workload messages " + standard},
			{label: "users at 50/s, pool", load: "--workload users --rate 50 --duration 20s"},
			{label: "users at 50/s, no pool", up: "2 --env api.POOL=off", load: "--workload users --rate 50 --duration 20s"},
			{label: "users at 200/s, no pool", load: "--workload users " + standard},
		}},
		{name: "replicas", file: "stages/03-replicas/README.md", columns: []string{"served/s", "failed", "p50", "p99", "api share", "api throttled", "nginx share", "postgres share", "postgres throttled"}, rows: []row{
			{label: "stage 2, messages 300/s", up: "2", load: "--workload messages --rate 300 --duration 20s"},
			{label: "stage 3, messages 300/s", up: "3", load: "--workload messages --rate 300 --duration 20s"},
			{label: "stage 3, users 1,000/s", load: "--workload users --rate 1000 --duration 20s"},
			{label: "stage 2, users 1,000/s", up: "2", load: "--workload users --rate 1000 --duration 20s"},
		}},
		{name: "loadq", file: "stages/04-load-queries/README.md", columns: []string{"failed", "p50 user", "p99 user", "p50 messages", "p50 loadq", "api share", "api throttled"}, rows: []row{
			{label: "mixed, 100/s", up: "4", load: "--workload mixed --rate 100 --duration 20s"},
			{label: "heavy, 100/s", load: "--workload heavy --rate 100 --duration 20s"},
			{label: "mixed, 200/s", load: "--workload mixed " + standard},
			{label: "heavy, 200/s", load: "--workload heavy " + standard},
		}},
		{name: "ttl", file: "stages/05-cache/README.md", columns: []string{"failed", "stale", "hits", "p50", "p99", "api CPU", "postgres CPU", "redis CPU"}, rows: []row{
			{label: "mixed, stage 4", up: "4", load: "--workload mixed " + standard},
			{label: "mixed, time to live 60 s", up: "5", also: fresh, load: "--workload mixed " + standard},
			{label: "mixed, time to live 2 s", up: "5 --env api.CACHE_TTL=2s", also: fresh, load: "--workload mixed " + standard},
			{label: "mixed, redis stopped", up: "5", also: []string{"docker stop lab-redis-1"}, load: "--workload mixed " + standard},
		}},
		{name: "vip", file: "stages/06-vip/README.md", columns: []string{"failed", "longest gap", "p50", "p99", "nginx CPU", "lb CPU", "all CPU"}, rows: []row{
			{label: "stage 5", up: "5", load: "--workload mixed " + standard},
			{label: "stage 6", up: "6", load: "--workload mixed " + standard},
			{label: "stage 6, each lb killed in turn", up: "6", load: "--workload mixed --rate 200 --duration 30s",
				during: []string{"docker kill lab-lb-1", "docker start lab-lb-1", "docker kill lab-lb-2"}},
			{label: "stage 6, an nginx killed", up: "6", load: "--workload mixed --rate 200 --duration 30s", during: []string{"docker kill lab-nginx-1"}},
		}},
		{name: "queue", file: "stages/07-queue/README.md", columns: []string{"failed", "p50 user", "p99 user", "p50 loadq", "waiting", "api CPU", "rabbitmq CPU", "worker CPU", "all CPU"}, rows: []row{
			{label: "stage 4, heavy", up: "4", load: "--workload heavy --rate 200 --duration 30s"},
			{label: "stage 6, heavy", up: "6", load: "--workload heavy --rate 200 --duration 30s"},
			{label: "stage 7, heavy", up: "7", load: "--workload heavy --rate 200 --duration 30s"},
			{label: "stage 7, a worker killed", up: "7", load: "--workload heavy --rate 200 --duration 30s", during: []string{"docker kill lab-worker-1"}},
			{label: "stage 7, no worker", up: "7", also: []string{"lab scale worker=0"}, load: "--workload heavy --rate 200 --duration 30s"},
		}},
		{name: "replicas-writes", file: "stages/08-db-replicas/README.md", columns: []string{"served/s", "failed", "p50", "p99", "postgres CPU", "postgres-replica CPU", "all CPU", "lag", "stale"}, rows: []row{
			{label: "stage 5, writes 200/s", up: "5", load: "--workload writes " + standard},
			{label: "stage 8, writes 200/s", up: "8", load: "--workload writes " + standard},
		}},
		// Reads that no cache helps with and that are dear to the database alone, so that two cores carry two databases at
		// their ceiling. The last table: the data set that it asks for stays while the stack does.
		{name: "replicas-reads", file: "stages/08-db-replicas/README.md", columns: []string{"served/s", "failed", "p50", "p99", "postgres share", "postgres throttled", "postgres-replica share", "api share"}, rows: []row{
			{label: "stage 5, 100/s", up: "5 " + dear, load: "--workload messages --rate 100 --duration 20s"},
			{label: "stage 8, 100/s", up: "8 " + dear, load: "--workload messages --rate 100 --duration 20s"},
			{label: "stage 5, 400/s", up: "5 " + dear, load: "--workload messages --rate 400 --duration 20s"},
			{label: "stage 8, 400/s", up: "8 " + dear, load: "--workload messages --rate 400 --duration 20s"},
		}},
	}
}
