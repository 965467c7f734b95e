/// What has to be so before a hub writes there: the tables of this version, their walls, and a role that cannot climb over them.
enum PostgresCheck {
    struct Refusal: Error, CustomStringConvertible { let description: String }

    static func look(at line: PostgresLine) throws {
        let version: PostgresRows
        do throws(PostgresTrouble) {
            try line.begin([PostgresSchema.hub])
            version = try line.run("SELECT version FROM hub WHERE town = 'hub'")
        } catch {
            line.rollBack()
            // No such table, no such schema, no right to look into it.
            guard case .refused(let state, _) = error, ["42P01", "3F000", "42501"].contains(state) else { throw error }
            throw Refusal(description: "データベースに記録の表がありません。管理者が「noroshi ledger sql | psql データベース」で作ってください (no tables yet: the database's keeper makes them with noroshi ledger sql)")
        }
        let found = version.isEmpty ? 0 : version.int(0, 0) ?? 0
        guard found == PostgresSchema.version else {
            throw Refusal(description: "記録の表は第\(found)版ですが、このプログラムは第\(PostgresSchema.version)版を使います。noroshi ledger sql を流してください (tables of version \(found); this program needs \(PostgresSchema.version))")
        }
        let role = try line.run("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        guard !role.isEmpty, !role.isTrue(0, 0) else {
            throw Refusal(description: "この役割はどの町の行も見られます（SUPERUSER か BYPASSRLS）。noroshi ledger sql の作る役割でつないでください (this role stands above row-level security)")
        }
        let walls = try line.run(
            """
            SELECT count(*) FILTER (WHERE NOT (c.relrowsecurity AND c.relforcerowsecurity)), count(*) FILTER (WHERE pg_has_role(current_user, c.relowner, 'USAGE'))
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'noroshi' AND c.relkind = 'r'
            """)
        guard walls.int(0, 0) == 0 else {
            throw Refusal(description: "町ごとの壁（行の保護）のない表があります。noroshi ledger sql を流し直してください (a table without forced row-level security)")
        }
        guard walls.int(0, 1) == 0 else {
            throw Refusal(description: "この役割は表の持ち主で、記録を書き換えられます。noroshi ledger sql の作る役割でつないでください (this role owns the tables)")
        }
        try line.say("COMMIT")
    }
}
