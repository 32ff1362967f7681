-- 001_initial_schema
-- Date:   2026-11-22
-- What:   preferences, avatars and messages of each person, readable and writable by that person alone; and the table
--         that remembers which migrations were applied.
-- Apply:  any one of these; each of them counts as applied for the others.
--           Supabase  paste this file into the SQL editor and run it
--           psql      psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f migrations/001_initial_schema.sql
--           runner    python run.py migrate
--         On a plain Postgres plain_postgres.sql comes first; the runner sees to that itself.
-- Note:   in Supabase switch off Authentication > Sign In / Providers > Email > "Confirm email": only then does a
--         sign-up give a token at once. With it on, people confirm by mail before they can sign in.
-- Locks:  none that matter, the tables are new.
-- Undo:   drop table public.messages, public.avatars, public.user_preferences;
--         drop type public.message_role, public.message_channel, public.personality_type;
--         delete from public.schema_migrations where name = '001_initial_schema';

BEGIN;

-- --- what was applied ------------------------------------------------------------------------------------------------

-- Each migration records itself in its own transaction; the runner adds the checksum afterwards.
CREATE TABLE IF NOT EXISTS public.schema_migrations (
    name       text        PRIMARY KEY CHECK (name ~ '^[0-9]{3}_[a-z0-9_]+$'),
    sha256     text        CHECK (sha256 ~ '^[0-9a-f]{64}$'),  -- null: applied by hand, the runner has not seen it yet
    applied_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE public.schema_migrations ENABLE ROW LEVEL SECURITY;

DROP POLICY IF EXISTS schema_migrations_service ON public.schema_migrations;
CREATE POLICY schema_migrations_service ON public.schema_migrations
    FOR SELECT TO service_role USING (true);

REVOKE ALL ON public.schema_migrations FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON public.schema_migrations TO service_role;

-- --- extension and types ---------------------------------------------------------------------------------------------

-- Nothing here depends on it: ids come from gen_random_uuid(), which Postgres itself has.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'uuid-ossp') THEN
        CREATE EXTENSION IF NOT EXISTS "uuid-ossp";
    ELSE
        RAISE NOTICE 'extension uuid-ossp is not available here; continuing without it';
    END IF;
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'extension uuid-ossp cannot be created here (%); continuing without it', SQLERRM;
END
$$;

DO $$
BEGIN
    CREATE TYPE public.personality_type AS ENUM
        ('playful', 'dominant', 'shy', 'caring', 'intellectual', 'adventurous');
EXCEPTION WHEN duplicate_object THEN NULL;
END
$$;

DO $$
BEGIN
    CREATE TYPE public.message_channel AS ENUM ('app', 'whatsapp');
EXCEPTION WHEN duplicate_object THEN NULL;
END
$$;

DO $$
BEGIN
    CREATE TYPE public.message_role AS ENUM ('user', 'assistant');
EXCEPTION WHEN duplicate_object THEN NULL;
END
$$;

-- --- tables ----------------------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS public.user_preferences (
    id             uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id        uuid        NOT NULL UNIQUE REFERENCES auth.users (id) ON DELETE CASCADE,
    whatsapp_phone text        CHECK (whatsapp_phone ~ '^\+[1-9][0-9]{5,14}$'),  -- E.164 with its plus
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS public.avatars (
    id                   uuid                    PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id              uuid                    NOT NULL UNIQUE REFERENCES auth.users (id) ON DELETE CASCADE,
    name                 text                    NOT NULL,
    age                  integer                 NOT NULL CHECK (age >= 20),  -- an avatar is an adult
    personality          public.personality_type NOT NULL,
    physical_description text,
    created_at           timestamptz             NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS public.messages (
    id         uuid                   PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id    uuid                   NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    avatar_id  uuid                   REFERENCES public.avatars (id) ON DELETE SET NULL,
    channel    public.message_channel NOT NULL,
    role       public.message_role    NOT NULL,
    content    text                   NOT NULL,
    created_at timestamptz            NOT NULL DEFAULT now()
);

-- --- indexes ---------------------------------------------------------------------------------------------------------

CREATE INDEX IF NOT EXISTS idx_user_preferences_user_id ON public.user_preferences (user_id);
CREATE INDEX IF NOT EXISTS idx_avatars_user_id ON public.avatars (user_id);
CREATE INDEX IF NOT EXISTS idx_messages_user_id ON public.messages (user_id);
CREATE INDEX IF NOT EXISTS idx_messages_user_created ON public.messages (user_id, created_at DESC);

-- The webhook finds a person by phone through this one; a number belongs to one person at a time.
CREATE UNIQUE INDEX IF NOT EXISTS idx_user_preferences_phone
    ON public.user_preferences (whatsapp_phone) WHERE whatsapp_phone IS NOT NULL;

-- --- row-level security ----------------------------------------------------------------------------------------------

ALTER TABLE public.user_preferences ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.avatars ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.messages ENABLE ROW LEVEL SECURITY;

-- (SELECT auth.uid()) is looked up once per statement; without the SELECT it would be once per row.

DROP POLICY IF EXISTS user_preferences_select_own ON public.user_preferences;
CREATE POLICY user_preferences_select_own ON public.user_preferences
    FOR SELECT TO authenticated USING ((SELECT auth.uid()) = user_id);

DROP POLICY IF EXISTS user_preferences_insert_own ON public.user_preferences;
CREATE POLICY user_preferences_insert_own ON public.user_preferences
    FOR INSERT TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);

DROP POLICY IF EXISTS user_preferences_update_own ON public.user_preferences;
CREATE POLICY user_preferences_update_own ON public.user_preferences
    FOR UPDATE TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);

DROP POLICY IF EXISTS avatars_select_own ON public.avatars;
CREATE POLICY avatars_select_own ON public.avatars
    FOR SELECT TO authenticated USING ((SELECT auth.uid()) = user_id);

DROP POLICY IF EXISTS avatars_insert_own ON public.avatars;
CREATE POLICY avatars_insert_own ON public.avatars
    FOR INSERT TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);

DROP POLICY IF EXISTS avatars_update_own ON public.avatars;
CREATE POLICY avatars_update_own ON public.avatars
    FOR UPDATE TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);

DROP POLICY IF EXISTS avatars_delete_own ON public.avatars;
CREATE POLICY avatars_delete_own ON public.avatars
    FOR DELETE TO authenticated USING ((SELECT auth.uid()) = user_id);

DROP POLICY IF EXISTS messages_select_own ON public.messages;
CREATE POLICY messages_select_own ON public.messages
    FOR SELECT TO authenticated USING ((SELECT auth.uid()) = user_id);

DROP POLICY IF EXISTS messages_insert_own ON public.messages;
CREATE POLICY messages_insert_own ON public.messages
    FOR INSERT TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);

-- --- grants ----------------------------------------------------------------------------------------------------------

-- Older Supabase projects grant everything on a new table to these roles, newer ones nothing.
REVOKE ALL ON public.user_preferences, public.avatars, public.messages FROM PUBLIC, anon, authenticated;

GRANT SELECT, INSERT, UPDATE ON public.user_preferences TO authenticated;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.avatars TO authenticated;
GRANT SELECT, INSERT ON public.messages TO authenticated;
GRANT ALL ON public.user_preferences, public.avatars, public.messages TO service_role;

INSERT INTO public.schema_migrations (name) VALUES ('001_initial_schema') ON CONFLICT (name) DO NOTHING;

COMMIT;
