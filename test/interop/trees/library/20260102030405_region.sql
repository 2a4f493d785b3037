-- +goose Up
-- +goose ENVSUB ON
CREATE TABLE ${INTEROP_REGION:-nowhere}_branches (name text DEFAULT '${INTEROP_UNSET:-main}');
-- +goose ENVSUB OFF
COMMENT ON TABLE eu_branches IS 'not a variable: ${INTEROP_REGION}';

-- +goose Down
-- +goose ENVSUB ON
DROP TABLE ${INTEROP_REGION}_branches;
