import AlertModel
import ChannelKit
import Foundation
import Desk
@testable import Hub
import Ledger
import Testing

@Suite struct OrderKeysTests {
    let person = Operator(name: "desk", tokenDigest: "d1")
    let now = Date(timeIntervalSince1970: 1_770_000_000)

    private func key(_ word: String, _ body: String = "body", of person: Operator? = nil) -> OrderKey {
        OrderKey(word, of: person ?? self.person, order: Array("/v1/alerts\n\(body)".utf8))
    }

    private func order(_ id: AlertID) throws -> DeskOrder {
        DeskOrder(
            content: AlertContent(
                id: id, event: EventID("op/042056/\(id)"), kind: .notice, message: .alert,
                revision: Revision(series: "operator", serial: nil, sent: now), type: "operator", title: "断水",
                sender: "気仙沼市", sent: now, expires: now.addingTimeInterval(3600), town: TownID("042056")),
            mode: .actual)
    }

    /// As the hub does it, up to the disk.
    private func begin(_ keys: OrderKeys, _ key: OrderKey, at moment: Date? = nil) throws -> AlertID {
        guard case .yours(let id, nil) = keys.look(key, now: moment ?? now, day: "20260202") else {
            throw Unexpected()
        }
        keys.begins(key, try order(id))
        return id
    }
    private struct Unexpected: Error {}

    @Test("The first to come does it, the others wait for it and hear of the same alert")
    func same() async throws {
        let keys = OrderKeys(notebook: MemoryLedger())
        let id = try begin(keys, key("a"))
        guard case .underWay(let commit) = keys.look(key("a"), now: now, day: "20260202") else { throw Unexpected() }
        keys.isDone(key("a"))
        try await commit.committed()
        guard case .done(let pushed) = keys.look(key("a"), now: now, day: "20260202") else { throw Unexpected() }
        #expect(pushed.id == id && pushed.mode == .actual && pushed.town?.code == "042056")
    }

    @Test("A key stands for one order of one operator")
    func others() throws {
        let keys = OrderKeys(notebook: MemoryLedger())
        let id = try begin(keys, key("a"))
        guard case .another = keys.look(key("a", "other body"), now: now, day: "20260202") else { throw Unexpected() }
        let neighbour = Operator(name: "desk", tokenDigest: "d2")
        #expect(try begin(keys, key("a", of: neighbour)) != id)
    }

    @Test("What was refused leaves its key free, and who waited may try himself")
    func refused() async throws {
        let keys = OrderKeys(notebook: MemoryLedger())
        guard case .yours(let id, nil) = keys.look(key("a"), now: now, day: "20260202"),
            case .underWay(let commit) = keys.look(key("a"), now: now, day: "20260202")
        else { throw Unexpected() }
        keys.isRefused(key("a"))
        try await commit.committed()
        #expect(try begin(keys, key("a")) == id)
    }

    @Test("After a restart a key is looked up; where the disk knows nothing, the order goes out under the same id")
    func restart() throws {
        let notebook = MemoryLedger()
        let id = try begin(OrderKeys(notebook: notebook), key("a"))
        let keys = OrderKeys(notebook: notebook)
        guard case .unsure(let pushed) = keys.look(key("a"), now: now, day: "20260203") else { throw Unexpected() }
        #expect(pushed.id == id)
        guard case .another = keys.look(key("a", "other body"), now: now, day: "20260203") else { throw Unexpected() }
        keys.isMissing(key("a"))
        guard case .yours(let again, nil) = keys.look(key("a"), now: now, day: "20260203") else { throw Unexpected() }
        #expect(again == id)
        // Killed before the disk knew even of the key: the id is the same all the same.
        #expect(try begin(OrderKeys(notebook: MemoryLedger()), key("a")) == id)
    }

    @Test("An order whose record was refused is not made anew: it is the same one that is recorded")
    func unrecorded() throws {
        let keys = OrderKeys(notebook: MemoryLedger())
        let id = try begin(keys, key("a"))
        keys.isUnsure(key("a"), .full)
        guard case .unsure = keys.look(key("a"), now: now, day: "20260202") else { throw Unexpected() }
        keys.isMissing(key("a"))
        guard case .yours(id, let order?) = keys.look(key("a"), now: now, day: "20260202") else { throw Unexpected() }
        #expect(order.content.id == id)
    }

    @Test("A key that an older program kept without its town is the same order still, under its town; after a month it goes")
    func oldKey() throws {
        let old = MemoryLedger(), notebook = MemoryLedger()
        let id = try begin(OrderKeys(notebook: old), key("a"))
        let own = try #require(old.keys(prefix: "order-key/").first)
        #expect(own.split(separator: "/").count == 3, "\(own)")
        let name = try #require(own.split(separator: "/").last)
        notebook.write("order-key/\(name)", old.read(own))
        let keys = OrderKeys(notebook: notebook)
        guard case .unsure(let pushed) = keys.look(key("a"), now: now, day: "20260202") else { throw Unexpected() }
        #expect(pushed.id == id && notebook.keys(prefix: "order-key/") == [own])
        #expect(keys.forget(before: now.addingTimeInterval(-1)) == 0)
        #expect(keys.forget(before: now.addingTimeInterval(1)) == 1)
        #expect(notebook.keys(prefix: "order-key/").isEmpty)
    }

    /// Whether the key stands for nothing, by both who ask for what was before.
    private func isOver(_ keys: OrderKeys, _ key: OrderKey, at moment: Date) -> Bool {
        let begun = keys.begun(key, now: moment), look = keys.lookAgain(key, now: moment, day: "20260203")
        return begun == nil && look == nil
    }

    @Test("A key whose day is over stands for nothing, whoever asks first, also where the notebook still has it or the clock was set back")
    func dayIsOver() throws {
        let notebook = MemoryLedger(), day = OrderKeys.lifetime
        let keys = OrderKeys(notebook: notebook)
        _ = try begin(keys, key("a"))
        // The clock was set back by an hour between the two.
        _ = try begin(keys, key("b"), at: now.addingTimeInterval(-3600))
        for word in ["a", "b"] { keys.isDone(key(word)) }
        #expect(!isOver(keys, key("a"), at: now.addingTimeInterval(day - 3600)))
        #expect(isOver(keys, key("b"), at: now.addingTimeInterval(day - 3600)))
        let again = OrderKeys(notebook: notebook)
        #expect(!isOver(again, key("a"), at: now.addingTimeInterval(day - 1)))
        #expect(isOver(again, key("a"), at: now.addingTimeInterval(day)))
        #expect(isOver(keys, key("a"), at: now.addingTimeInterval(day)))
        // Nothing is begun by asking for what nobody knows.
        #expect(isOver(again, key("never"), at: now) && again.count == 0)
        guard case .yours(_, nil) = again.look(key("a"), now: now.addingTimeInterval(day), day: "20260203") else { throw Unexpected() }
    }

    @Test("A key is forgotten after a day, and the oldest when there are too many; the notebook forgets with it")
    func bounds() throws {
        let notebook = MemoryLedger()
        let keys = OrderKeys(notebook: notebook)
        _ = try begin(keys, key("old"))
        #expect(notebook.keys(prefix: "order-key/").count == 1)
        let nearly = now.addingTimeInterval(OrderKeys.lifetime - 1)
        guard case .underWay = keys.look(key("old"), now: nearly, day: "20260203") else { throw Unexpected() }
        _ = try begin(keys, key("new"), at: now.addingTimeInterval(OrderKeys.lifetime))
        #expect(notebook.keys(prefix: "order-key/").count == 1 && keys.count == 1)
        for number in 0..<OrderKeys.bound { _ = keys.look(key("k\(number)"), now: nearly, day: "20260203") }
        #expect(keys.count == OrderKeys.bound)
        #expect(notebook.keys(prefix: "order-key/").isEmpty)
    }
}
