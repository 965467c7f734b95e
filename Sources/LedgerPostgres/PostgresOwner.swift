internal import FoundationEssentials

/// Who writes into the record: one hub at a time. A hub that begins takes the next number; whoever has a smaller number writes no more, however
/// long he slept. Two ways to have it, and each keeps the other out:
///
///     a hub alone            for a term of ten seconds by the database's own clock, which every commit renews     hub.until
///     one of several hubs    by a lease of 1.2 s, which `PostgresLease` renews                                    lease.until
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
    /// - Parameter place: where this hub is found, if it is one of several.
    static func claim(_ name: String, at place: String?, on line: PostgresLine) throws(PostgresTrouble) -> Claim? {
        try line.begin([PostgresSchema.hub])
        do throws(PostgresTrouble) {
            // Locked first: whoever renews it meanwhile waits, and then finds another's number there.
            let lease = try line.run("SELECT owner, until >= clock_timestamp() FROM lease WHERE town = 'hub' FOR UPDATE")
            guard lease.isEmpty || !lease.isTrue(0, 1) || lease.text(0, 0) == name else {
                try line.say("COMMIT")
                return nil
            }
            let rows = try line.run(
                """
                UPDATE hub SET writer = hub.writer + 1, name = $1::text, until = clock_timestamp() + make_interval(secs => $2::float8)
                FROM (SELECT name AS former FROM hub WHERE town = 'hub' FOR UPDATE) o
                WHERE town = 'hub' AND (until < clock_timestamp() OR name = $1::text) RETURNING writer, former
                """, [.text(name), .double(place == nil ? term / .seconds(1) : 0)])
            let claim = rows.isEmpty ? nil : rows.int(0, 0).map { Claim(writer: $0, former: rows.text(0, 1) ?? "") }
            if let claim {
                try line.run(
                    "UPDATE lease SET owner = $1::text, address = $2::text, token = $3::int8, until = clock_timestamp() + make_interval(secs => $4::float8) WHERE town = 'hub'",
                    [.text(name), .text(place ?? ""), .int(claim.writer), .double(place == nil ? 0 : PostgresLease.term / .seconds(1))])
            }
            try line.say("COMMIT")
            return claim
        } catch {
            line.rollBack()
            throw error
        }
    }

    /// So long again. False where the number is another's by now.
    static func renew(_ token: Int64, on line: PostgresLine) throws(PostgresTrouble) -> Bool {
        try line.begin([PostgresSchema.hub])
        do throws(PostgresTrouble) {
            let rows = try line.run(
                "UPDATE lease SET until = clock_timestamp() + make_interval(secs => $2::float8) WHERE town = 'hub' AND token = $1::int8",
                [.int(token), .double(PostgresLease.term / .seconds(1))], keepsPlan: true)
            try line.say("COMMIT")
            return rows.changed == 1
        } catch {
            line.rollBack()
            throw error
        }
    }

    struct Lease {
        var owner: String
        var address: String
        var isHeld: Bool
        /// Given up by its owner, who wrote all he had to write.
        var isFree: Bool
        /// A hub alone, which knows no lease, has the record.
        var isAlone: Bool
        /// Another one with each renewal.
        var word: String
    }

    static func lease(on line: PostgresLine) throws(PostgresTrouble) -> Lease {
        try line.begin([PostgresSchema.hub], readsOnly: true)
        do throws(PostgresTrouble) {
            let rows = try line.run(
                """
                SELECT l.owner, l.address, l.until >= clock_timestamp(), l.token = 0, h.until >= clock_timestamp() AND l.until < clock_timestamp(), h.name,
                    concat_ws('/', l.token, l.until, h.until)
                FROM lease l JOIN hub h USING (town) WHERE town = 'hub'
                """, keepsPlan: true)
            try line.say("COMMIT")
            guard !rows.isEmpty else { throw .refused(state: "02000", words: "no lease") }
            let isAlone = rows.isTrue(0, 4)
            return Lease(
                owner: rows.text(0, isAlone ? 5 : 0) ?? "", address: isAlone ? "" : rows.text(0, 1) ?? "", isHeld: isAlone || rows.isTrue(0, 2),
                isFree: rows.isTrue(0, 3), isAlone: isAlone, word: rows.text(0, 6) ?? "")
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
        try line.run("UPDATE lease SET until = '-infinity', token = 0 WHERE town = 'hub' AND token = $1::int8", [.int(writer)])
        try line.run("UPDATE hub SET until = '-infinity' WHERE town = 'hub' AND writer = $1::int8", [.int(writer)])
        try line.say("COMMIT")
    }
}
