-- +goose NO TRANSACTION
-- +goose Up

-- +goose Down
