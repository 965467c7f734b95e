/// A whole record as it is at one moment, and what becomes of it where it is put to work again.
import AlertModel
import ChannelKit
import Foundation
import Ledger
import LedgerStore
import Logging
import Testing

@Suite("A copy of the record", .timeLimit(.minutes(1)))
struct LedgerCopyTests {
    private let folder = URL.temporaryDirectory.appending(path: "noroshi-copy-\(UUID().uuidString)")
    private var copy: String { folder.appending(path: "copy.sqlite").path }

    private func open(_ path: String) throws -> SQLiteLedger {
        try SQLiteLedger(path: path, logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() })
    }

    /// A ledger that goes on, and a copy of a moment of it.
    private func taken() async throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = folder.appending(path: "ledger.sqlite").path
        let ledger = try open(path)
        _ = ledger.town(kesennuma).record(alert("a"))
        _ = ledger.town(ishinomaki).record(alert("b", in: ishinomaki))
        ledger.write("approval/A-1", Array(#"{"town":"042056","isTimed":true,"words":"x"}"#.utf8))
        ledger.write("approval/A-2", Array(#"{"town":"042056","isTimed":false}"#.utf8))
        ledger.write("device/042056/d-1", Array(#"{"isTimed":true}"#.utf8))
        try await ledger.flush().committed()
        try LedgerCopy.take(from: path, to: copy)
        // Beside a writer, and what comes after it is not in it.
        try await ledger.town(kesennuma).record(alert("later")).committed()
        await ledger.close()
    }

    @Test("It holds one moment of a ledger that is written on, and counts as it says")
    func moment() async throws {
        try await taken()
        let contents = try LedgerCopy.contents(of: copy)
        #expect(contents.alerts == 2 && contents.deliveries == 6 && contents.facts > 0 && contents.heads["042056"] != nil)
        #expect(throws: TownFile.Failure.self) { try LedgerCopy.take(from: folder.appending(path: "none").path, to: copy + "2") }
        try Data("no database".utf8).write(to: folder.appending(path: "bad"))
        #expect(throws: TownFile.Failure.self) { _ = try LedgerCopy.contents(of: folder.appending(path: "bad").path) }
    }

    @Test("Before it is put to work every delivery without an end is held in every town, and what waited its minute waits for a person; nothing else is touched")
    func disarmed() async throws {
        try await taken()
        #expect(try LedgerCopy.disarm(copy, made: epoch, now: epoch) == 4, "two sends in each of two towns")
        let ledger = try open(copy)
        for town in [kesennuma, ishinomaki] {
            #expect(try await ledger.town(town).deliveries(DeliveryQuery()).filter(\.delivery.isSend).allSatisfy { $0.state == .held && $0.detail?.contains("写し") == true })
            #expect(try await ledger.verify(town).flaw == nil, "it is in the chain like every other step")
        }
        func note(_ key: String) throws -> [String: Any] {
            let octets = try #require(ledger.read(key))
            return try #require(try JSONSerialization.jsonObject(with: Data(octets)) as? [String: Any])
        }
        #expect(try note("approval/A-1")["isTimed"] as? Bool == false && note("approval/A-1")["words"] as? String == "x")
        #expect(try note("approval/A-2")["isTimed"] as? Bool == false)
        #expect(try note("device/042056/d-1")["isTimed"] as? Bool == true)
        await ledger.close()
    }

    @Test("It is undecided until a person says so, once; a record that was never a copy is not")
    func begun() async throws {
        try await taken()
        #expect(LedgerCopy.undecided(copy) == nil)
        #expect(try LedgerCopy.begin(copy) == false)
        _ = try LedgerCopy.disarm(copy, made: epoch, now: epoch.addingTimeInterval(60))
        #expect(LedgerCopy.undecided(copy).map { [$0.made, $0.at] } == [epoch, epoch.addingTimeInterval(60)])
        #expect(try LedgerCopy.begin(copy) && LedgerCopy.undecided(copy) == nil)
        #expect(try LedgerCopy.begin(copy) == false)
        let ledger = try open(copy)
        #expect(RestoredCopy.read(in: ledger)?.isBegun == true, "whose moment it is stays known")
        await ledger.close()
    }
}
