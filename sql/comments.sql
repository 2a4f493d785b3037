-- comments: what the catalogs say of the extension.
-- no row here: all functions have a comment, a name of ours, the caller's rights
SELECT p.oid::regprocedure, provolatile, proparallel, prosecdef, proleakproof, proconfig,
       obj_description(p.oid, 'pg_proc') AS comment
FROM pg_proc p JOIN pg_depend d
  ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
 AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'gooseplus')
WHERE provolatile <> 'v' OR proparallel <> 'u' OR prosecdef OR proleakproof
   OR proconfig IS NOT NULL OR proname !~ '^gooseplus_[a-z_]+$'
   OR coalesce(obj_description(p.oid, 'pg_proc'), '') !~ '^[a-z].*[^.]$';
-- the extension has a comment, and can be moved
SELECT obj_description(oid, 'pg_extension') IS NOT NULL AS described, extrelocatable
FROM pg_extension WHERE extname = 'gooseplus';

-- moved, it works, wherever the search_path leads
SET client_min_messages = warning;
CREATE SCHEMA regress_comments;
ALTER EXTENSION gooseplus SET SCHEMA regress_comments;
SELECT statement FROM regress_comments.gooseplus_statements(E'-- +goose Up\nSELECT 1;');
ALTER EXTENSION gooseplus SET SCHEMA public;
DROP SCHEMA regress_comments;
