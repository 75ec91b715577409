-- SPDX-License-Identifier: MIT
--
-- The tables and their data, made inside the database at its first start:
--
--   psql -v users=50000 -v messages=500000 -f schema.sql
--
-- The same counts give the same rows, byte for byte: no random(), no now(). Every choice is arithmetic on the
-- row's own number. It is built to be cheap (about 3 s of CPU at 50,000/500,000): CREATE TABLE AS in one
-- transaction, indexes afterwards, then VACUUM FREEZE, so that no reader writes hint bits and autovacuum finds
-- nothing left to do in the middle of a measured run.

\set ON_ERROR_STOP on
\if :{?users}
\else
  \set users 50000
\endif
\if :{?messages}
\else
  \set messages 500000
\endif

-- For this session alone: one sort in memory, no parallel workers (half a core is not shared out by starting more).
SET maintenance_work_mem = '64MB';
SET max_parallel_maintenance_workers = 0;
SET max_parallel_workers_per_gather = 0;
SET timezone = 'UTC';
SET client_min_messages = warning;

BEGIN;

-- pick(i, salt, n): a number in 0 … n-1 that i and salt decide. The product of two residues breaks up the lattice that a
-- single multiplication leaves; all products stay under 2^63. Inlined by the planner, so it costs no call.
CREATE FUNCTION pick(i bigint, salt bigint, n bigint) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT ((((i * 1103515245 + salt * 40503) % 2147483647) * ((i * 69621 + salt * 92821) % 2147483629) % 2147483587) % n)::integer
$$;

-- A deleted user stays as a row without a person: what it wrote keeps its handle, which is never given out again, and its
-- version goes on counting, so that a cache can tell "gone" from "not there yet". The room left in each page (fillfactor) lets
-- an update stay on its page and touch no index.
CREATE TABLE users WITH (fillfactor = 90) AS
SELECT
  i AS id,
  1 AS version,
  '2023-01-01Z'::timestamptz + (i % 900) * interval '1 day' + pick(i, 1, 86400) * interval '1 second' AS created_at,
  '2025-07-01Z'::timestamptz + pick(i, 2, 8000000) * interval '1 second' AS updated_at,
  NULL::timestamptz AS deleted_at,
  lower(first) || '.' || lower(last) || i AS handle,
  first || ' ' || last AS name,
  lower(first) || '.' || lower(last) || i || '@example.com' AS email,
  ('{"Bakes bread","Repairs old bicycles","Grows far too many tomatoes","Collects maps of places that no longer exist","Plays the cello badly and often","Teaches children to swim"}'::text[])[1 + pick(i, 5, 6)]
  || ' in ' || city || ', and has done so since ' || (1980 + pick(i, 6, 40)) || '. '
  || ('{"Once walked from one sea to the other and wrote a small book about it.","Answers every letter, though not always in the same year.","Believes that most problems are solved by a second pot of tea.","Looks after a library of seeds that the whole street may borrow from."}'::text[])[1 + pick(i, 7, 4)]
  || ' Before that: ' || ('{"eleven years on a research vessel","a decade in a theatre workshop","the night shift of a printing house","a small observatory above the town"}'::text[])[1 + pick(i, 8, 4)]
  || '. Ask about ' || ('{"tides","kites","beekeeping","signal boxes","star charts","sourdough","knots"}'::text[])[1 + pick(i, 9, 7)] || '.' AS bio,
  ARRAY[
    ('{"reader","writer","maker","walker","singer"}'::text[])[1 + pick(i, 10, 5)],
    ('{"cycling","gardening","chess","sailing","history","painting"}'::text[])[1 + pick(i, 11, 6)],
    lower(city)] AS tags,
  ('{"theme":"' || ('{"light","dark","system"}'::text[])[1 + pick(i, 12, 3)]
  || '","language":"' || ('{"en","fr","de","pt","ja"}'::text[])[1 + pick(i, 13, 5)]
  || '","time_zone":"' || ('{"Europe/Lisbon","Africa/Lagos","Asia/Tokyo","America/Lima"}'::text[])[1 + pick(i, 14, 4)]
  || '","page_size":' || 10 * (1 + pick(i, 15, 5))
  || ',"notify":{"email":' || (i % 2 = 0) || ',"push":' || (i % 3 = 0) || ',"digest":"weekly"}}')::json AS settings
FROM (
  SELECT i::integer AS i,
    ('{"Ada","Bruno","Chloe","Dmitri","Elif","Farid","Grace","Hana","Ivan","Jola","Kofi","Lena","Mateo","Nadia","Omar","Priya"}'::text[])[1 + pick(i, 3, 16)] AS first,
    ('{"Abe","Berg","Costa","Dunn","Eriksen","Fofana","Garcia","Haas","Ito","Jansen","Kaya","Lindt","Moreau","Novak","Okafor","Petrov"}'::text[])[1 + pick(i, 4, 16)] AS last,
    ('{"Porto","Accra","Turku","Ghent","Izmir","Quito","Osaka","Leeds"}'::text[])[1 + pick(i, 16, 8)] AS city
  FROM generate_series(1, :users) AS i
) AS person;

-- Popular users are popular, within bounds: recipient = users × u^1.7 has the density id^(-0.41). At 50,000/500,000 user 1 has
-- about 860 messages, user 10 about 200, user 1,000 about 30, user 50,000 six: whoever is asked for, there is work to do, and
-- nobody's inbox is so big that one user decides what a run costs.
-- A person hears from a circle of up to 400 others, from some much more often (k = 400 × v²), and writes back to them
-- (the circle is symmetric: a step of 97k+1 up or down).
CREATE TABLE messages AS
SELECT
  i AS id, recipient AS recipient_id,
  1 + ((recipient - 1 + CASE WHEN i % 2 = 0 THEN 1 ELSE -1 END * (97 * (v * v / 2500) + 1)) % :users + :users) % :users AS sender_id,
  '2024-01-01Z'::timestamptz + i * (63072000.0 / greatest(:messages, 1)) * interval '1 second' AS sent_at,
  ('{"Did the parcel arrive","The train was late again","I found your umbrella","The second draft is ready","We are short of one chair","The lights are fixed"}'::text[])[1 + pick(i, 23, 6)]
  || ('{", so call me when you can. "," and nobody knows why. ",", as you said it would. ",": see the note on the door. "}'::text[])[1 + pick(i, 24, 4)]
  || ('{"See you on Sunday.","Thanks again!","More tomorrow.","Say hello to the others."}'::text[])[1 + pick(i, 25, 4)] AS body
FROM (
  SELECT i::integer AS i,
    1 + floor(:users * (pick(i, 21, 1000000) / 1000000.0::float8) ^ 1.7)::integer AS recipient,
    pick(i, 22, 1000) AS v
  FROM generate_series(1, :messages) AS i
) AS letter;

ALTER TABLE users
  ADD PRIMARY KEY (id),
  ADD CONSTRAINT users_handle_key UNIQUE (handle),
  ALTER id ADD GENERATED BY DEFAULT AS IDENTITY,
  ALTER version SET NOT NULL, ALTER version SET DEFAULT 1,
  ALTER created_at SET NOT NULL, ALTER created_at SET DEFAULT now(),
  ALTER updated_at SET NOT NULL, ALTER updated_at SET DEFAULT now(),
  ALTER handle SET NOT NULL, ALTER name SET NOT NULL, ALTER email SET NOT NULL,
  ALTER bio SET NOT NULL, ALTER bio SET DEFAULT '',
  ALTER tags SET NOT NULL, ALTER tags SET DEFAULT '{}',
  ALTER settings SET NOT NULL, ALTER settings SET DEFAULT '{}';

ALTER TABLE messages ADD PRIMARY KEY (id);
-- The inbox: the newest of one recipient. The thread: how much two people have written to each other.
CREATE INDEX messages_inbox ON messages (recipient_id, id);
CREATE INDEX messages_thread ON messages (recipient_id, sender_id);

SELECT setval(pg_get_serial_sequence('users', 'id'), :users) AS last_id \gset
DROP FUNCTION pick(bigint, bigint, bigint);

GRANT SELECT, INSERT, UPDATE, DELETE ON users, messages TO lab;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO lab;

COMMIT;

VACUUM (FREEZE, ANALYZE) users;
VACUUM (FREEZE, ANALYZE) messages;
