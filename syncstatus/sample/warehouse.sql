-- The warehouse counts what lies on its shelves; the ERP takes the quantities from it.

create function touch() returns trigger language plpgsql as $$
begin
    new.counted_at := now();
    return new;
end $$;

create table stock (
    sku varchar(20) primary key,
    quantity integer not null,
    counted_at timestamptz not null default now()
);

create trigger touch before update on stock for each row execute function touch();
create index on stock (counted_at, sku);
