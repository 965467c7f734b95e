internal import CPQ
#if canImport(Glibc)
internal import Glibc
#endif

/// Where the database is: `postgresql://USER@HOST,HOST:PORT/DATABASE?target_session_attrs=read-write`, as libpq reads it.
///
/// Several hosts are tried one after the other by ourselves: libpq's own way through them (`PQconnectPoll`) knows no time limit, and a
/// frozen first host would keep it from the second for ever. A password belongs into a file of 0600 (`?passfile=…`).
package struct PostgresAddress: Sendable, Hashable {
    package struct Trouble: Error, CustomStringConvertible {
        package let description: String
    }

    struct Option: Sendable, Hashable {
        var name: String
        var value: String
    }
    /// Of each host what libpq is told.
    let hosts: [[Option]]
    /// For people and logs: no password.
    package let words: String
    /// Of each host and each statement. A commit of a thousand rows over three nodes takes 2 ms; a fail-over takes seconds, and is not waited for.
    package var patience = Duration.milliseconds(1500)

    package init(_ text: String) throws(Trouble) {
        var options = try Self.read(text)
        guard options["hostaddr"] == nil else { throw Trouble(description: "hostaddr は使えません。host に書いてください (hostaddr is not taken: write it as host)") }
        guard let database = options["dbname"], !database.isEmpty else {
            throw Trouble(description: "データベースの名前がありません: postgresql://利用者@ホスト/データベース (the database is not named)")
        }
        // A standby would take no row.
        let wanted = options["target_session_attrs"] ?? "read-write"
        guard ["read-write", "primary", "any"].contains(wanted) else {
            throw Trouble(description: "target_session_attrs は read-write か primary です (read-write or primary)")
        }
        options["target_session_attrs"] = wanted
        options["application_name"] = options["application_name"] ?? "noroshi"
        let names = options["host"]?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? [""]
        let ports = options["port"]?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? []
        guard ports.count <= 1 || ports.count == names.count else {
            throw Trouble(description: "ホストが\(names.count)個、ポートが\(ports.count)個あります。同じ数か、ポートを一つに (as many ports as hosts, or one)")
        }
        options["host"] = nil
        options["port"] = nil
        hosts = names.enumerated().map { place, name in
            let port = ports.count == 1 ? ports[0] : ports.isEmpty ? "" : ports[place]
            return (options.map { Option(name: $0.key, value: $0.value) }
                + (name.isEmpty ? [] : [Option(name: "host", value: name)]) + (port.isEmpty ? [] : [Option(name: "port", value: port)]))
                .sorted { $0.name < $1.name }
        }
        words = "\(database) @ \(names.map { $0.isEmpty ? "localhost" : $0 }.joined(separator: ", "))"
    }

    private static func read(_ text: String) throws(Trouble) -> [String: String] {
        var words: UnsafeMutablePointer<CChar>?
        guard let found = PQconninfoParse(text, &words) else {
            let why = words.map { String(cString: $0).split(separator: "\n").joined(separator: " ") } ?? "?"
            PQfreemem(words)
            throw Trouble(description: "PostgreSQLの宛先として読めません: \(why) (no libpq address)")
        }
        defer { PQconninfoFree(found) }
        var options: [String: String] = [:]
        var place = found
        while let name = place.pointee.keyword {
            if let value = place.pointee.val { options[String(cString: name)] = String(cString: value) }
            place += 1
        }
        return options
    }

    /// What names a database of this kind.
    package static func isOne(_ text: String) -> Bool { text.hasPrefix("postgresql://") || text.hasPrefix("postgres://") }
}
