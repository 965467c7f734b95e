/// The tables, as the keeper of the database makes them: `noroshi ledger sql | psql …`. The hub makes none: its role may add to the
/// record and change nothing of it.
///
///     hub      one row: who writes now, until when, and how many rows the log has       ─┐
///     lease    who is on duty, of several hubs: today one row for all towns together     │ changed
///     chain    where each chain ends    standing  what steps and receipts add up to      │
///     note     the notebook                                                             ─┘
///     alert, said, delivery, step, receipt, report, deed, content, fact                 ─┐ only ever added to:
///     passed, town_set, share, bulletin                                                 ─┘ no UPDATE and no DELETE is granted
///
/// Every table begins with the town, and row-level security is forced: a statement sees the rows of those towns that its transaction has
/// named (`noroshi.towns`) and no others, whatever its WHERE says. What is of no town stands under `hub`, what many towns share under
/// `common`. All texts are compared octet by octet, as SQLite does.
package enum PostgresSchema {
    /// Raised with every change of the tables.
    package static let version = 2

    static let hub = "hub"

    /// For `psql`: may be given again and again.
    /// - Parameter role: the hub's own, made where it is missing.
    package static func sql(role: String) -> String {
        let name = quoted(role), literal = "'" + role.replacing("'", with: "''") + "'"
        return """
            -- 狼煙 noroshi: 記録の表（第\(version)版）。データベースの管理者が一度、psql で流します。何度流しても同じです。
            -- The tables of the record, version \(version): for psql, by the keeper of the database. Giving it twice changes nothing.
            \\set ON_ERROR_STOP on
            BEGIN;
            DO $do$ BEGIN
              IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = \(literal)) THEN
                CREATE ROLE \(name) LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
              END IF;
            END $do$;
            CREATE SCHEMA IF NOT EXISTS noroshi;
            SET search_path = noroshi;
            SET noroshi.towns = 'hub';
            \(tables.map(create).joined(separator: "\n"))
            INSERT INTO hub (town, version, writer, name, until, log) VALUES ('hub', \(version), 0, '', '-infinity', 0)
              ON CONFLICT (town) DO UPDATE SET version = excluded.version;
            INSERT INTO lease (town, owner, address, token, until) VALUES ('hub', '', '', 0, '-infinity') ON CONFLICT (town) DO NOTHING;
            \(tables.map { wall($0, role: name) }.joined(separator: "\n"))
            REVOKE ALL ON SCHEMA noroshi FROM PUBLIC;
            GRANT USAGE ON SCHEMA noroshi TO \(name);
            COMMIT;

            """
    }

    private static func quoted(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }

    private struct Table {
        var name: String
        var columns: String
        var indexes: [String] = []
        /// What may be done beside reading and adding.
        var rights = ""
    }

    private static func create(_ table: Table) -> String {
        let columns = table.columns.replacing(#/ text\b/#, with: " text COLLATE \"C\"")
        return (["CREATE TABLE IF NOT EXISTS \(table.name) (town text COLLATE \"C\" NOT NULL, \(columns));"]
            + table.indexes.map { "CREATE INDEX IF NOT EXISTS \($0);" }).joined(separator: "\n")
    }

    private static func wall(_ table: Table, role: String) -> String {
        """
        ALTER TABLE \(table.name) ENABLE ROW LEVEL SECURITY;
        ALTER TABLE \(table.name) FORCE ROW LEVEL SECURITY;
        DROP POLICY IF EXISTS own ON \(table.name);
        CREATE POLICY own ON \(table.name) USING (town = ANY ((SELECT string_to_array(current_setting('noroshi.towns', true), ' '))::text[]));
        REVOKE ALL ON \(table.name) FROM PUBLIC, \(role);
        GRANT SELECT, INSERT\(table.rights) ON \(table.name) TO \(role);
        """
    }

    private static let tables: [Table] = [
        // Who writes is a number that only grows: whoever had a smaller one writes no more.
        Table(
            name: "hub", columns: "version int NOT NULL, writer bigint NOT NULL, name text NOT NULL, until timestamptz NOT NULL, log bigint NOT NULL, PRIMARY KEY (town)",
            rights: ", UPDATE"),
        // A lease of a town. The row `hub` stands for every town that has none of its own; so far there is no other.
        Table(
            name: "lease", columns: "owner text NOT NULL, address text NOT NULL, token bigint NOT NULL, until timestamptz NOT NULL, PRIMARY KEY (town)",
            rights: ", UPDATE"),
        Table(name: "chain", columns: "number bigint NOT NULL, hash bytea NOT NULL, PRIMARY KEY (town)", rights: ", UPDATE"),
        Table(name: "note", columns: "key text NOT NULL, value bytea NOT NULL, PRIMARY KEY (town, key)", rights: ", UPDATE, DELETE"),
        Table(
            name: "fact",
            columns: """
                number bigint NOT NULL, kind int NOT NULL, subject text NOT NULL, at float8 NOT NULL, actor text NOT NULL, cause text NOT NULL, hash bytea NOT NULL,
                  PRIMARY KEY (town, number)
                """),
        Table(name: "content", columns: "hash bytea NOT NULL, octets bytea NOT NULL, PRIMARY KEY (town, hash)"),
        Table(
            name: "alert",
            columns: """
                id text NOT NULL, event text NOT NULL, mode text NOT NULL, accepted float8 NOT NULL, actor text NOT NULL, body bytea NOT NULL, fact bigint NOT NULL,
                  skips bigint, PRIMARY KEY (town, id)
                """,
            indexes: ["alert_time ON alert (town, accepted, id)", "alert_event ON alert (town, event)"]),
        Table(name: "said", columns: "alert text NOT NULL, texts bytea NOT NULL, PRIMARY KEY (town, alert)"),
        Table(
            name: "delivery",
            columns: """
                id text NOT NULL, number bigint NOT NULL, alert text NOT NULL, event text NOT NULL, mode text NOT NULL, kind text NOT NULL, title text NOT NULL,
                  channel text NOT NULL, endpoint text NOT NULL, endpoints int NOT NULL, is_send int NOT NULL, priority int NOT NULL, reason text NOT NULL,
                  sentence text NOT NULL, offered float8 NOT NULL, expires float8 NOT NULL, PRIMARY KEY (town, id), UNIQUE (town, number)
                """,
            indexes: [
                "delivery_alert ON delivery (town, alert, number)", "delivery_mode ON delivery (town, mode, number)",
                "delivery_channel ON delivery (town, mode, channel, number)", "delivery_endpoint ON delivery (town, mode, endpoint, number)",
                "delivery_offered ON delivery (town, offered)",
            ]),
        Table(
            name: "standing",
            columns: """
                delivery text NOT NULL, number bigint NOT NULL, mode text NOT NULL, state text NOT NULL, attempts int NOT NULL, settled float8, detail text,
                  reference text, reached int NOT NULL, shown int NOT NULL, touched int NOT NULL, PRIMARY KEY (town, delivery)
                """,
            indexes: ["standing_state ON standing (town, state, mode, number)"], rights: ", UPDATE"),
        // A step has no name of its own: who wrote it and his own count make one, so that a commit that is made again changes nothing.
        Table(
            name: "step",
            columns: """
                delivery text NOT NULL, writer bigint NOT NULL, seq bigint NOT NULL, at float8 NOT NULL, state text NOT NULL, attempt int NOT NULL, detail text,
                  reference text, fact bigint NOT NULL, PRIMARY KEY (town, delivery, writer, seq), UNIQUE (town, fact)
                """),
        Table(
            name: "receipt",
            columns: """
                id text NOT NULL, alert text NOT NULL, channel text NOT NULL, endpoint text NOT NULL, device text NOT NULL, reach int NOT NULL, occurred float8 NOT NULL,
                  received float8 NOT NULL, fact bigint NOT NULL, PRIMARY KEY (town, id), UNIQUE (town, alert, device, reach)
                """),
        Table(
            name: "report",
            columns: """
                id text NOT NULL, site text NOT NULL, device text NOT NULL, occurred float8 NOT NULL, received float8 NOT NULL, body text NOT NULL, fact bigint NOT NULL,
                  PRIMARY KEY (town, id)
                """,
            indexes: ["report_time ON report (town, received, id)", "report_device ON report (town, device, received DESC, id DESC)"]),
        Table(
            name: "deed",
            columns: """
                id text NOT NULL, mode text NOT NULL, kind text NOT NULL, subject text NOT NULL, at float8 NOT NULL, actor text NOT NULL, body text NOT NULL,
                  fact bigint NOT NULL, PRIMARY KEY (town, id)
                """,
            indexes: ["deed_time ON deed (town, at, id)"]),
        Table(
            name: "passed",
            columns: """
                number bigint NOT NULL, alert text NOT NULL, event text NOT NULL, mode text NOT NULL, kind text NOT NULL, title text NOT NULL, channel text NOT NULL,
                  reason text NOT NULL, sentence text NOT NULL, accepted float8 NOT NULL, expires float8 NOT NULL, actor text NOT NULL, far_ends int NOT NULL,
                  towns bytea NOT NULL, body bytea NOT NULL, fact bigint NOT NULL, PRIMARY KEY (town, number)
                """,
            indexes: ["passed_alert ON passed (town, alert)", "passed_time ON passed (town, accepted, alert)", "passed_towns ON passed (town, towns, number)"]),
        Table(name: "town_set", columns: "hash bytea NOT NULL, towns text NOT NULL, PRIMARY KEY (town, hash)"),
        // A town's line of a set, for the town to find it by.
        Table(name: "share", columns: "hash bytea NOT NULL, line text NOT NULL, PRIMARY KEY (town, hash)"),
        Table(
            name: "bulletin",
            columns: """
                writer bigint NOT NULL, seq bigint NOT NULL, number bigint NOT NULL GENERATED ALWAYS AS IDENTITY, hash text NOT NULL, received float8 NOT NULL,
                  source text NOT NULL, verdict text NOT NULL, reason text, alerts text NOT NULL, octets bytea NOT NULL, PRIMARY KEY (town, writer, seq)
                """,
            indexes: ["bulletin_number ON bulletin (town, number)"]),
    ]
}
