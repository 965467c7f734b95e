import AlertModel
import ChannelKitTesting
import Foundation
import Ledger
import LedgerPostgres
import Logging

/// A database of its own on a server, with its tables as their keeper makes them, and the hub's role.
struct PostgresRecord: Sendable {
    static let role = "noroshi_hub"
    let server: PostgresServer
    let name: String

    static func make(on server: PostgresServer) async throws -> PostgresRecord {
        let record = PostgresRecord(server: server, name: "t" + UUID().uuidString.lowercased().filter { $0 != "-" })
        try await server.psql("CREATE DATABASE \(record.name)")
        // Of roles made at one moment, by tests side by side, one finds the other's.
        do { try await record.makeTables() } catch { try await record.makeTables() }
        return record
    }

    func makeTables() async throws { try await server.psql(PostgresSchema.sql(role: Self.role), in: name) }

    /// - Parameter deadline: of a statement. Of so many tests side by side one has to wait for the processor.
    func address(role: String = role, deadline: Duration? = .seconds(30)) throws -> PostgresAddress {
        var address = try PostgresAddress(server.address(name, role: role))
        if let deadline { address.patience = deadline }
        return address
    }

    func open(name hub: String = "hub-a", limit: Int = 200_000, patience: Duration = .seconds(20), deadline: Duration? = .seconds(30), waiting: String? = nil) async throws -> PostgresLedger {
        try await PostgresLedger.open(try address(deadline: deadline), name: hub, waiting: waiting, limit: limit, patience: patience, logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() })
    }

    /// As the database's keeper, who stands above all walls.
    @discardableResult
    func keeper(_ sql: String) async throws -> String { try await server.psql("SET search_path = noroshi; " + sql, in: name) }
}
