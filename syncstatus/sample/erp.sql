-- The ERP: numbers and upper-case codes as keys, short fields, a modified-on column in every table.

create sequence customer_number start 50000 increment 10;
create sequence contact_number start 50000;

create function touch() returns trigger language plpgsql as $$
begin
    new.modified_at := now();
    return new;
end $$;

create table payment_terms (
    code varchar(10) primary key,
    description varchar(100) not null,
    due_days integer not null,
    discount_days integer not null,
    discount_pct numeric(5, 2) not null,
    modified_at timestamptz not null default now()
);

create table currency (
    code varchar(10) primary key,
    description varchar(60) not null,
    symbol varchar(10),
    modified_at timestamptz not null default now()
);

create table salesperson (
    code varchar(10) primary key,
    name varchar(80) not null,
    email varchar(80),
    phone_no varchar(30),
    modified_at timestamptz not null default now()
);

create table vendor (
    no varchar(20) primary key,
    name varchar(100) not null,
    city varchar(50),
    country_code varchar(2) not null,
    vat_no varchar(20),
    blocked boolean not null default false,
    modified_at timestamptz not null default now()
);

create table customer (
    no varchar(20) primary key default nextval('customer_number')::text,
    name varchar(100) not null,
    email varchar(80),
    phone_no varchar(30),
    address varchar(100),
    city varchar(50),
    post_code varchar(20),
    country_code varchar(2) not null,
    credit_limit numeric(12, 2) not null default 0,
    payment_terms_code varchar(10),
    salesperson_code varchar(10),
    primary_contact_no varchar(20),
    home_page varchar(100),
    turnover numeric(14, 2) not null default 0,
    blocked boolean not null default false,
    modified_at timestamptz not null default now(),
    constraint credit_limit_is_not_negative check (credit_limit >= 0)
);

create table contact (
    no varchar(20) primary key default 'CT' || nextval('contact_number'),
    company_no varchar(20),
    salutation varchar(10),
    first_name varchar(50),
    surname varchar(50),
    job_title varchar(30),
    email varchar(80),
    mobile_phone_no varchar(30),
    birthday date,
    language_code varchar(10),
    country_code varchar(2),
    modified_at timestamptz not null default now()
);

create table item (
    no varchar(20) primary key,
    type varchar(10) not null default 'inventory',
    description varchar(100) not null,
    gtin varchar(14),
    unit_price numeric(18, 5) not null,
    currency_code varchar(3) not null default 'DKK',
    base_unit varchar(10) not null,
    net_weight numeric(12, 3),
    dimensions varchar(30),
    inventory numeric(12, 0) not null default 0,
    blocked boolean not null default false,
    modified_at timestamptz not null default now()
);

-- While a posting batch works on a customer, nobody else may change it.
create table posting_batch (
    customer_no varchar(20) primary key,
    batch varchar(40) not null
);

create function refuse_while_posting() returns trigger language plpgsql as $$
declare
    holder text := (select batch from posting_batch where customer_no = old.no);
begin
    if holder is not null then
        raise exception 'Customer % is locked by the posting batch %.', old.no, holder using errcode = 'lock_not_available';
    end if;
    return coalesce(new, old);
end $$;

create trigger a_posting before update or delete on customer for each row execute function refuse_while_posting();

create trigger touch before update on payment_terms for each row execute function touch();
create trigger touch before update on currency for each row execute function touch();
create trigger touch before update on salesperson for each row execute function touch();
create trigger touch before update on vendor for each row execute function touch();
create trigger touch before update on customer for each row execute function touch();
create trigger touch before update on contact for each row execute function touch();
create trigger touch before update on item for each row execute function touch();

create index on payment_terms (modified_at, code);
create index on currency (modified_at, code);
create index on salesperson (modified_at, code);
create index on vendor (modified_at, no);
create index on customer (modified_at, no);
create index on customer (primary_contact_no);
create index on customer (salesperson_code);
create index on customer (lower(email));
create index on contact (modified_at, no);
create index on contact (company_no);
create index on contact (lower(email));
create index on item (modified_at, no);
create index on item (gtin);
