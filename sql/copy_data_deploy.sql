-- COPY FROM stdin in a deploy.
CREATE SCHEMA regress_copy_deploy;
SET search_path = regress_copy_deploy, public;
SET client_min_messages = error;
SET gooseplus.bundle = 'regress_copy_deploy';
CREATE TABLE item (id int PRIMARY KEY, name text);

SELECT gooseplus_bundle_put('regress_copy_deploy', 'base/00001_items.sql', $file$
-- +goose Up
COPY item FROM stdin;
1	one
2	two
\.
-- +goose Down
DELETE FROM item;
COPY item FROM stdin;
-1	taken back
\.
$file$);
-- each of its statements commits; the last one cannot
SELECT gooseplus_bundle_put('regress_copy_deploy', 'base/00002_more.sql', $file$
-- +goose NO TRANSACTION
-- +goose Up
COPY item FROM stdin (FORMAT csv);
3,three
\.
BEGIN;
COPY item FROM stdin;
4	four
\.
COMMIT;
COPY item FROM stdin;
5	five
4	again
\.
$file$);
CALL gooseplus_deploy();
SELECT * FROM item ORDER BY id;
SELECT version, direction, statements, rows, outcome, line, message
FROM goose_db_version_history WHERE event = 'migration' ORDER BY id;

-- the file is mended, and it goes on where it stopped
SELECT gooseplus_bundle_put('regress_copy_deploy', 'base/00002_more.sql', $file$
-- +goose NO TRANSACTION
-- +goose Up
COPY item FROM stdin (FORMAT csv);
3,three
\.
BEGIN;
COPY item FROM stdin;
4	four
\.
COMMIT;
COPY item FROM stdin;
5	five
6	six
\.
$file$);
CALL gooseplus_deploy(resume => 'retry');
SELECT * FROM item ORDER BY id;

-- one that fails as a whole, and a Down part with data
SELECT gooseplus_bundle_put('regress_copy_deploy', 'base/00003_bad.sql', $file$
-- +goose Up
COPY item FROM stdin;
7
\.
$file$);
CALL gooseplus_deploy();
CALL gooseplus_revert(0);
SELECT * FROM item ORDER BY id;

DELETE FROM gooseplus_bundle WHERE bundle = 'regress_copy_deploy';
DROP SCHEMA regress_copy_deploy CASCADE;
