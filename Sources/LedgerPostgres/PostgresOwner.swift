internal import FoundationEssentials

/// Who writes into the record: one hub at a time. A hub that begins takes the next number, for a term by the database's own clock which every
/// commit renews; whoever has a smaller number writes no more, however long he slept.
///
/// A name is a data folder's, and a folder is one process's: who begins under the name that has the record was ended, and goes on at once.
enum PostgresOwner {
    /// Without a word for so long, another may take over.
    static let term = Duration.seconds(10)
    static let renewal = Duration.seconds(1)

    struct Claim {
        var writer: Int64
        /// Who had it before.
        var former: String
    }

    /// Nil while another has it.
    static func claim(_ name: String, on line: PostgresLine) throws(PostgresTrouble) -> Claim? {
        try line.begin([PostgresSchema.hub])
        do throws(PostgresTrouble) {
            let rows = try line.run(
                """
                UPDATE hub SET writer = hub.writer + 1, name = $1::text, until = clock_timestamp() + make_interval(secs => $2::float8)
                FROM (SELECT name AS former FROM hub WHERE town = 'hub' FOR UPDATE) o
                WHERE town = 'hub' AND (until < clock_timestamp() OR name = $1::text) RETURNING writer, former
                """, [.text(name), .double(term / .seconds(1))])
            let claim = rows.isEmpty ? nil : rows.int(0, 0).map { Claim(writer: $0, former: rows.text(0, 1) ?? "") }
            try line.say("COMMIT")
            return claim
        } catch {
            line.rollBack()
            throw error
        }
    }

    /// Within a transaction that sees the hub's row.
    static func holder(on line: PostgresLine) throws(PostgresTrouble) -> String {
        let rows = try line.run("SELECT name FROM hub WHERE town = 'hub'")
        return (rows.isEmpty ? nil : rows.text(0, 0)) ?? "?"
    }

    /// Nobody waits for the term to pass.
    static func release(_ writer: Int64, on line: PostgresLine) throws(PostgresTrouble) {
        try line.begin([PostgresSchema.hub])
        try line.run("UPDATE hub SET until = '-infinity' WHERE town = 'hub' AND writer = $1::int8", [.int(writer)])
        try line.say("COMMIT")
    }
}
