/// One connection to the database, in the hands of one thread.
///
///     open ──▶ run ──▶ run ──▶ … ──▶ close
///               │
///               └─▶ no answer in time: the line is given up, and what was asked may have been done or not
///
/// libpq's own calls wait for a frozen host for ever (`connect_timeout` and `statement_timeout` help against others). So every
/// statement is sent without blocking and waited for with `poll`, for one and a half seconds unless it is said otherwise.
internal import CPQ
#if canImport(Glibc)
internal import Glibc
#endif

final class PostgresLine {
    /// Prepared statements of one connection; beyond them a statement is planned each time.
    private static let mostPrepared = 256

    private let connection: OpaquePointer
    /// Of each statement that is given none of its own.
    var patience: Duration
    private var prepared: [String: String] = [:]
    /// After this nothing is asked of it any more.
    private(set) var isBroken = false

    // An initialiser of a class that throws runs `deinit`: `open` is a function for that.
    private init(_ connection: OpaquePointer, _ patience: Duration) { (self.connection, self.patience) = (connection, patience) }

    deinit { PQfinish(connection) }

    // MARK: to open

    /// The first of its hosts that answers, and takes writes. Each is given so long.
    static func open(_ address: PostgresAddress) throws(PostgresTrouble) -> PostgresLine {
        var reasons: [String] = []
        for host in address.hosts {
            do throws(PostgresTrouble) {
                return try open(host, within: address.patience)
            } catch {
                reasons.append("\(error)")
            }
        }
        throw .away("データベース（\(address.words)）に届きません: \(reasons.joined(separator: "; ")) (the database is away)")
    }

    private static func open(_ host: [PostgresAddress.Option], within patience: Duration) throws(PostgresTrouble) -> PostgresLine {
        let deadline = ContinuousClock.now + patience
        var names = host.map { strdup($0.name) } + [nil], values = host.map { strdup($0.value) } + [nil]
        defer { for pointer in names + values { free(pointer) } }
        let begun = names.withUnsafeMutableBufferPointer { names in
            values.withUnsafeMutableBufferPointer { values in
                names.withMemoryRebound(to: UnsafePointer<CChar>?.self) { names in
                    values.withMemoryRebound(to: UnsafePointer<CChar>?.self) { values in
                        PQconnectStartParams(names.baseAddress, values.baseAddress, 0)
                    }
                }
            }
        }
        guard let connection = begun else { throw .away("no memory") }
        let line = PostgresLine(connection, patience)
        var state = PQstatus(connection) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING
        while state != PGRES_POLLING_OK {
            guard state != PGRES_POLLING_FAILED else { throw .away(line.complaint) }
            guard line.wait(state == PGRES_POLLING_READING ? POLLIN : POLLOUT, until: deadline) else { throw .away("\(patience)答えません (no answer)") }
            state = PQconnectPoll(connection)
        }
        PQsetnonblocking(connection, 1)
        // The server gives up what we have given up: nobody's half transaction holds the others.
        try line.say("""
            SET client_encoding = 'UTF8'; SET search_path = noroshi; SET bytea_output = 'hex'; SET extra_float_digits = 1; SET standard_conforming_strings = on;
            SET statement_timeout = '60s'; SET lock_timeout = '1s'; SET idle_in_transaction_session_timeout = '3s'; SET default_transaction_isolation = 'read committed'
            """)
        return line
    }

    // MARK: to ask

    /// Statements without values, several at once.
    func say(_ sql: String, within patience: Duration? = nil) throws(PostgresTrouble) {
        _ = try ask(within: patience) { PQsendQuery($0, sql) }
    }

    /// One statement; `$1` and on are the values. Planned once for this connection, where it is asked again and again.
    @discardableResult
    func run(_ sql: String, _ values: [PostgresValue] = [], keepsPlan: Bool = false, within patience: Duration? = nil) throws(PostgresTrouble) -> PostgresRows {
        try run(sql, written: values.map(\.written), keepsPlan: keepsPlan, within: patience)
    }

    @discardableResult
    func run(_ sql: String, written: [[UInt8]?], keepsPlan: Bool = false, within patience: Duration? = nil) throws(PostgresTrouble) -> PostgresRows {
        let name = keepsPlan ? try plan(sql, within: patience) : nil
        // Copied by libpq before it returns.
        let texts = written.map { $0.map { octets in
            let text = UnsafeMutablePointer<CChar>.allocate(capacity: octets.count + 1)
            for (place, octet) in octets.enumerated() { text[place] = CChar(bitPattern: octet) }
            text[octets.count] = 0
            return text
        } }
        defer { for text in texts { text?.deallocate() } }
        let pointers = texts.map { $0.map { UnsafePointer($0) } }
        return try ask(within: patience) { connection in
            if let name { return PQsendQueryPrepared(connection, name, Int32(pointers.count), pointers, nil, nil, 0) }
            return PQsendQueryParams(connection, sql, Int32(pointers.count), nil, pointers, nil, nil, 0)
        }
    }

    private func plan(_ sql: String, within patience: Duration?) throws(PostgresTrouble) -> String? {
        if let name = prepared[sql] { return name }
        guard prepared.count < Self.mostPrepared else { return nil }
        let name = "s\(prepared.count)"
        _ = try ask(within: patience) { PQsendPrepare($0, name, sql, 0, nil) }
        prepared[sql] = name
        return name
    }

    private func ask(within own: Duration?, _ send: (OpaquePointer) -> Int32) throws(PostgresTrouble) -> PostgresRows {
        let patience = own ?? patience
        guard !isBroken else { throw .away("切れた線です (a line that was given up)") }
        let deadline = ContinuousClock.now + patience
        guard send(connection) == 1 else { throw broken(complaint) }
        while true {
            let left = PQflush(connection)
            if left == 0 { break }
            guard left > 0 else { throw broken(complaint) }
            guard wait(POLLIN | POLLOUT, until: deadline) else { throw late(patience) }
            guard PQconsumeInput(connection) == 1 else { throw broken(complaint) }
        }
        var answer: PostgresRows?, refusal: PostgresTrouble?
        while true {
            while PQisBusy(connection) == 1 {
                guard wait(POLLIN, until: deadline) else { throw late(patience) }
                guard PQconsumeInput(connection) == 1 else { throw broken(complaint) }
            }
            guard let result = PQgetResult(connection) else { break }
            let rows = PostgresRows(result)
            refusal = refusal ?? rows.refusal
            answer = rows
        }
        if let refusal {
            // Its last words: the connection is closed behind them.
            if PQstatus(connection) != CONNECTION_OK { throw broken("\(refusal)") }
            throw refusal
        }
        guard let answer else { throw broken(complaint) }
        return answer
    }

    private func late(_ patience: Duration) -> PostgresTrouble { broken("データベースが\(patience)答えません (the database does not answer)") }

    private func broken(_ words: String) -> PostgresTrouble {
        isBroken = true
        return .away(words)
    }

    private var complaint: String {
        let words = String(cString: PQerrorMessage(connection)).split(whereSeparator: \.isNewline).joined(separator: " ")
        return words.isEmpty ? "切れました (closed)" : words
    }

    /// False when the time is over.
    private func wait(_ what: Int32, until deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { return false }
            let (seconds, attoseconds) = left.components
            var watched = pollfd(fd: PQsocket(connection), events: Int16(what), revents: 0)
            let found = poll(&watched, 1, Int32(seconds * 1000 + attoseconds / 1_000_000_000_000_000) + 1)
            if found > 0 { return true }
            if found < 0, errno != EINTR { return true }
        }
    }
}

/// What came back.
final class PostgresRows {
    private let result: OpaquePointer

    init(_ result: OpaquePointer) { self.result = result }
    deinit { PQclear(result) }

    var count: Int { Int(PQntuples(result)) }
    var isEmpty: Bool { count == 0 }
    /// `INSERT 0 5`, `COMMIT`, `ROLLBACK`.
    var tag: String { String(cString: PQcmdStatus(result)) }
    /// Rows that were written.
    var changed: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

    fileprivate var refusal: PostgresTrouble? {
        let status = PQresultStatus(result)
        guard status != PGRES_COMMAND_OK, status != PGRES_TUPLES_OK, status != PGRES_EMPTY_QUERY else { return nil }
        let state = PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { String(cString: $0) } ?? ""
        let words = PQresultErrorField(result, Int32(UInt8(ascii: "M"))).map { String(cString: $0) } ?? String(cString: PQresultErrorMessage(result))
        return state.isEmpty ? .away(words) : .refused(state: state, words: words)
    }

    private func octets(_ row: Int, _ column: Int) -> UnsafeBufferPointer<UInt8>? {
        guard PQgetisnull(result, Int32(row), Int32(column)) == 0, let start = PQgetvalue(result, Int32(row), Int32(column)) else { return nil }
        let count = Int(PQgetlength(result, Int32(row), Int32(column)))
        return UnsafeRawBufferPointer(start: start, count: count).assumingMemoryBound(to: UInt8.self)
    }

    /// Nil where nothing is there, or not this.
    func text(_ row: Int, _ column: Int) -> String? { octets(row, column).map { String(decoding: $0, as: UTF8.self) } }
    func int(_ row: Int, _ column: Int) -> Int64? { text(row, column).flatMap { Int64($0) } }
    func double(_ row: Int, _ column: Int) -> Double? {
        text(row, column).flatMap { $0 == "Infinity" ? .infinity : $0 == "-Infinity" ? -.infinity : Double($0) }
    }
    func isTrue(_ row: Int, _ column: Int) -> Bool { text(row, column) == "t" }

    func bytes(_ row: Int, _ column: Int) -> [UInt8]? {
        guard let hex = octets(row, column), hex.count >= 2, hex[0] == UInt8(ascii: "\\"), hex[1] == UInt8(ascii: "x") else { return nil }
        func digit(_ octet: UInt8) -> UInt8 { octet <= UInt8(ascii: "9") ? octet - UInt8(ascii: "0") : octet - UInt8(ascii: "a") + 10 }
        return stride(from: 2, to: hex.count - 1, by: 2).map { digit(hex[$0]) << 4 | digit(hex[$0 + 1]) }
    }

    func value(_ row: Int, _ column: Int, _ kind: PostgresValue.Kind) -> PostgresValue {
        switch kind {
        case .int: int(row, column).map { .int($0) } ?? .null
        case .double: double(row, column).map { .double($0) } ?? .null
        case .text: text(row, column).map { .text($0) } ?? .null
        case .octets: bytes(row, column).map { .octets($0) } ?? .null
        }
    }
}
